// Every figure there is, in the order of the page. The page (main.ts) and the figures for papers (paper.ts) read
// this one list; a new figure is a file of figure/ and a word here.
import { batchOverGpu, overBatch } from './figure/batch';
import type { Figure } from './figure/frame';
import { heatMap } from './figure/heat_map';
import { repeats } from './figure/repeats';
import { residency } from './figure/residency';
import { surface } from './figure/surface';
import { sweepCpu, sweepGpu } from './figure/sweep';
import { timeline } from './figure/timeline';

export interface FigureGroup {
  id: string; // of its section on the page
  title: string;
  needsGrid?: boolean; // only where clocks were swept
  figures: Figure[];
}

export const kFigureGroups: FigureGroup[] = [
  { id: 'map', title: 'Energy over the clocks', needsGrid: true, figures: [surface, heatMap] },
  { id: 'sweeps', title: 'Power and latency', needsGrid: true, figures: [sweepGpu, sweepCpu] },
  { id: 'batches', title: 'Batch size', needsGrid: true, figures: [overBatch, batchOverGpu] },
  { id: 'governors', title: 'The governors', figures: [residency] },
  { id: 'timelines', title: 'Over time', figures: [timeline] },
  { id: 'uncertainty', title: 'How sure it is', figures: [repeats] },
];

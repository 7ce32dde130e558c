// Every figure there is, in the order of the page. The page (main.ts) and the figures for papers (paper.ts) read
// this one list; a new figure is a file of figure/ and a word here.
import { batchEach, batchOverGpu, overBatch } from './figure/batch';
import { boards } from './figure/boards';
import { budget } from './figure/budget';
import { comparisons } from './figure/compare';
import { cumulative } from './figure/cumulative';
import { fleetBoards } from './figure/fleet_boards';
import type { Figure } from './figure/frame';
import { governors } from './figure/governors';
import { heatMap } from './figure/heat_map';
import { layerWork } from './figure/layer_work';
import { layers } from './figure/layers';
import { order } from './figure/order';
import { pareto } from './figure/pareto';
import { repeats } from './figure/repeats';
import { residency } from './figure/residency';
import { search } from './figure/search';
import { surface } from './figure/surface';
import { sweepCpu, sweepGpu, sweepOther } from './figure/sweep';
import { timeline } from './figure/timeline';

export interface FigureGroup {
  id: string; // of its section on the page
  title: string;
  needsGrid?: boolean; // only where clocks were swept
  figures: Figure[];
}

export const kFigureGroups: FigureGroup[] = [
  { id: 'map', title: 'Energy over the clocks', needsGrid: true, figures: [surface, heatMap] },
  { id: 'trade', title: 'Energy or time', figures: [pareto] },
  { id: 'sweeps', title: 'Power, latency and energy along one axis', figures: [sweepGpu, sweepCpu, sweepOther] },
  { id: 'batches', title: 'Batch size', figures: [overBatch, batchOverGpu, batchEach] },
  { id: 'governors', title: 'The governors', figures: [governors, residency] },
  { id: 'timelines', title: 'A run over time', figures: [timeline] },
  { id: 'choices', title: 'Accelerators, precisions, graphs', figures: [...comparisons, cumulative] },
  { id: 'layer-energy', title: 'Inside the network', figures: [layers, layerWork] },
  { id: 'board-by-board', title: 'Boards', figures: [boards] },
  { id: 'fleet', title: 'Boards of this fleet', figures: [fleetBoards] },
  { id: 'search-progress', title: 'The search', figures: [search] },
  { id: 'uncertainty', title: 'How sure it is', figures: [repeats, budget, order] },
];

// Energy over batch size, one line a GPU clock, and energy over GPU clock, one line a batch size, at one
// CPU clock: figures 5.3, 5.6 and 5.9 of the study that this program reproduces.
import type { Table } from '../csv';
import { orderedColour } from '../colour';
import { joule, kCoverage, megahertz, mhz, plusMinus, significant } from '../format';
import { batchesOf, type Cell } from '../grid';
import type { View } from '../view';
import { cpuSelect } from './controls';
import type { Figure } from './frame';
import { lineChart, type LinePoint } from './line_chart';

interface Entry {
  batch: number;
  cell: Cell;
}

// The cells of every batch size at the CPU clock held.
function entries(view: View): Entry[] {
  const cpu = view.fixedCpu;
  return batchesOf(view.study, view.choice.network).flatMap((batch) => {
    const grid = view.gridFor(view.choice.network, batch);
    const row = cpu === undefined ? [] : (grid.cells[grid.cpus.indexOf(cpu)] ?? []);
    return row.filter((cell): cell is Cell => cell !== null).map((cell) => ({ batch, cell }));
  });
}

function table(view: View): Table {
  return {
    header: ['network', 'cpu_frequency_hz', 'gpu_frequency_hz', 'batch', 'energy_j', 'energy_standard_uncertainty_j', 'why_absent', 'simulated'],
    rows: entries(view).map(({ batch, cell }) => [cell.point.network, cell.cpu, cell.gpu, batch, cell.point.energy_j?.value, cell.point.energy_j?.uncertainty, cell.point.why_absent, String(view.study.simulated)]),
  };
}

function point(x: number, name: string, cell: Cell): LinePoint[] {
  const energy = cell.point.energy_j;
  if (!energy) return [];
  const half = kCoverage * energy.uncertainty;
  return [{ x, y: energy.value, half, text: `${name} ${plusMinus(energy.value, half, 'J')}` }];
}

function lines(found: Entry[], key: (entry: Entry) => number, x: (entry: Entry) => number, name: (key: number) => string) {
  const keys = [...new Set(found.map(key))].sort((a, b) => a - b);
  return keys.map((value, i) => ({
    name: name(value), side: 'left' as const, colour: orderedColour(i, keys.length),
    points: found.filter((entry) => key(entry) === value).flatMap((entry) => point(x(entry), name(value), entry.cell)).sort((a, b) => a.x - b.x),
  }));
}

const number = (value: number) => significant(value, 4).replace(/\.0+$/, '');
const held = (view: View) => `CPU held at ${view.fixedCpu === undefined ? 'n/a' : megahertz(view.fixedCpu)}.`;
const kReadout = 'Point at the figure, or use the arrow keys, to read its values.';

export const overBatch: Figure = {
  id: 'over-batch',
  title: () => 'Energy over batch size',
  sentence: (view) => `${held(view)} One line a GPU clock.`,
  controls: (view) => [cpuSelect(view)],
  table,
  draw: (view, width, say) => {
    const found = entries(view).filter((entry) => entry.cell.point.energy_j);
    if (new Set(found.map((entry) => entry.batch)).size < 2) return 'Fewer than two batch sizes have an energy at this CPU clock.';
    const drawing = lineChart(view, {
      label: 'Energy over batch size, one line a GPU clock. Arrow keys read out the values.', x: { name: 'Batch size', format: String }, left: { name: 'Energy (J)', format: number }, ordinal: true,
      lines: lines(found, (entry) => entry.cell.gpu, (entry) => entry.batch, megahertz), levels: [],
    }, width, say);
    return { drawing, readout: kReadout };
  },
};

export const batchOverGpu: Figure = {
  id: 'batch-over-gpu',
  title: () => 'Energy over GPU clock, by batch size',
  sentence: (view) => `${held(view)} One line a batch size.${view.baseline?.point.energy_j ? ` Dashed: the governors '${view.choice.baseline}' at batch ${view.choice.batch} (${joule(view.baseline.point.energy_j.value)}).` : ''}`,
  table,
  draw: (view, width, say) => {
    const found = entries(view).filter((entry) => entry.cell.point.energy_j);
    if (!found.length) return 'No energy was measured at this CPU clock.';
    const governor = view.baseline?.point.energy_j;
    const drawing = lineChart(view, {
      label: 'Energy over GPU clock, one line a batch size. Arrow keys read out the values.', x: { name: 'GPU clock (MHz)', format: (hz) => mhz(hz) }, left: { name: 'Energy (J)', format: number },
      lines: lines(found, (entry) => entry.batch, (entry) => entry.cell.gpu, (batch) => `batch ${batch}`),
      levels: governor ? [{ name: `'${view.choice.baseline}', batch ${view.choice.batch}`, value: governor.value, side: 'left' }] : [],
    }, width, say);
    return { drawing, readout: kReadout };
  },
};

// The minima against every set of governors, for all networks and batch sizes.
import type { Table } from '../csv';
import type { Comparison, Minimum, Point } from '../data';
import { fileName, h } from '../dom';
import { interval, kCoverage, megahertz, percent, plusMinus } from '../format';
import type { View } from '../view';
import { csvButton, tableElement } from './table';

interface Row {
  minimum: Minimum;
  comparison: Comparison | null;
}

const rowsOf = (view: View): Row[] => 
  view.study.minima.flatMap((minimum): Row[] => (minimum.comparisons.length ? minimum.comparisons.map((comparison) => ({ minimum, comparison })) : [{ minimum, comparison: null }]));

function csv(view: View): Table {
  const { points } = view.study;
  return {
    header: ['network', 'batch', 'cpu_frequency_hz', 'gpu_frequency_hz', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', 'baseline', 'baseline_energy_j', 'baseline_latency_s', 'saving_percent', 'saving_standard_uncertainty_percent', 'latency_change_percent', 'simulated'],
    rows: rowsOf(view).map(({ minimum, comparison }) => {
      const best = points[minimum.best]!;
      const other = comparison ? points[comparison.point] : null;
      return [minimum.network, minimum.batch, best.setting['cpu_frequency_hz'], best.setting['gpu_frequency_hz'], best.energy_j?.value, best.energy_j?.uncertainty, best.latency_s?.value,
        comparison?.baseline, other?.energy_j?.value, other?.latency_s?.value, comparison?.saving_percent, comparison?.saving_uncertainty_percent, comparison?.latency_change_percent, String(view.study.simulated)];
    }),
  };
}

export function minima(view: View): HTMLElement | null {
  if (!view.study.minima.length) return null;
  const { points } = view.study;
  const best = (row: Row) => points[row.minimum.best]!;
  const clock = (row: Row, key: string) => (best(row).setting[key] === undefined ? '' : h('span', { 'data-hz': best(row).setting[key] }, megahertz(Number(best(row).setting[key]))));
  const element = tableElement(`Least energy against the governors${view.study.simulated ? ' (simulated)' : ''}`, [
    { name: 'Network', cell: (row: Row) => row.minimum.network },
    { name: 'Batch', number: true, cell: (row) => row.minimum.batch },
    { name: 'CPU', number: true, cell: (row) => clock(row, 'cpu_frequency_hz') },
    { name: 'GPU', number: true, cell: (row) => clock(row, 'gpu_frequency_hz') },
    { name: 'Energy', number: true, cell: (row) => (best(row).energy_j ? interval(best(row).energy_j!, 'J') : 'absent') },
    { name: 'Governors', cell: (row) => row.comparison?.baseline ?? 'none measured' },
    { name: 'Their energy', number: true, cell: (row) => energyOrWhy(row.comparison ? points[row.comparison.point] : undefined) },
    { name: 'Saving', number: true, cell: (row) => row.comparison && plusMinus(row.comparison.saving_percent, kCoverage * row.comparison.saving_uncertainty_percent, '%') },
    { name: 'Latency', number: true, cell: (row) => row.comparison && signed(row.comparison.latency_change_percent) },
  ], rowsOf(view), (row) => row.comparison?.baseline === 'default');
  element.id = 'minima-table';
  return h('section', { id: 'minima' }, h('div', { class: 'title-line' }, h('h3', {}, 'Minima against governors'), csvButton(fileName(view.study.study.name, 'minima'), 'the minima', () => csv(view))), element);
}

const signed = (value: number) => `${value > 0 ? '+' : ''}${percent(value)}`;
const energyOrWhy = (point: Point | undefined) => (!point ? '' : point.energy_j ? interval(point.energy_j, 'J') : `absent: ${point.why_absent}`);

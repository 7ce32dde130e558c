// Studies beside each other: what one inference costs on each board at its best setting and under its governors.
import type { Table } from '../csv';
import type { BoardRow } from '../data';
import { joule, kCoverage, plusMinus, second, settingText } from '../format';
import type { View } from '../view';
import { barChart, type BarRow, type BarValue } from './bar_chart';
import type { Figure } from './frame';
import { against, differ, readable, valueOf } from './jobs';

const rowsOf = (view: View): BoardRow[] => [...(view.study.boards ?? [])].sort((a, b) => a.network.localeCompare(b.network) || a.job.localeCompare(b.job) || a.batch - b.batch);
const several = (rows: BoardRow[], of: (row: BoardRow) => unknown) => new Set(rows.map(of)).size > 1;

// No more words than tell the rows apart.
function nameOf(rows: BoardRow[], row: BoardRow): string {
  const same = rows.filter((other) => other.board === row.board && other.network === row.network && other.job === row.job && other.batch === row.batch);
  // The board and what it is first: a long name loses its end.
  const board = row.simulated && several(rows, (one) => one.simulated) ? `${row.board} (simulated)` : row.board;
  return [board, row.network, row.job, several(rows, (one) => one.batch) && row.batch > 0 ? `batch ${row.batch}` : '', same.length > 1 ? row.study : ''].filter(Boolean).join(', ');
}

function sentence(view: View): string {
  const rows = rowsOf(view).filter((row) => row.energy_per_inference_j);
  const boards = new Set(rows.map((row) => row.board)).size;
  const simulated = rows.filter((row) => row.simulated).length;
  const groups = new Map<string, BoardRow[]>();
  // The same work alone: another batch size or job is another.
  const work = (row: BoardRow) => JSON.stringify([row.network, row.job, row.batch]);
  for (const row of rows) groups.set(work(row), [...(groups.get(work(row)) ?? []), row]);
  const [shared] = [...groups.values()].filter((group) => several(group, (row) => row.board));
  const ranked = [...(shared ?? [])].sort((a, b) => a.energy_per_inference_j!.value - b.energy_per_inference_j!.value);
  const least = ranked[0];
  const most = ranked.at(-1);
  const what = least && [least.network, least.job, least.batch > 0 ? `batch ${least.batch}` : ''].filter(Boolean).join(', ');
  const [a, b] = [valueOf(least?.energy_per_inference_j), valueOf(most?.energy_per_inference_j)];
  const ratio = a && b && (differ(a, b) && a.value > 0 ? `${(b.value / a.value).toFixed(1)} times as much` : `which is ${against(b, a, 'energy', 'there')}`);
  const finding = a && b ? ` ${what} takes ${joule(a.value, 3)} an inference on ${least!.board} and ${joule(b.value, 3)} on ${most!.board}, ${ratio}.` : rows.length > 1 && boards > 1 ? ' No network stands on two boards with the same batch size.' : '';
  return `${rows.length} best settings on ${boards} ${boards === 1 ? 'board' : 'boards'}${simulated ? `, ${simulated === rows.length ? 'all' : simulated} simulated` : ''}.${finding}`;
}

function values(row: BoardRow, name: string): (BarValue | null | undefined)[][] {
  const { energy_per_inference_j: energy, latency_per_inference_s: latency } = row;
  const at = settingText(row.setting, ['batch']);
  const unit = readable(energy?.value ?? 0, 'J');
  const governor = row.baseline_energy_per_inference_j;
  const saving = row.saving_percent;
  return [
    [energy && { value: energy.value, half: kCoverage * energy.uncertainty, text: `${name}, best: ${plusMinus(energy.value * unit.factor, kCoverage * energy.uncertainty * unit.factor, unit.unit)} an inference at ${at}${row.simulated ? ' (simulated)' : ''}` },
      row.baseline === null ? undefined : governor === null ? null : { value: governor, half: 0, text: `${name}, the governors '${row.baseline ?? ''}': ${joule(governor)} an inference` }],
    [latency && { value: latency.value, half: kCoverage * latency.uncertainty, text: `${name}, best: ${second(latency.value)} an inference${row.batch > 0 ? `, ${second(row.batch * latency.value)} a batch` : ''}` }, undefined],
    [row.baseline === null ? undefined : saving === null ? null : { value: saving, half: kCoverage * (row.saving_uncertainty_percent ?? 0), text: `${name}: ${plusMinus(saving, kCoverage * (row.saving_uncertainty_percent ?? 0), '%')} less energy than '${row.baseline ?? ''}'` }, undefined],
  ];
}

const most = (width: number) => (width < 520 ? 12 : 24);

function draw(view: View, width: number, say: (text: string | null) => void) {
  const all = rowsOf(view);
  const rows: BarRow[] = all.slice(0, most(width)).map((row) => ({ name: `${nameOf(all, row)}`, why: row.why_absent || 'not measured', values: values(row, nameOf(all, row)) }));
  if (!rows.some((row) => row.values[0]!.some((at) => at !== null))) return all[0]?.why_absent || 'None of these studies has a best setting.';
  const drawing = barChart(view, {
    label: `Boards against each other. ${sentence(view)} Arrow keys read out the bars.`, series: ['best setting', 'governors'], rows, simulated: all.every((row) => row.simulated) ? 'all' : all.some((row) => row.simulated) ? 'some' : 'none',
    panels: [{ name: 'Energy of one inference', unit: 'J' }, { name: 'Time per inference', unit: 's' }, { name: 'Saving against governors', unit: '%' }],
  }, width, say);
  return { drawing, readout: `Point at a bar, or use the arrow keys, to read it.${all.length > most(width) ? ` The first ${most(width)} of ${all.length} rows; the CSV file has all.` : ''}` };
}

function table(view: View): Table {
  const rows = rowsOf(view).map((row) => [row.study, row.board, row.network, row.job, row.batch, settingText(row.setting, ['batch']).replace(/[\u00a0\u202f]/g, ' '), row.energy_per_inference_j?.value, row.energy_per_inference_j?.uncertainty, row.latency_per_inference_s?.value, row.latency_per_inference_s?.uncertainty, row.latency_per_inference_s && row.batch > 0 ? row.batch * row.latency_per_inference_s.value : null, row.baseline ?? '', row.baseline_energy_per_inference_j, row.saving_percent, row.saving_uncertainty_percent, row.why_absent, String(row.simulated)]);
  return { header: ['study', 'board', 'network', 'job', 'batch', 'setting', 'energy_per_inference_j', 'energy_standard_uncertainty_j', 'latency_per_inference_s', 'latency_standard_uncertainty_s', 'batch_latency_s', 'baseline', 'baseline_energy_per_inference_j', 'saving_percent', 'saving_standard_uncertainty_percent', 'why_absent', 'simulated'], rows };
}

export const boards: Figure = {
  id: 'boards', scope: 'study', wide: true, title: () => 'Boards against each other', sentence, draw, table,
  applies: (study) => (study.boards?.length ?? 0) > 1,
};

// Energy over batch size, one line a GPU clock, and energy over GPU clock, one line a batch size, at one
// CPU clock: figures 5.3, 5.6 and 5.9 of the study that this program reproduces. Energies are of one inference: whole
// phases of different batch sizes have different numbers of them.
import type { Table } from '../csv';
import type { Point } from '../data';
import { orderedColour } from '../colour';
import { joule, kCoverage, megahertz, mhz, percent, plusMinus, second, settingText, significant } from '../format';
import { batchesOf, batchOf, type Cell } from '../grid';
import type { View } from '../view';
import { select } from './controls';
import type { Figure } from './frame';
import { against, batchLatency, differ, eachInference, readable, type Value } from './jobs';
import { lineChart, type LinePoint } from './line_chart';

interface Entry {
  batch: number;
  cell: Cell;
  each: Value | null; // J an inference
}

// The CPU clock held: the reader's, otherwise the one where most batch sizes and GPU clocks were measured, and of
// several that of the least energy.
function heldCpu(view: View): number | undefined {
  if (view.choice.cpu !== null) return view.choice.cpu;
  const cells = new Map<number, number>();
  for (const batch of batchesOf(view.study, view.choice.network)) {
    const { cpus, cells: rows } = view.gridFor(view.choice.network, batch);
    cpus.forEach((cpu, i) => cells.set(cpu, (cells.get(cpu) ?? 0) + rows[i]!.filter((cell) => cell?.point.energy_j).length));
  }
  const most = Math.max(0, ...cells.values());
  const fixed = view.fixedCpu;
  return fixed !== undefined && cells.get(fixed) === most ? fixed : ([...cells].find(([, count]) => count === most)?.[0] ?? fixed);
}

// The cells of every batch size at the CPU clock held.
function entries(view: View): Entry[] {
  const cpu = heldCpu(view);
  return batchesOf(view.study, view.choice.network).flatMap((batch) => {
    const grid = view.gridFor(view.choice.network, batch);
    const row = cpu === undefined ? [] : (grid.cells[grid.cpus.indexOf(cpu)] ?? []);
    return row.filter((cell): cell is Cell => cell !== null).map((cell) => ({ batch, cell, each: eachInference(cell.point, cell.point.energy_j) }));
  });
}

function table(view: View): Table {
  return {
    header: ['network', 'cpu_frequency_hz', 'gpu_frequency_hz', 'batch', 'energy_j', 'energy_standard_uncertainty_j', 'inferences', 'energy_per_inference_j', 'energy_per_inference_standard_uncertainty_j', 'why_absent', 'simulated'],
    rows: entries(view).map(({ batch, cell, each }) => {
      const measured = view.study.points[cell.index]!;
      return [measured.network, cell.cpu, cell.gpu, batch, measured.energy_j?.value, measured.energy_j?.uncertainty, measured.inferences, each?.value, each?.u, measured.why_absent, String(view.study.simulated)];
    }),
  };
}

type Unit = ReturnType<typeof readable>;
const unitOf = (values: (Value | null | undefined)[]): Unit => readable(Math.max(0, ...values.map((one) => one?.value ?? 0)), 'J');

function point(x: number, name: string, { each }: Entry, { factor, unit }: Unit): LinePoint[] {
  if (!each) return [];
  const half = kCoverage * each.u * factor;
  return [{ x, y: each.value * factor, half, text: `${name} ${plusMinus(each.value * factor, half, unit)} an inference` }];
}

function lines(found: Entry[], unit: Unit, key: (entry: Entry) => number, x: (entry: Entry) => number, name: (key: number) => string) {
  const keys = [...new Set(found.map(key))].sort((a, b) => a - b);
  return keys.map((value, i) => ({
    name: name(value), side: 'left' as const, colour: orderedColour(i, keys.length),
    points: found.filter((entry) => key(entry) === value).flatMap((entry) => point(x(entry), name(value), entry, unit)).sort((a, b) => a.x - b.x),
  }));
}

const number = (value: number) => significant(value, 4).replace(/\.0+$/, '');
const gridded = (study: View['study']) => study.points.some((one) => one.baseline === null && typeof one.setting['cpu_frequency_hz'] === 'number' && typeof one.setting['gpu_frequency_hz'] === 'number');
const held = (view: View) => `CPU held at ${heldCpu(view) === undefined ? 'n/a' : megahertz(heldCpu(view)!)}.`;
const kReadout = 'Point at the figure, or use the arrow keys, to read its values.';

// What a larger batch saves at the clocks where most does.
function saving(view: View): string {
  const found = entries(view).filter((entry) => entry.each && entry.each.value > 0);
  const clocks = [...new Set(found.map((entry) => entry.cell.gpu))];
  const savings = clocks.flatMap((gpu) => {
    const line = found.filter((entry) => entry.cell.gpu === gpu).sort((a, b) => a.batch - b.batch);
    const [first, last] = [line[0], line.at(-1)];
    return first && last && first !== last ? [{ from: first.batch, to: last.batch, shown: differ(first.each!, last.each!), percent: 100 * (1 - last.each!.value / first.each!.value) }] : [];
  });
  const widest = savings.filter((one) => one.from === Math.min(...savings.map((s) => s.from)) && one.to === Math.max(...savings.map((s) => s.to)));
  if (!widest.length) return '';
  const [low, high] = [Math.min(...widest.map((one) => one.percent)), Math.max(...widest.map((one) => one.percent))];
  const less = (value: number) => percent(Math.abs(value));
  const range = less(low) === less(high) && low * high > 0 ? `${less(low)} ${low > 0 ? 'less' : 'more'}` : low >= 0 ? `${less(low)} to ${less(high)} less` : high <= 0 ? `${less(high)} to ${less(low)} more` : `between ${less(low)} more and ${less(high)} less`;
  const same = widest.filter((one) => !one.shown).length;
  const unsure = same === 0 ? '' : same === widest.length ? ' No difference is beyond the uncertainty.' : ` At ${same} of ${widest.length} GPU clocks the difference is within the uncertainty.`;
  return ` Batch ${widest[0]!.to} uses ${range} energy than batch ${widest[0]!.from} for an inference, by the GPU clock.${unsure}`;
}

export const overBatch: Figure = {
  id: 'over-batch',
  title: () => 'Energy over batch size',
  sentence: (view) => `${held(view)} One line a GPU clock.${saving(view)}`,
  applies: (study) => new Set(study.points.map(batchOf)).size > 1 && gridded(study),
  controls: (view) => [select('CPU clock held at', view.grid.cpus.includes(heldCpu(view) ?? NaN) ? view.grid.cpus : [...view.grid.cpus, ...[heldCpu(view) ?? []].flat()].sort((a, b) => a - b), megahertz, heldCpu(view), (cpu) => view.choose({ cpu }))],
  table,
  draw: (view, width, say) => {
    const found = entries(view).filter((entry) => entry.each);
    const unit = unitOf(found.map((entry) => entry.each));
    if (new Set(found.map((entry) => entry.batch)).size < 2) return 'Fewer than two batch sizes have an energy at this CPU clock.';
    const drawing = lineChart(view, {
      label: 'Energy of one inference over batch size, one line a GPU clock. Arrow keys read out the values.', x: { name: 'Batch size', format: String }, left: { name: `Energy of one inference (${unit.unit})`, format: number }, ordinal: true,
      lines: lines(found, unit, (entry) => entry.cell.gpu, (entry) => entry.batch, megahertz), levels: [],
    }, width, say);
    return { drawing, readout: kReadout };
  },
};

// What the governors use for an inference.
const level = (view: View) => view.baseline && eachInference(view.baseline.point, view.baseline.point.energy_j);

export const batchOverGpu: Figure = {
  id: 'batch-over-gpu',
  title: () => 'Energy over GPU clock, by batch size',
  sentence: (view) => `${held(view)} One line a batch size.${level(view) ? ` Dashed: the governors '${view.choice.baseline}' at batch ${view.choice.batch} (${joule(level(view)!.value)} an inference).` : ''}`,
  applies: (study) => new Set(study.points.map(batchOf)).size > 1 && gridded(study),
  table,
  draw: (view, width, say) => {
    const found = entries(view).filter((entry) => entry.each);
    if (!found.length) return 'No energy of an inference is known at this CPU clock.';
    const governor = level(view);
    const unit = unitOf([governor, ...found.map((entry) => entry.each)]);
    const drawing = lineChart(view, {
      label: 'Energy of one inference over GPU clock, one line a batch size. Arrow keys read out the values.', x: { name: 'GPU clock (MHz)', format: (hz) => mhz(hz) }, left: { name: `Energy of one inference (${unit.unit})`, format: number },
      lines: lines(found, unit, (entry) => entry.batch, (entry) => entry.cell.gpu, (batch) => `batch ${batch}`),
      levels: governor ? [{ name: `'${view.choice.baseline}', batch ${view.choice.batch}`, value: governor.value * unit.factor, side: 'left' }] : [],
    }, width, say);
    return { drawing, readout: kReadout };
  },
};

// The point of least energy at each batch size: what a batch is worth when the clocks are chosen for it.
function bestByBatch(view: View): { batch: number; point: Point }[] {
  return batchesOf(view.study, view.choice.network).filter((batch) => batch > 0).flatMap((batch) => {
    const measured = view.study.points.filter((one) => one.baseline === null && one.network === view.choice.network && batchOf(one) === batch && one.energy_j && one.latency_s && one.inferences > 0);
    const best = measured.reduce<Point | undefined>((least, one) => (!least || one.energy_j!.value / one.inferences < least.energy_j!.value / least.inferences ? one : least), undefined);
    return best ? [{ batch, point: best }] : [];
  });
}

function eachSentence(view: View): string {
  const found = bestByBatch(view);
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last || first === last) return 'Each batch size at its own setting of least energy.';
  const [a, b] = [eachInference(first.point, first.point.energy_j)!, eachInference(last.point, last.point.energy_j)!];
  const rate = (one: typeof first) => one.point.inferences / one.point.latency_s!.value;
  return `Each batch size at its own setting of least energy. From batch ${first.batch} to ${last.batch}: ${joule(a.value)} to ${joule(b.value)} an inference; batch ${last.batch} uses ${against(b, a, 'energy', `batch ${first.batch}`)}. It makes ${significant(rate(first), 3)} to ${significant(rate(last), 3)} inferences a second; one batch takes ${second(first.batch / rate(first))} to ${second(last.batch / rate(last))}.`;
}

export const batchEach: Figure = {
  id: 'batch-each',
  title: () => 'What a batch size is worth',
  sentence: eachSentence,
  applies: (study) => new Set(study.points.filter((one) => one.baseline === null && one.energy_j).map(batchOf)).size > 1,
  table: (view) => ({
    header: ['network', 'batch', 'setting', 'energy_per_inference_j', 'energy_standard_uncertainty_j', 'inferences', 'latency_per_inference_s', 'latency_standard_uncertainty_s', 'inferences_per_s', 'batch_latency_s', 'simulated'],
    rows: bestByBatch(view).map(({ batch, point: one }) => {
      const [energy, latency] = [eachInference(one, one.energy_j)!, eachInference(one, one.latency_s)!];
      return [one.network, batch, settingText(one.setting, ['batch']).replace(/[\u00a0\u202f]/g, ' '), energy.value, energy.u, one.inferences, latency.value, latency.u, 1 / latency.value, batchLatency(one), String(view.study.simulated)];
    }),
  }),
  draw: (view, width, say) => {
    const found = bestByBatch(view);
    if (found.length < 2) return 'Fewer than two batch sizes of this network have energy and latency.';
    const energies = found.map(({ batch, point: one }) => ({ batch, one, at: eachInference(one, one.energy_j)! }));
    const latencies = found.map(({ batch, point: one }) => ({ batch, at: eachInference(one, one.latency_s)! }));
    const [joules, seconds] = [readable(Math.max(...energies.map(({ at }) => at.value)), 'J'), readable(Math.max(...latencies.map(({ at }) => at.value)), 's')];
    const drawing = lineChart(view, {
      label: `Energy, throughput and time over batch size. ${eachSentence(view)} Arrow keys read out the values.`, ordinal: true,
      x: { name: 'Batch size', format: String }, left: { name: `Energy of one inference (${joules.unit})`, format: number }, right: { name: width < 480 ? '(1/s)' : 'Inferences a second (1/s)', format: number }, below: { name: `Time per inference (${seconds.unit})`, format: number },
      levels: [],
      lines: [
        { name: 'energy', side: 'left', points: energies.map(({ batch, one, at }) => ({ x: batch, y: at.value * joules.factor, half: kCoverage * at.u * joules.factor, text: `${plusMinus(at.value * joules.factor, kCoverage * at.u * joules.factor, joules.unit)} an inference at ${settingText(one.setting, ['batch'])}` })) },
        { name: 'throughput', side: 'right', points: latencies.map(({ batch, at }) => ({ x: batch, y: 1 / at.value, half: (kCoverage * at.u) / at.value ** 2, text: `${significant(1 / at.value, 4)} inferences a second` })) },
        { name: 'time', side: 'below', points: latencies.map(({ batch, at }) => ({ x: batch, y: at.value * seconds.factor, half: kCoverage * at.u * seconds.factor, text: `${plusMinus(at.value * seconds.factor, kCoverage * at.u * seconds.factor, seconds.unit)} an inference, ${second(batch * at.value)} a batch` })) },
      ],
    }, width, say);
    return { drawing, readout: kReadout };
  },
};

// Energy since the program's start over the inferences done, one line a way of running the same network: figure
// 5.10 of the study that this program reproduces (static against dynamic graph). What loading and making the graph cost
// stands at zero inferences.
import { scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import type { Cumulative, Study } from '../data';
import { s } from '../dom';
import { count, joule, percent, second, settingText, significant } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import { select } from './controls';
import type { Drawn, Figure } from './frame';
import { against, bareNetwork, differ, type Value } from './jobs';
import { canvas, path, type Box } from './parts';
import { addPicking, type Spot } from './pick';
import { legend, shape, toneLine } from './tones';

interface Series {
  name: string;
  row: Cumulative;
  start: number; // J used when the first inference began
  end: number; // J
}
interface Set_ {
  name: string; // "alexnet, batch 32: graph"
  series: Series[];
}
const chosen = new WeakMap<Study, string>();
const overTime = new WeakMap<Study, boolean>();

// Which engine axis a job turned, without its value.
const axesOf = (job: string) => job.split(' ').map((part) => part.split('=')[0]).join(' ');

function seriesOf(study: Study, row: Cumulative): Series {
  const point = study.points[row.point]!;
  const begun = row.inferences.filter((n) => n === 0).length;
  const name = point.baseline !== null ? `'${point.baseline}'` : point.job || settingText(point.setting, ['batch']);
  return { name, row, start: row.energy_j[Math.max(0, begun - 1)] ?? 0, end: row.energy_j.at(-1) ?? 0 };
}

// Lines that have one name get what tells them apart: the part of the setting that differs, otherwise the run.
function distinguish(study: Study, series: Series[]): void {
  const twice = (one: Series) => series.some((other) => other !== one && other.name === one.name);
  const settingOf = (one: Series) => study.points[one.row.point]!.setting;
  const keys = [...new Set(series.flatMap((one) => Object.keys(settingOf(one))))];
  const same = keys.filter((key) => series.every((one) => settingOf(one)[key] === settingOf(series[0]!)[key]) || series.every((one) => one.name.includes(`${key}=`)));
  const apart = series.map((one) => (twice(one) ? settingText(settingOf(one), ['batch', ...same]) : ''));
  series.forEach((one, i) => (one.name = [one.name, apart[i]].filter(Boolean).join(', ')));
  const still = series.map(twice);
  series.forEach((one, i) => still[i] && (one.name += `, run ${one.row.run}`));
}

// An energy of a run with the uncertainty that the run's own has, relative: what loading used has no budget of its own.
function withUncertainty(study: Study, row: Cumulative, value: number): Value {
  const run = study.runs.find((one) => one.id === row.run);
  return { value, u: run?.energy_j && run.energy_u_j !== null ? (value * run.energy_u_j) / run.energy_j : 0 };
}

// What may be compared: one network and batch size, and jobs that turn the same axes.
function setsOf(study: Study): Set_[] {
  const sets = new Map<string, Set_>();
  for (const row of study.cumulative ?? []) {
    const point = study.points[row.point];
    if (!point || !row.energy_j.length) continue;
    const axes = axesOf(point.job ?? '');
    const name = [bareNetwork(point), batchOf(point) > 0 ? `batch ${batchOf(point)}` : ''].filter(Boolean).join(', ') + (axes ? `: ${axes}` : '');
    const set = sets.get(name) ?? { name, series: [] };
    set.series.push(seriesOf(study, row));
    sets.set(name, set);
  }
  const rank = (set: Set_) => Number(set.series.length < 2) * 2 + Number(!set.name.endsWith(': graph'));
  sets.forEach((set) => distinguish(study, set.series));
  return [...sets.values()].sort((a, b) => rank(a) - rank(b));
}

const setOf = (view: View) => {
  const sets = setsOf(view.study);
  return sets.find((set) => set.name === chosen.get(view.study)) ?? sets[0];
};
const isTime = (view: View) => overTime.get(view.study) ?? false;
const xsOf = (view: View, row: Cumulative) => (isTime(view) ? row.time_s : row.inferences);

// Energy at a number of inferences, between the ends of batches by a line; null beyond the end.
export function energyAt(row: Cumulative, inferences: number): number | null {
  const i = row.inferences.findIndex((n) => n >= inferences);
  if (i < 0) return null;
  if (i === 0 || row.inferences[i] === inferences) return row.energy_j[i]!;
  const [n0, n1] = [row.inferences[i - 1]!, row.inferences[i]!];
  return row.energy_j[i - 1]! + ((inferences - n0) / (n1 - n0)) * (row.energy_j[i]! - row.energy_j[i - 1]!);
}

// From how many inferences on `a` has used less than `b` to the end; null: not by the end.
export function overtakes(a: Cumulative, b: Cumulative): number | null {
  const ends = [...new Set([...a.inferences, ...b.inferences])].filter((n) => n > 0).sort((p, q) => p - q).flatMap((n) => {
    const [x, y] = [energyAt(a, n), energyAt(b, n)];
    return x === null || y === null ? [] : [{ n, less: x < y }];
  });
  const last = ends.map((end) => end.less).lastIndexOf(false);
  return ends.length && last + 1 < ends.length ? ends[last + 1]!.n : null;
}

function sentence(view: View): string {
  const set = setOf(view);
  if (!set) return '';
  const head = `${set.name}. Energy since the program's start, with the network's loading.`;
  if (set.series.length !== 2) return `${head} ${set.series.map((one) => `${one.name}: ${joule(one.end)} in all`).join('; ')}.`;
  const [low, high] = [...set.series].sort((a, b) => a.end - b.end);
  const inferences = Math.min(low!.row.inferences.at(-1)!, high!.row.inferences.at(-1)!);
  const [x, y] = [energyAt(low!.row, inferences) ?? low!.end, energyAt(high!.row, inferences) ?? high!.end];
  const from = overtakes(low!.row, high!.row);
  const [value, start] = [(one: Series, energy: number) => withUncertainty(view.study, one.row, energy), (one: Series) => withUncertainty(view.study, one.row, one.start)];
  const [left, right] = [value(low!, x), value(high!, y)];
  const ahead = from === null || !differ(left, right) ? '' : ` It is ahead from ${count(from)} inferences on.`;
  return `${head} After ${count(inferences)} inferences ${low!.name} has used ${against(left, right, '', high!.name)} (${joule(x)} against ${joule(y)}); ` +
    `before the first inference ${differ(start(low!), start(high!)) && high!.start > 0 ? `${percent(Math.abs(100 * (low!.start / high!.start - 1)))} ${low!.start > high!.start ? 'more' : 'less'}` : 'no difference was shown'} (${joule(low!.start)} against ${joule(high!.start)}).${ahead} One run of each; the uncertainties are the runs' own.`;
}

function drawAxes(drawing: SVGSVGElement, view: View, box: Box, x: ReturnType<typeof scaleLinear<number>>, y: ReturnType<typeof scaleLinear<number>>): void {
  const bare = (value: number) => significant(value, 4).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  for (const tick of y.ticks(5)) drawing.append(s('path', { class: 'rule', d: `M${box.left},${y(tick).toFixed(1)}H${box.right}` }), s('text', { x: box.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, bare(tick)));
  for (const tick of x.ticks(Math.max(3, Math.floor((box.right - box.left) / 90)))) drawing.append(s('path', { class: 'frame-line', d: `M${x(tick).toFixed(1)},${box.bottom}v4` }), s('text', { x: x(tick), y: box.bottom + 18, 'text-anchor': 'middle' }, bare(tick)));
  drawing.append(s('path', { class: 'frame-line', d: `M${box.left},${box.bottom}H${box.right}` }), s('text', { class: 'axis-name', x: 4, y: 28 }, 'Energy since the start (J)'),
    s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: box.bottom + 37, 'text-anchor': 'middle' }, isTime(view) ? 'Time since the start (s)' : 'Inferences done'));
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const set = setOf(view);
  if (!set) return 'No run of this study has its energy over time.';
  const names = set.series.map((one) => one.name);
  const key = legend(names, 4, 48, width - 8);
  const top = 48 + key.height;
  const box = { left: 58, top, right: width - 24, bottom: top + Math.round(Math.min(300, 150 + width * 0.16)) };
  const drawing = canvas(view, width, box.bottom + 46, `Energy since the start. ${sentence(view)} Arrow keys read out the values.`);
  const x = scaleLinear([0, Math.max(...set.series.flatMap((one) => xsOf(view, one.row)), 1e-9)], [box.left, box.right]);
  const y = scaleLinear([0, Math.max(...set.series.map((one) => one.end), 1e-9)], [box.bottom, box.top]).nice(5);
  drawAxes(drawing, view, box, x, y);
  drawing.append(key.group);
  const spots: Spot[] = [];
  set.series.forEach((one, i) => {
    const xs = xsOf(view, one.row);
    const begun = Math.max(0, one.row.inferences.filter((n) => n === 0).length - 1);
    drawing.append(s('path', { class: toneLine(i), d: path(xs.map((at, k) => ({ x: x(at), y: y(one.row.energy_j[k]!) }))), 'data-series': one.name, 'data-end-j': one.end, 'data-start-j': one.start }));
    // Shapes at the begin of the inferences, the end, and a few between.
    const marks = new Set([begun, xs.length - 1, ...[1, 2, 3].map((part) => Math.round(begun + (part * (xs.length - 1 - begun)) / 4))]);
    for (const k of marks) drawing.append(shape(i, x(xs[k]!), y(one.row.energy_j[k]!)));
    xs.forEach((at, k) => spots.push({ x: x(at), y: y(one.row.energy_j[k]!), text: `${one.name}, ${count(one.row.inferences[k]!)} inferences after ${second(one.row.time_s[k]!)}: ${joule(one.row.energy_j[k]!)}${k === begun ? ', where the first inference begins' : ''}` }));
  });
  addPicking(drawing, spots, say);
  return { drawing, readout: 'Point at a line, or use the arrow keys, to read it.' };
}

function controls(view: View): Node[] {
  const sets = setsOf(view.study).map((set) => set.name);
  const over = select('Over', ['inferences', 'time'], String, isTime(view) ? 'time' : 'inferences', (what) => (overTime.set(view.study, what === 'time'), view.redraw('cumulative')));
  return sets.length < 2 ? [over] : [select('Of', sets, String, setOf(view)?.name, (name) => (chosen.set(view.study, name), view.redraw('cumulative'))), over];
}

function table(view: View): Table {
  const rows = (view.study.cumulative ?? []).flatMap((row) => {
    const point = view.study.points[row.point];
    return point ? row.time_s.map((time, k) => [bareNetwork(point), batchOf(point), point.job ?? '', point.baseline ?? '', settingText(point.setting, ['batch']).replace(/[\u00a0\u202f]/g, ' '), row.run, time, row.energy_j[k], row.inferences[k], String(view.study.simulated)]) : [];
  });
  return { header: ['network', 'batch', 'job', 'baseline', 'setting', 'run', 'time_s', 'energy_j', 'inferences', 'simulated'], rows };
}

export const cumulative: Figure = {
  id: 'cumulative', scope: 'study', wide: true, sentence, controls, draw, table,
  title: (view) => (setOf(view)?.name.endsWith(': graph') ? 'Cumulative energy of static and dynamic graph' : 'Cumulative energy'),
  applies: (study) => setsOf(study).length > 0,
};

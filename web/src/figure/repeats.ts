// Every run of the best setting and of the governors, each with its k = 2 interval: how sure the answer is.
import { scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import type { Run } from '../data';
import { s } from '../dom';
import { joule, kCoverage, percent, plusMinus } from '../format';
import type { View } from '../view';
import type { Figure } from './frame';
import { bestOf, fitted } from './jobs';
import { canvas } from './parts';

interface Group {
  name: string;
  runs: Run[];
  mean: number | null;
  each: number; // inferences, where the groups differ in their number; otherwise 0
}

function groups(view: View): Group[] {
  const { points, runs } = view.study;
  const best = bestOf(view);
  const wanted = [...(best === undefined ? [] : [{ name: 'best setting', index: best }]), ...view.baselines.map(({ name, point }) => ({ name: `'${name}'`, index: points.indexOf(point) }))];
  const numbers = new Set(wanted.map(({ index }) => points[index]?.inferences ?? 0));
  return wanted.map(({ name, index }) => ({ name, each: numbers.size > 1 ? (points[index]?.inferences ?? 0) : 0, mean: points[index]?.energy_j?.value ?? null, runs: runs.filter((run) => run.point === index) }));
}

const kMost = 6; // dots are drawn larger where they are few

// A run as the distance from its group's mean, with its interval, in percent.
function deviation(group: Group, run: Run): { value: number; half: number } | null {
  if (run.energy_j === null || !group.mean) return null;
  return { value: 100 * (run.energy_j / group.mean - 1), half: (100 * kCoverage * (run.energy_u_j ?? 0)) / group.mean };
}

function drawRun(group: Group, run: Run, x: number, y: (percent: number) => number, say: (text: string | null) => void): SVGGElement | null {
  const at = deviation(group, run);
  if (!at) return null;
  const text = `${group.name}, run ${run.id} (block ${run.block}, ${run.state}): ${plusMinus(run.energy_j!, kCoverage * (run.energy_u_j ?? 0), 'J')}`;
  const side = run.state === 'complete' ? 'left' : 'right';
  return s('g', { pointerenter: () => say(text), pointerleave: () => say(null) }, s('title', {}, text), s('path', { class: `whisker ${side}`, d: `M${x},${y(at.value - at.half)}V${y(at.value + at.half)}` }),
    s('circle', { class: side, cx: x, cy: y(at.value), r: group.runs.length > kMost ? 3.2 : 4 }));
}

function drawGroup(drawing: SVGSVGElement, group: Group, left: number, each: number, bottom: number, y: (percent: number) => number, say: (text: string | null) => void): void {
  const step = (each - 32) / Math.max(1, group.runs.length - 1);
  drawing.append(s('path', { class: 'frame-line', d: `M${left + 6},${y(0)}H${left + each - 6}` }));
  [...group.runs].sort((a, b) => a.sequence - b.sequence).forEach((run, k) => {
    const dot = drawRun(group, run, left + 16 + (group.runs.length > 1 ? k * step : (each - 32) / 2), y, say);
    if (dot) drawing.append(dot);
  });
  const middle = { x: left + each / 2, 'text-anchor': 'middle' };
  drawing.append(s('text', { ...middle, class: 'axis-name', y: bottom + 18 }, fitted(group.name, each - 6), s('title', {}, group.name)), s('text', { ...middle, y: bottom + 34 }, group.mean === null ? 'absent' : group.each ? `${joule(group.mean / group.each)}${each > 150 ? ' an inference' : '/inf.'}` : joule(group.mean)));
}

function draw(view: View, width: number, say: (text: string | null) => void) {
  const found = groups(view);
  const all = found.flatMap((group) => group.runs.map((run) => deviation(group, run))).filter((at) => at !== null);
  if (!all.length) return 'None of these runs has an energy; the table below says why.';
  // As many groups to a row as stay readable, their names beside one another.
  const longest = Math.max(...found.map((group) => group.name.length));
  const across = Math.max(1, Math.min(found.length, Math.floor((width - 60) / Math.max(96, 12 + 6.4 * Math.min(longest, 40)))));
  const rows = Math.ceil(found.length / across);
  const high = rows > 1 ? 200 : 290;
  const drawing = canvas(view, width, 34 + rows * high, 'Every run of the best setting and of the governors as its distance from the mean of its group, with k = 2 intervals.');
  const reach = Math.max(...all.map((at) => Math.abs(at.value) + at.half), 0.01);
  drawing.append(s('text', { class: 'axis-name', x: 4, y: 26 }, 'From the mean (%)'));
  for (let row = 0; row < rows; ++row) {
    const [top, bottom] = [42 + row * high, 34 + (row + 1) * high - 46];
    const y = scaleLinear([-reach, reach], [bottom, top]).nice(5);
    for (const tick of y.ticks(5)) drawing.append(s('path', { class: 'rule', d: `M52,${y(tick)}H${width - 6}` }), s('text', { x: 46, y: y(tick) + 4, 'text-anchor': 'end' }, `${tick > 0 ? '+' : ''}${percent(tick, reach < 1 ? 2 : 1).replace(/[^\d.\u2212]/g, '')}`));
    found.slice(row * across, (row + 1) * across).forEach((group, i) => drawGroup(drawing, group, 52 + (i * (width - 58)) / across, (width - 58) / across, bottom, y, say));
  }
  return { drawing, readout: 'Point at a run to read its energy.' };
}

function sentence(view: View): string {
  const found = groups(view).filter((group) => group.mean && group.runs.some((run) => run.energy_j !== null));
  const reach = found.map((group) => ({ group, most: Math.max(...group.runs.map((run) => Math.abs(deviation(group, run)?.value ?? 0))) })).sort((a, b) => b.most - a.most)[0];
  const farthest = reach && Number.isFinite(reach.most) ? ` The farthest run stands ${percent(reach.most, 2)} from its mean (${reach.group.name}).` : '';
  return `Each dot is one run with its k = 2 interval, in the order of measuring, as its distance from the mean of its group.${farthest}`;
}

function table(view: View): Table {
  const rows = groups(view).flatMap((group) => group.runs.map((run) => [group.name.replace(/'/g, ''), run.id, run.sequence, run.block, run.repeat, run.state, run.failure, run.energy_j, run.energy_u_j, run.latency_s, String(view.study.simulated)]));
  return { header: ['group', 'run', 'sequence', 'block', 'repeat', 'state', 'failure', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', 'simulated'], rows };
}

export const repeats: Figure = {
  id: 'repeats',
  title: () => 'Run by run',
  sentence,
  draw,
  table,
};

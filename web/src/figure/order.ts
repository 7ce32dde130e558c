// All runs in the order of measuring, each as its distance from the mean of its own setting: what drifts shows as
// a slope, what jumped as a step. With the trend that the study's test found.
import { scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import type { Run, Study } from '../data';
import { s } from '../dom';
import { count, percent, significant } from '../format';
import type { View } from '../view';
import type { Drawn, Figure } from './frame';
import { canvas, type Box } from './parts';
import { addPicking } from './pick';

interface Placed {
  run: Run;
  deviation: number; // percent
}

function placed(study: Study): Placed[] {
  return study.runs.flatMap((run) => {
    const point = run.point === null ? undefined : study.points[run.point];
    return point?.energy_j && point.energy_j.value > 0 && point.runs > 1 && run.energy_j !== null ? [{ run, deviation: 100 * (run.energy_j / point.energy_j.value - 1) }] : [];
  }).sort((a, b) => a.run.sequence - b.run.sequence);
}

// Means of equal stretches of the order: what the eye should follow in a cloud.
function means(all: Placed[], parts: number): { from: number; to: number; mean: number }[] {
  const each = Math.max(1, Math.ceil(all.length / parts));
  return Array.from({ length: Math.ceil(all.length / each) }, (_, i) => all.slice(i * each, (i + 1) * each)).map((some) => ({ from: some[0]!.run.sequence, to: some.at(-1)!.run.sequence, mean: some.reduce((sum, one) => sum + one.deviation, 0) / some.length }));
}

function sentence(view: View): string {
  const { drift } = view.study;
  const all = placed(view.study);
  const head = `${count(all.length)} runs in the order of measuring, each against the mean of its own setting.`;
  if (!drift) return head;
  if (drift.why_absent) return `${head} Drift was not tested: ${drift.why_absent}.`;
  const signed = (value: number) => `${value > 0 ? '+' : ''}${percent(value, 2)}`;
  if (!drift.shown) return `${head} No drift shows${drift.p === null ? '' : ` (p = ${significant(drift.p, 2)})`}.`;
  if (drift.kind === 'jump') return `${head} The board jumped by ${signed(drift.jump.percent)} at run ${count(drift.jump.sequence)}.`;
  return `${head} The board drifted by ${signed(drift.trend.percent_over_study)} from the first run to the last.`;
}

const kNamed = 400; // runs that get a mark of their own for pointer and keyboard; of more only the blocks' means do

function drawAxes(drawing: SVGSVGElement, box: Box, x: ReturnType<typeof scaleLinear<number>>, y: ReturnType<typeof scaleLinear<number>>): void {
  for (const tick of y.ticks(5)) drawing.append(s('path', { class: tick === 0 ? 'thin' : 'rule', d: `M${box.left},${y(tick).toFixed(1)}H${box.right}` }), s('text', { x: box.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, `${tick > 0 ? '+' : ''}${significant(tick, 2)}`));
  for (const tick of x.ticks(Math.max(2, Math.floor((box.right - box.left) / 90))).filter(Number.isInteger)) drawing.append(s('path', { class: 'frame-line', d: `M${x(tick).toFixed(1)},${box.bottom}v4` }), s('text', { x: x(tick), y: box.bottom + 18, 'text-anchor': 'middle' }, count(tick)));
  drawing.append(s('path', { class: 'frame-line', d: `M${box.left},${box.bottom}H${box.right}` }), s('text', { class: 'axis-name', x: 4, y: 28 }, 'From the mean of its setting (%)'),
    s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: box.bottom + 37, 'text-anchor': 'middle' }, 'Run, in the order of measuring'));
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const { drift } = view.study;
  const all = placed(view.study);
  if (all.length < 2) return 'No setting has two runs with an energy, so there is nothing to hold the order against.';
  const box = { left: 52, top: 42, right: width - 12, bottom: 290 };
  const drawing = canvas(view, width, box.bottom + 46, `Runs in the order of measuring. ${sentence(view)} Arrow keys read out the values.`);
  const reach = all.reduce((most, one) => Math.max(most, Math.abs(one.deviation)), 0.01); // not spread: there may be a million
  const x = scaleLinear([all[0]!.run.sequence, Math.max(all.at(-1)!.run.sequence, all[0]!.run.sequence + 1)], [box.left + 6, box.right - 6]);
  const y = scaleLinear([-reach, reach], [box.bottom, box.top]).nice(5);
  drawAxes(drawing, box, x, y);
  // One path of round-ended strokes without length: ten thousand circles would be ten thousand elements.
  drawing.append(s('path', { class: 'dots', 'data-runs': all.length, style: `stroke-width: ${all.length > 1500 ? 2.2 : 4}`, d: all.map(({ run, deviation }) => `M${x(run.sequence).toFixed(1)},${y(deviation).toFixed(1)}h0`).join('') }));
  const stretches = means(all, Math.min(24, Math.ceil(all.length / 4)));
  for (const { from, to, mean } of stretches) drawing.append(s('path', { class: 'pareto-line', d: `M${x(from).toFixed(1)},${y(mean).toFixed(1)}H${Math.max(x(to), x(from) + 2).toFixed(1)}`, 'data-mean-percent': mean }));
  if (drift?.shown && drift.kind === 'trend') {
    const half = drift.trend.percent_over_study / 2;
    drawing.append(s('path', { class: 'governor', d: `M${x.range()[0]},${y(-half).toFixed(1)}L${x.range()[1]},${y(half).toFixed(1)}` }), s('text', { class: 'governor-name', x: box.right - 4, y: y(half) - 7, 'text-anchor': 'end' }, 'trend'));
  }
  if (drift?.shown && drift.kind === 'jump') drawing.append(s('path', { class: 'governor', d: `M${x(drift.jump.sequence).toFixed(1)},${box.top}V${box.bottom}` }));
  const single = all.length <= kNamed;
  const spots = single
    ? all.map(({ run, deviation }) => ({ x: x(run.sequence), y: y(deviation), text: `Run ${run.id} (block ${run.block}, ${run.state}): ${deviation > 0 ? '+' : ''}${percent(deviation, 2)} from the mean of its setting` }))
    : stretches.map(({ from, to, mean }) => ({ x: (x(from) + x(to)) / 2, y: y(mean), text: `Runs ${count(from)} to ${count(to)}: ${mean > 0 ? '+' : ''}${percent(mean, 3)} from the means of their settings` }));
  addPicking(drawing, spots, say, { along: true });
  return { drawing, readout: `Dark lines: means of ${single ? 'a few' : `about ${Math.ceil(all.length / stretches.length)}`} runs. Point at the figure, or use the arrow keys, to read them.` };
}

function table(view: View): Table {
  const rows = placed(view.study).map(({ run, deviation }) => [run.sequence, run.id, run.block, run.repeat, run.state, run.energy_j, deviation, String(view.study.simulated)]);
  return { header: ['sequence', 'run', 'block', 'repeat', 'state', 'energy_j', 'from_mean_of_setting_percent', 'simulated'], rows };
}

export const order: Figure = { id: 'order', scope: 'study', wide: true, title: () => 'The order of the runs', sentence, draw, table, applies: (study) => placed(study).length > 1 };

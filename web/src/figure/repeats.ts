// Every run of the best setting and of the governors, each with its k = 2 interval: how sure the answer is.
import { scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import type { Run } from '../data';
import { s } from '../dom';
import { joule, kCoverage, plusMinus, significant } from '../format';
import type { View } from '../view';
import type { Figure } from './frame';
import { canvas } from './parts';

interface Group {
  name: string;
  runs: Run[];
  mean: number | null;
}

function groups(view: View): Group[] {
  const { points, runs } = view.study;
  const wanted = [...(view.grid.least ? [{ name: 'best setting', index: view.grid.least.index }] : []), ...view.baselines.map(({ name, point }) => ({ name: `'${name}'`, index: points.indexOf(point) }))];
  return wanted.map(({ name, index }) => ({ name, mean: points[index]?.energy_j?.value ?? null, runs: runs.filter((run) => run.point === index) }));
}

function draw(view: View, width: number, say: (text: string | null) => void) {
  const found = groups(view);
  const good = found.flatMap((group) => group.runs).filter((run) => run.energy_j !== null);
  if (!good.length) return 'None of these runs has an energy; the table below says why.';
  const reach = (run: Run) => kCoverage * (run.energy_u_j ?? 0);
  const box = { left: 56, top: 40, right: width - 10, bottom: 280 };
  const drawing = canvas(view, width, 320, 'Energy of every run of the best setting and of the governors, with k = 2 intervals.');
  const y = scaleLinear([Math.min(...good.map((run) => run.energy_j! - reach(run))), Math.max(...good.map((run) => run.energy_j! + reach(run)))], [box.bottom - 6, box.top]).nice(5);
  for (const tick of y.ticks(5)) drawing.append(s('path', { class: 'rule', d: `M${box.left},${y(tick)}H${box.right}` }), s('text', { x: box.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, significant(tick, 4).replace(/\.0+$/, '')));
  drawing.append(s('text', { class: 'axis-name', x: 4, y: 26 }, 'Energy of a run (J)'));
  const each = (box.right - box.left) / found.length;
  found.forEach((group, i) => {
    const left = box.left + i * each;
    const step = (each - 24) / Math.max(1, group.runs.length - 1);
    if (group.mean !== null) drawing.append(s('path', { class: 'cursor-level', style: 'stroke: var(--ink-soft); stroke-dasharray: 4 3', d: `M${left + 6},${y(group.mean)}H${left + each - 6}` }));
    [...group.runs].sort((a, b) => a.sequence - b.sequence).forEach((run, k) => {
      if (run.energy_j === null) return;
      const x = left + 12 + (group.runs.length > 1 ? k * step : (each - 24) / 2);
      const text = `${group.name}, run ${run.id} (block ${run.block}): ${plusMinus(run.energy_j, reach(run), 'J')}`;
      drawing.append(s('g', { class: 'left', pointerenter: () => say(text), pointerleave: () => say(null) }, s('title', {}, text),
        s('path', { class: 'whisker left', d: `M${x},${y(run.energy_j - reach(run))}V${y(run.energy_j + reach(run))}` }), s('circle', { class: 'left', cx: x, cy: y(run.energy_j), r: 3.2 })));
    });
    drawing.append(s('text', { class: 'axis-name', x: left + each / 2, y: box.bottom + 18 + (each < 84 && i % 2 ? 14 : 0), 'text-anchor': 'middle' }, group.name));
  });
  return { drawing, readout: found.map((group) => `${group.name}: ${group.mean === null ? 'absent' : joule(group.mean)}`).join('; ') };
}

function table(view: View): Table {
  const rows = groups(view).flatMap((group) => group.runs.map((run) => [group.name.replace(/'/g, ''), run.id, run.sequence, run.block, run.repeat, run.state, run.failure, run.energy_j, run.energy_u_j, run.latency_s, String(view.study.simulated)]));
  return { header: ['group', 'run', 'sequence', 'block', 'repeat', 'state', 'failure', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', 'simulated'], rows };
}

export const repeats: Figure = {
  id: 'repeats',
  title: () => 'Run by run',
  sentence: () => "Each dot is one run with its k = 2 interval, in the order of measuring; dashed, the mean of each group. The energy axis does not begin at zero.",
  draw,
  table,
};

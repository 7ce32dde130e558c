// The runs, each with its own uncertainty, its state and what was counted in it.
import type { Table } from '../csv';
import type { Run } from '../data';
import { fileName, h, replace } from '../dom';
import { kCoverage, plusMinus, second, settingText } from '../format';
import { select } from '../figure/controls';
import { batchOf } from '../grid';
import type { View } from '../view';
import { csvButton, tableElement } from './table';

export const countersText = (counters: Record<string, number>) => Object.entries(counters).map(([name, times]) => `${name} ${times}`).join(', ');

const kShown = ['the best setting and the governors', 'this network and batch size', 'those with a counter, failed or throttled', 'all'] as const;
type Shown = (typeof kShown)[number];

const pointOf = (view: View, run: Run) => (run.point === null ? undefined : view.study.points[run.point]);

function wanted(view: View, shown: Shown): Run[] {
  const { runs } = view.study;
  const here = (run: Run) => pointOf(view, run)?.network === view.choice.network && batchOf(pointOf(view, run)!) === view.choice.batch;
  if (shown === kShown[0]) return runs.filter((run) => here(run) && (pointOf(view, run)!.baseline !== null || run.point === view.grid.least?.index));
  if (shown === kShown[1]) return runs.filter(here);
  if (shown === kShown[2]) return runs.filter((run) => run.state !== 'complete' || Object.keys(run.counters).length);
  return runs;
}

function csv(view: View): Table {
  const { points, runs } = view.study;
  const keys = [...new Set(points.flatMap((point) => Object.keys(point.setting)))].sort();
  const phases = [...new Set(runs.flatMap((run) => Object.keys(run.phases)))];
  return {
    header: ['run', 'sequence', 'block', 'repeat', 'network', 'baseline', ...keys, 'state', 'failure', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', ...phases.map((phase) => `phase_${phase}`), 'counters', 'simulated'],
    rows: runs.map((run) => {
      const point = pointOf(view, run);
      return [run.id, run.sequence, run.block, run.repeat, point?.network, point?.baseline, ...keys.map((key) => point?.setting[key]), run.state, run.failure, run.energy_j, run.energy_u_j, run.latency_s,
        ...phases.map((phase) => run.phases[phase]), countersText(run.counters), String(view.study.simulated)];
    }),
  };
}

export function runs(view: View): HTMLElement {
  let shown: Shown = kShown[0];
  const host = h('div');
  const setting = (run: Run) => {
    const point = pointOf(view, run);
    if (!point) return 'of no point';
    return point.baseline === null ? settingText(point.setting) : `governors '${point.baseline}' · ${settingText(point.setting, ['cpu_governor', 'gpu_governor'])}`;
  };
  const show = () =>
    replace(host, tableElement(`Runs: ${shown}${view.study.simulated ? ' (simulated)' : ''}`, [
      { name: 'Run', cell: (run: Run) => run.id },
      { name: 'Block', number: true, cell: (run) => run.block },
      { name: 'Network', cell: (run) => pointOf(view, run)?.network },
      { name: 'Setting', cell: setting },
      { name: 'Energy (k = 2)', number: true, cell: (run) => (run.energy_j === null ? `absent: ${run.failure || pointOf(view, run)?.why_absent || 'no reason given'}` : plusMinus(run.energy_j, kCoverage * (run.energy_u_j ?? 0), 'J')) },
      { name: 'Latency', number: true, cell: (run) => (run.latency_s === null ? 'absent' : second(run.latency_s, 4)) },
      { name: 'State', cell: (run) => run.state },
      { name: 'Counters', cell: (run) => countersText(run.counters) },
    ], wanted(view, shown)));
  const details = h('details', { toggle: () => details.open && show() }, h('summary', {}, `The runs (${view.study.runs.length})`),
    h('div', { class: 'controls' }, select<Shown>('Show', [...kShown], (text) => text, shown, (to) => ((shown = to), show()))), host);
  view.subscribe(() => details.open && show());
  return h('div', { id: 'runs' }, h('div', { class: 'title-line' }, details, csvButton(fileName(view.study.study.name, 'runs'), 'every run', () => csv(view))));
}

// Every setting measured, of the chosen network and batch size.
import type { Table } from '../csv';
import type { Point } from '../data';
import { fileName, h, replace } from '../dom';
import { interval, percent, settingText, significant } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import { csvButton, tableElement } from './table';
import { countersText } from './runs';

const chosen = (view: View) => view.study.points.filter((point) => point.network === view.choice.network && batchOf(point) === view.choice.batch);

function csv(view: View): Table {
  const keys = [...new Set(view.study.points.flatMap((point) => Object.keys(point.setting)))].sort();
  const estimates = ['energy_j', 'net_energy_j', 'power_w', 'latency_s'] as const;
  const header = ['network', 'baseline', ...keys, ...estimates.flatMap((name) => [name, `standard_uncertainty_of_${name}`]), 'inferences', 'runs', 'failed', 'throttled', 'why_absent', 'counters', 'simulated'];
  const rows = view.study.points.map((point) => [point.network, point.baseline, ...keys.map((key) => point.setting[key]), ...estimates.flatMap((name) => [point[name]?.value, point[name]?.uncertainty]),
    point.inferences, point.runs, point.failed, point.throttled, point.why_absent, countersText(point.counters), String(view.study.simulated)]);
  return { header, rows };
}

// By bootstrap, of the repeats' spread alone; nothing where they are too few.
function medianText({ repeats }: Point): string {
  if (!repeats || repeats.median_interval_j.low === null || repeats.median_interval_j.high === null) return '';
  return `${significant(repeats.median_interval_j.low)} to ${significant(repeats.median_interval_j.high)}\u00a0J`;
}

export function points(view: View): HTMLElement {
  const host = h('div');
  const absent = (point: Point) => `absent: ${point.why_absent || 'no reason given'}`;
  const show = () => {
    const caption = `Settings of ${view.choice.network}, batch ${view.choice.batch}${view.study.simulated ? ' (simulated)' : ''}`;
    replace(host, tableElement(caption, [
      { name: 'Setting', cell: (point: Point) => `${point.baseline === null ? '' : `governors '${point.baseline}': `}${settingText(point.setting, ['batch'])}` },
      { name: 'Energy', number: true, cell: (point) => (point.energy_j ? interval(point.energy_j, 'J') : absent(point)) },
      { name: 'Median, 95\u00a0%', number: true, cell: (point) => medianText(point) },
      { name: 'Without idle', number: true, cell: (point) => (point.net_energy_j ? interval(point.net_energy_j, 'J') : 'absent') },
      { name: 'Power', number: true, cell: (point) => (point.power_w ? interval(point.power_w, 'W') : 'absent') },
      { name: 'Latency', number: true, cell: (point) => (point.latency_s ? interval(point.latency_s, 's') : 'absent') },
      { name: 'Spread', number: true, cell: (point) => (point.energy_j ? percent(point.energy_j.spread_percent) : '') },
      { name: 'Runs', number: true, cell: (point) => `${point.runs}${point.failed ? `, ${point.failed} failed` : ''}${point.throttled ? `, ${point.throttled} throttled` : ''}` },
      { name: 'Counters', cell: (point) => countersText(point.counters) },
    ], chosen(view), (point) => view.grid.least?.point === point));
  };
  const details = h('details', { toggle: () => details.open && show() }, h('summary', {}, 'Every setting measured'), host);
  view.subscribe(() => details.open && show());
  return h('section', { id: 'points' }, h('div', { class: 'title-line' }, details, csvButton(fileName(view.study.study.name, 'points'), 'every setting', () => csv(view))));
}

// What the repeats say: how far they spread, which runs do not belong to the others, whether the board drifted.
import type { Drift, Point } from '../data';
import { h } from '../dom';
import { count, joule, percent, settingText } from '../format';
import type { View } from '../view';
import { tableElement } from './table';

const signed = (value: number, decimals: number) => `${value >= 0 ? '+' : ''}${percent(value, decimals)}`;

function spreadText(points: Point[]): string {
  const repeated = points.flatMap((point) => (point.repeats && point.repeats.count > 1 ? [point.repeats] : []));
  if (!repeated.length) return '';
  const spreads = repeated.map((one) => one.spread_percent).sort((a, b) => a - b);
  const wide = repeated.filter((one) => !one.within_criterion).length;
  return `The repeats of a setting spread by ${percent(spreads[0]!, 2)} to ${percent(spreads[spreads.length - 1]!, 2)}; ${wide ? count(wide) : 'none'} of ${count(repeated.length)} settings more than ${percent(repeated[0]!.criterion_percent, 0)}.`;
}

function driftText(drift: Drift): string {
  if (drift.shown === null) return `Drift over the blocks was not tested: ${drift.why_absent}.`;
  const p = drift.p! < 0.001 ? 'p < 0.001' : `p = ${drift.p!.toPrecision(2)}`;
  const tested = `${count(drift.runs)} runs of ${count(drift.settings)} settings in ${count(drift.blocks)} blocks`;
  const { trend, jump } = drift;
  const over = `${signed(trend.percent_over_study, 2)} from the first run to the last (95\u00a0%: ${signed(trend.percent_low, 2)} to ${signed(trend.percent_high, 2)})`;
  if (!drift.shown) return `No drift over the blocks was shown (${p}; ${tested}): ${over}.`;
  if (drift.kind === 'jump') return `The board drifted: a jump of ${signed(jump.percent, 2)} at run ${jump.sequence} of the order, block ${jump.block} (${p}; ${tested}).`;
  const hourly = trend.percent_per_hour === null ? '' : `, ${signed(trend.percent_per_hour, 2)} per hour`;
  return `The board drifted: ${over}${hourly} (${p}; ${tested}).`;
}

export function repeatsText(view: View): HTMLElement | null {
  const { points, drift } = view.study;
  if (!drift) return null;
  const outliers = points.flatMap((point) => (point.repeats?.outliers ?? []).map((outlier) => ({ point, outlier })));
  const none = points.some((point) => point.repeats && point.repeats.count >= 5) ? ' No run is an outlier.' : '';
  const element = h('div', { id: 'repeats-text' }, h('p', { class: 'sentence' }, `${spreadText(points)} ${driftText(drift)}${outliers.length ? '' : none}`));
  if (outliers.length)
    element.append(tableElement('Outliers: they are in the means, none is dropped', [
      { name: 'Run', number: true, cell: (row: (typeof outliers)[0]) => count(row.outlier.run) },
      { name: 'Block', number: true, cell: (row) => count(row.outlier.block) },
      { name: 'Setting', cell: ({ point }) => `${point.network} · ${point.baseline === null ? '' : `governors '${point.baseline}' · `}${settingText(point.setting)}` },
      { name: 'Energy', number: true, cell: (row) => joule(row.outlier.energy_j) },
      { name: 'From the median', number: true, cell: (row) => signed(row.outlier.deviation_percent, 1) },
      { name: 'Cause', cell: (row) => row.outlier.causes.join(', ') || 'no cause known' },
    ], outliers));
  return element;
}

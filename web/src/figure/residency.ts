// Where the governors kept the clocks: share of the inference phase at each clock.
import { scaleBand, scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import { s } from '../dom';
import { axisName, megahertz, mhz, percent, significant } from '../format';
import type { View } from '../view';
import type { Figure } from './frame';
import { widthOf } from './jobs';
import { canvas, thinned } from './parts';

const bare = (axis: string, value: number) => (axis.endsWith('_hz') ? mhz(value) : value >= 1e5 ? `${significant(value / 1e6, 3)}\u00a0M` : significant(value, 3));
const full = (axis: string, value: number) => (axis.endsWith('_hz') ? megahertz(value) : significant(value, 4));

type Residency = [axis: string, shares: [number, number][]][];

const kMostBars = 40;

// What has no steps of its own, as a temperature or a counter, stands in a dozen equal bins named by their middle.
function binned(shares: [number, number][]): [number, number][] {
  if (shares.length <= kMostBars) return shares;
  const [low, high] = [shares[0]![0], shares.at(-1)![0]];
  const sums = new Array<number>(12).fill(0);
  for (const [value, share] of shares) sums[Math.min(11, Math.floor((12 * (value - low)) / (high - low)))]! += share;
  return sums.map((share, i) => [low + ((i + 0.5) * (high - low)) / 12, share]);
}

function residencyOf(view: View): Residency {
  return Object.entries(view.baseline?.point.residency_percent ?? {}).map(([axis, shares]) => [axis, binned([...shares].sort((a, b) => a[0] - b[0]))]);
}

function panel(axis: string, shares: [number, number][], left: number, width: number, height: number, say: (text: string | null) => void): SVGGElement {
  const [top, bottom] = [44, height - 44];
  const x = scaleBand(shares.map(([hz]) => hz), [left + 40, left + width]).padding(0.2);
  const y = scaleLinear([0, 100], [bottom, top]);
  const group = s('g', {}, s('text', { class: 'axis-name', x: left + 2, y: 26 }, `${axisName(axis)} (% of the time)`));
  for (const tick of [0, 25, 50, 75, 100])
    group.append(s('path', { class: 'rule', d: `M${left + 40},${y(tick)}H${left + width}` }), s('text', { x: left + 34, y: y(tick) + 4, 'text-anchor': 'end' }, tick));
  for (const [hz, share] of shares) {
    const text = `${axisName(axis)} at ${full(axis, hz)}: ${percent(share)} of the time`;
    const wide = Math.min(x.bandwidth(), 56);
    group.append(s('rect', { class: 'share', x: x(hz)! + (x.bandwidth() - wide) / 2, y: y(share), width: wide, height: bottom - y(share), 'data-axis': axis, 'data-value': hz, 'data-percent': share }),
      s('rect', { x: x(hz), y: top, width: x.bandwidth(), height: bottom - top, fill: 'transparent', pointerenter: () => say(text), pointerleave: () => say(null) }, s('title', {}, text)));
    if (share >= 10) group.append(s('text', { x: x(hz)! + x.bandwidth() / 2, y: y(share) - 5, 'text-anchor': 'middle' }, Math.round(share)));
  }
  for (const [hz] of thinned(shares, Math.floor((width - 40) / Math.max(46, 12 + Math.max(...shares.map(([value]) => widthOf(bare(axis, value))))))))
    group.append(s('text', { x: x(hz)! + x.bandwidth() / 2, y: bottom + 16, 'text-anchor': 'middle' }, bare(axis, hz)));
  group.append(s('text', { class: 'axis-name', x: left + 40 + (width - 40) / 2, y: bottom + 35, 'text-anchor': 'middle' }, axis.endsWith('_hz') ? `${axisName(axis)} clock (MHz)` : axisName(axis)));
  return group;
}

// How much of the time each clock stood at its highest: what governors do with an idle minute shows there.
function highest(view: View): string {
  const clocks = residencyOf(view).filter(([axis, shares]) => axis.endsWith('_hz') && shares.length);
  const text = clocks.map(([axis, shares]) => `${axisName(axis)} ${percent(shares.at(-1)![1], 0)} of the time at ${megahertz(shares.at(-1)![0])}, the highest seen`);
  return text.length ? `${text.join('; ')}.` : '';
}

function draw(view: View, width: number, say: (text: string | null) => void) {
  const panels = residencyOf(view).filter(([, shares]) => shares.length);
  if (!panels.length) return `No residency was recorded for the governors '${view.choice.baseline}' here.`;
  const across = Math.max(1, Math.min(panels.length, Math.floor((width + 24) / 320)));
  const each = (width - 8 - (across - 1) * 24) / across;
  const height = 250;
  const drawing = canvas(view, width, height * Math.ceil(panels.length / across), `Share of time at each clock under the governors ${view.choice.baseline}. The CSV file has every number.`);
  panels.forEach(([axis, shares], i) => {
    const group = panel(axis, shares, (i % across) * (each + 24), each, height, say);
    group.setAttribute('transform', `translate(0,${height * Math.floor(i / across)})`);
    drawing.append(group);
  });
  return { drawing, readout: 'Point at a bar to read it.' };
}

function table(view: View): Table {
  const rows = view.baselines.flatMap(({ name, point }) => Object.entries(point.residency_percent).flatMap(([axis, shares]) => shares.map(([hz, share]) => [point.network, view.choice.batch, name, axis, hz, share, String(view.study.simulated)])));
  return { header: ['network', 'batch', 'baseline', 'watched', 'value', 'residency_percent', 'simulated'], rows };
}

export const residency: Figure = {
  id: 'residency',
  wide: true,
  applies: (study) => study.points.some((point) => point.baseline !== null && Object.keys(point.residency_percent).length > 0),
  title: (view) => `Where the governors '${view.choice.baseline}' kept the clocks`,
  sentence: (view) => `Share of the inference phase at each value, mean over the runs. ${highest(view)}`.trim(),
  draw,
  table,
};

// Rows of bars, one or more a row, beside each other in panels: one panel a quantity. Where a panel's
// values span more than a decade and a half, dots on a logarithmic axis stand in place of bars: a bar's length has no
// meaning there.
import { scaleLinear, scaleLog } from 'd3-scale';
import { s } from '../dom';
import { significant } from '../format';
import type { View } from '../view';
import { fitted, readable, widthOf } from './jobs';
import { canvas, type Simulated } from './parts';
import { addPicking, type Spot } from './pick';
import { legend, shape, tone, toneLine } from './tones';

export interface BarValue {
  value: number;
  half: number; // of the interval, same unit
  text: string; // for the readout
  label?: string; // at the bar's end, in place of the number
}
export interface BarPanel {
  name: string;
  unit: string; // "J", "s", "%": a prefix is put before it where that reads better
  linear?: boolean; // shares of a whole: never logarithmic
}
export interface BarRow {
  name: string;
  values: (BarValue | null | undefined)[][]; // [panel][series]; null: absent, undefined: there is no such thing
  why: string; // why values are absent
}
export interface BarChart {
  label: string; // for screen readers
  panels: BarPanel[];
  series: string[];
  rows: BarRow[];
  simulated?: Simulated; // where the rows are not this study's alone
}

interface Place {
  left: number;
  right: number;
  top: number;
}
const kBar = 12;
const kGap = 12; // between rows
const kHead = 22; // of a panel's name
const kFoot = 24; // of its ticks
const bare = (value: number) => significant(value, 3).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');

const isWide = (low: number, high: number) => low > 0 && high / low > 30;

function scaleOf(values: BarValue[], linear: boolean, left: number, right: number) {
  const highs = values.map((at) => at.value + at.half);
  const lows = values.map((at) => at.value);
  const [low, high] = [Math.min(...lows), Math.max(...highs)];
  if (!linear && isWide(low, high)) {
    const scale = scaleLog([low / 1.4, high * 1.2], [left, right]);
    const decades = scale.ticks().filter((tick) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
    return { x: (value: number) => scale(Math.max(value, low / 1.4)), ticks: decades.length > 1 ? decades : scale.ticks(3), log: true };
  }
  const scale = scaleLinear([Math.min(0, ...values.map((at) => at.value - at.half)), Math.max(high, 1e-12)], [left, right]).nice(4);
  return { x: (value: number) => scale(value), ticks: scale.ticks(right - left > 240 ? 5 : 3), log: false };
}

class Chart {
  readonly narrow: boolean;
  readonly names: number; // px of the rows' names, 0 where they stand above their bars
  readonly spots: Spot[] = [];

  constructor(readonly chart: BarChart, readonly width: number) {
    this.narrow = width < 520;
    this.names = this.narrow ? 0 : Math.min(width * 0.32, 14 + Math.max(...chart.rows.map((row) => widthOf(row.name)), 40));
  }
  // Of a panel the series that some row has: where panels stand below each other, none keeps room for others.
  private seriesIn(k: number): number {
    const { rows, series } = this.chart;
    const used = (panel: number) => Math.max(1, ...rows.map((row) => row.values[panel]!.reduce((n, at, j) => (at === undefined ? n : j + 1), 0)));
    return this.across > 1 || this.chart.panels.length < 2 ? series.length : used(k);
  }
  rowHeight(k: number): number {
    return this.seriesIn(k) * (kBar + 2) + (this.narrow ? 24 : kGap);
  }
  panelHeight(k: number): number {
    return kHead + this.chart.rows.length * this.rowHeight(k) + kFoot;
  }
  // How many panels stand beside each other: all of them or one, no ragged last row.
  get across(): number {
    return this.width - this.names >= this.chart.panels.length * 150 ? this.chart.panels.length : 1;
  }
  y(k: number, place: Place, row: number, series: number): number {
    return place.top + kHead + row * this.rowHeight(k) + (this.narrow ? 16 : 0) + series * (kBar + 2);
  }

  panel(k: number, place: Place, named: boolean): SVGGElement {
    const { chart } = this;
    const all = chart.rows.flatMap((row) => row.values[k]!.filter((at): at is BarValue => Boolean(at)));
    const [low, high] = [Math.min(...all.map((at) => at.value)), Math.max(0, ...all.map((at) => at.value))];
    const unit = readable(!chart.panels[k]!.linear && isWide(low, high) ? Math.sqrt(low * high) : high, chart.panels[k]!.unit);
    const ends = all.map((at) => at.label ?? bare(at.value * unit.factor));
    const scale = scaleOf(all, chart.panels[k]!.linear ?? false, place.left + 2, place.right - 12 - Math.min(90, Math.max(20, ...ends.map(widthOf))));
    const bottom = place.top + this.panelHeight(k) - kFoot;
    const group = s('g', { class: 'panel', 'data-panel': chart.panels[k]!.name });
    group.append(s('text', { class: 'axis-name', x: place.left, y: place.top + 10 }, `${chart.panels[k]!.name}${unit.unit ? ` (${unit.unit})` : ''}`));
    for (const tick of scale.ticks)
      group.append(s('path', { class: 'rule', d: `M${scale.x(tick).toFixed(1)},${place.top + kHead - 4}V${bottom}` }), s('text', { x: scale.x(tick), y: bottom + 15, 'text-anchor': 'middle' }, bare(tick * unit.factor)));
    chart.rows.forEach((row, i) => {
      if (named) group.append(this.rowName(k, row, place, i));
      row.values[k]!.forEach((at, j) => {
        const y = this.y(k, place, i, j);
        if (at === undefined) return;
        if (!at) return void group.append(s('text', { x: place.left + 4, y: y + kBar - 2, class: 'faint' }, 'absent', s('title', {}, row.why || 'no reason given')));
        group.append(...this.bar(at, j, scale, y, unit.factor, row.name));
        const end = scale.x(at.value);
        const from = Math.min(end, scale.x(0)) || place.left;
        this.spots.push({ x: end, y: y + kBar / 2, text: at.text, box: scale.log ? { x: end - 8, y: y - 2, width: 16, height: kBar + 4 } : { x: from - 2, y: y - 1, width: Math.abs(end - scale.x(0)) + 4, height: kBar + 2 } });
      });
    });
    return group;
  }

  private bar(at: BarValue, series: number, scale: ReturnType<typeof scaleOf>, y: number, factor: number, row: string): SVGElement[] {
    const data = { 'data-value': at.value, 'data-row': row, 'data-series': this.chart.series[series] ?? '' };
    const [zero, end] = [scale.log ? 0 : scale.x(0), scale.x(at.value)];
    const middle = y + kBar / 2;
    const [low, high] = [scale.x(at.value - at.half), scale.x(at.value + at.half)];
    const mark = scale.log ? shape(series, end, middle, data) : s('rect', { class: tone(series), x: Math.min(zero, end), y, width: Math.max(0.5, Math.abs(end - zero)), height: kBar, ...data });
    const whisker = high - low > (scale.log ? 9 : 3) ? [s('path', { class: scale.log ? toneLine(series) : 'whisker ink-line', d: `M${low.toFixed(1)},${middle}H${high.toFixed(1)}${scale.log ? '' : `M${low.toFixed(1)},${middle - 3}v6M${high.toFixed(1)},${middle - 3}v6`}` })] : [];
    return [mark, ...whisker, s('text', { x: Math.max(high, end) + (scale.log ? 9 : 6), y: y + kBar - 2 }, at.label ?? bare(at.value * factor))];
  }

  private rowName(k: number, row: BarRow, place: Place, i: number): SVGTextElement {
    const above = { x: place.left, y: this.y(k, place, i, 0) - 5 };
    const beside = { x: place.left - 8, y: this.y(k, place, i, 0) + (this.seriesIn(k) * (kBar + 2)) / 2 + 3, 'text-anchor': 'end' };
    return s('text', { class: 'axis-name', ...(this.narrow ? above : beside) }, fitted(row.name, this.narrow ? place.right - place.left : this.names - 8), s('title', {}, row.name));
  }
}

export function barChart(view: View, chart: BarChart, width: number, say: (text: string | null) => void): SVGSVGElement {
  const made = new Chart(chart, width);
  const head = chart.series.length > 1 ? legend(chart.series, 4, 28, width - 8) : { group: null, height: 0 };
  const top = 22 + head.height;
  const { across } = made;
  const heights = chart.panels.map((_, k) => made.panelHeight(k) + 8);
  const tops = chart.panels.map((_, k) => top + (across > 1 ? 0 : heights.slice(0, k).reduce((sum, height) => sum + height, 0)));
  const drawing = canvas(view, width, tops.at(-1)! + heights.at(-1)!, chart.label, chart.simulated);
  if (head.group) drawing.append(head.group);
  const each = (width - made.names - 4) / across;
  chart.panels.forEach((_, k) => {
    const column = k % across;
    const left = made.names + 4 + column * each;
    drawing.append(made.panel(k, { left, right: left + each - (column + 1 < across ? 14 : 2), top: tops[k]! }, column === 0));
  });
  addPicking(drawing, made.spots, say);
  return drawing;
}

// A running chart: uPlot, with a legend of buttons that the keyboard reaches, and a cursor that arrow
// keys move.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { h, set } from '../dom';
import type { Value } from './stream';

export interface Line { name: string; hint: string; column: Value[]; format: (value: number) => string; wide?: boolean; band?: [Value[], Value[]] }

// Okabe and Ito's colours (2008), darkened or lightened until they stand out by 3:1 from the paper;
// dashes tell lines apart where colours do not.
const kColours = {
  light: ['#0a5d9a', '#b34a00', '#00785a', '#8a3a6b', '#6b6100', '#3a6f8f', '#9c2b2b', '#4a4f57'],
  dark: ['#6ab2f0', '#f59b5b', '#3fc7a0', '#dd9cc4', '#e6d84a', '#9fd0ea', '#f08c8c', '#c2c7ce'],
};
const kDashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4], [2, 6], [6, 2, 2, 2, 2, 2]];

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
export const isDark = () => document.documentElement.dataset['theme'] === 'dark' || (document.documentElement.dataset['theme'] !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
const colourAt = (i: number) => kColours[isDark() ? 'dark' : 'light'][i % kColours.light.length]!;
const dashAt = (i: number) => kDashes[(i + Math.floor(i / kDashes.length)) % kDashes.length]!;
// The total is the one in the ink's own colour, unbroken.
const colourOf = (i: number, wide = false) => (wide ? css('--ink') : colourAt(i));
const dashOf = (i: number, wide = false) => (wide ? [] : dashAt(i));

// The line's own look, drawn small.
function swatch(i: number, wide: boolean): HTMLCanvasElement {
  const canvas = h('canvas', { width: 56, height: 12, 'aria-hidden': 'true' });
  const draw = canvas.getContext('2d')!;
  draw.strokeStyle = colourOf(i, wide);
  draw.lineWidth = wide ? 5 : 3;
  draw.setLineDash(dashOf(i, wide).map((part) => part * 2));
  draw.beginPath();
  draw.moveTo(0, 6);
  draw.lineTo(56, 6);
  draw.stroke();
  return canvas;
}

export class Chart {
  readonly element: HTMLElement;
  private readonly host = h('div', { class: 'live-plot', tabindex: 0, role: 'group' });
  private readonly values: HTMLElement[] = [];
  private readonly buttons: HTMLButtonElement[] = [];
  private readonly when = h('span', { class: 'when' });
  private readonly plot: uPlot;
  private readonly observer = new ResizeObserver(() => this.resize());
  private shown: number[] = []; // rows: first and end, of what is drawn
  private rows: number[] = [];

  constructor(id: string, title: string, axis: string, private readonly lines: Line[], private readonly look: { perUnit?: number; isFromZero?: boolean; note?: string } = {}) {
    const legend = h('div', { class: 'live-legend', role: 'group', 'aria-label': `Lines of '${title}'` });
    lines.forEach((line, i) => {
      const value = h('span', { class: 'value' }, '—');
      const button = h('button', { type: 'button', class: 'quiet', 'aria-pressed': 'true', title: line.hint, click: () => this.toggle(i) }, h('span', { class: 'swatch' }), h('span', { class: 'name' }, line.name), value);
      this.values.push(value);
      this.buttons.push(button);
      legend.append(button);
    });
    this.host.setAttribute('aria-label', `${title}, a running chart. Left and right arrow keys move a cursor; the buttons below then show the values there.`);
    this.element = h('figure', { id, class: 'live-figure' }, h('figcaption', {}, h('h2', {}, title), this.look.note ? h('span', { class: 'when' }, this.look.note) : null, this.when), this.host, legend);
    this.plot = this.make(axis);
    this.host.addEventListener('keydown', (event) => this.move(event));
    this.observer.observe(this.host);
    this.paintSwatches();
  }

  // Which rows of the columns are drawn; `from` and `to` are the axis.
  draw(time: number[], first: number, end: number, from: number, to: number): void {
    this.shown = [first, end];
    this.rows = time;
    const cut = (column: Value[]) => column.slice(first, end);
    const data: uPlot.AlignedData = [time.slice(first, end), ...this.lines.flatMap((line) => [cut(line.column), ...(line.band ? line.band.map(cut) : [])])];
    this.plot.batch(() => {
      this.plot.setData(data, false);
      this.plot.setScale('x', { min: from, max: to });
    });
    this.readOut();
  }

  // Another program has come in the place of the one that this chart was of.
  end(): void {
    this.observer.disconnect();
    this.plot.destroy();
  }

  // Colours come from the style sheet: after a change of theme all is drawn anew.
  restyle(): void {
    this.paintSwatches();
    this.plot.redraw(false, true);
  }

  private height(): number { return Math.max(170, Math.min(300, this.host.clientWidth * 0.4)); }
  private resize(): void {
    const width = this.host.clientWidth;
    if (width > 0 && (width !== this.plot.width || this.height() !== this.plot.height)) this.plot.setSize({ width, height: this.height() });
  }
  private paintSwatches(): void {
    this.buttons.forEach((button, i) => button.querySelector('.swatch')!.replaceChildren(swatch(i, this.lines[i]!.wide ?? false)));
  }

  private make(unit: string): uPlot {
    const series: uPlot.Series[] = [{}], bands: uPlot.Band[] = [];
    this.lines.forEach((line, i) => {
      series.push({ label: String(i), stroke: () => colourOf(i, line.wide), width: line.wide ? 2 : 1.5, dash: dashOf(i, line.wide), spanGaps: false, points: { show: false } });
      if (!line.band) return;
      const edge = (): uPlot.Series => ({ label: `${i} edge`, stroke: 'transparent', width: 0, spanGaps: false, points: { show: false } });
      bands.push({ series: [series.length + 1, series.length], fill: () => `${colourOf(i, line.wide)}22` });
      series.push(edge(), edge());
    });
    const axis = (more: uPlot.Axis): uPlot.Axis => ({ stroke: () => css('--ink-soft'), grid: { stroke: () => css('--rule'), width: 1 }, ticks: { stroke: () => css('--rule'), width: 1 }, font: '12px system-ui, sans-serif', ...more });
    const plot = new uPlot({
      width: this.host.clientWidth || 320, height: 220, series, bands, legend: { show: false }, pxAlign: true,
      cursor: { drag: { x: false, y: false }, y: false },
      scales: { x: { time: true, auto: false }, y: { range: (_, low, high) => range(low, high, this.look.isFromZero ?? true) } },
      axes: [axis({ values: [[60, '{HH}:{mm}', null, null, null, null, null, null, 1], [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]], space: 80 }), axis({ size: 58, values: (_, splits) => splits.map((value) => String(+(value / (this.look.perUnit ?? 1)).toPrecision(6))), label: unit, labelSize: 18, labelFont: '12px system-ui, sans-serif' })],
      hooks: { setCursor: [() => this.readOut()] },
    }, [[], ...series.slice(1).map(() => [])], this.host);
    plot.root.setAttribute('aria-hidden', 'true');
    return plot;
  }

  private toggle(i: number): void {
    const button = this.buttons[i]!;
    const isOn = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(isOn));
    let place = 1;
    for (const line of this.lines.slice(0, i)) place += line.band ? 3 : 1;
    for (let k = 0; k < (this.lines[i]!.band ? 3 : 1); ++k) this.plot.setSeries(place + k, { show: isOn });
  }

  private move(event: KeyboardEvent): void {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    const rows = this.plot.data[0].length;
    if (event.key === 'Escape') this.plot.setCursor({ left: -10, top: -10 });
    if (step === 0 || rows === 0) return;
    event.preventDefault();
    const size = event.shiftKey ? Math.max(1, Math.round(rows / 20)) : 1;
    const at = Math.min(rows - 1, Math.max(0, (this.plot.cursor.idx ?? rows - 1 + (step > 0 ? 0 : 1)) + step * size));
    this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][at]!, 'x'), top: 10 });
  }

  // At the cursor, or of the newest row.
  private readOut(): void {
    const [first = 0, end = 0] = this.shown;
    const at = this.plot.cursor.idx;
    const isAtCursor = at !== null && at !== undefined && (this.plot.cursor.left ?? -1) >= 0;
    const row = isAtCursor ? first + at : end - 1;
    this.lines.forEach((line, i) => {
      const value = line.column[row];
      set(this.values[i]!, value === null || value === undefined ? '—' : line.format(value));
    });
    const time = this.rows[row];
    set(this.when, isAtCursor && time !== undefined ? `at ${new Date(time * 1000).toLocaleTimeString('en-GB')}` : '');
  }
}

// From 0 for what is a power or a clock; a flat line stands apart from the edges.
function range(low: number | null, high: number | null, isFromZero: boolean): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const margin = Math.max((high - low) * 0.08, isFromZero ? 0 : 1);
  const bottom = isFromZero && low >= 0 ? 0 : low - margin;
  return [bottom, high > bottom ? high + (isFromZero ? high * 0.08 : margin) : bottom + 1];
}

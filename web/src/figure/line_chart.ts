// Lines with k = 2 whiskers over one or two axes of values, and dashed levels across. A third quantity has a
// panel of its own below, over the same x.
import { scaleLinear, scalePoint, type ScaleLinear } from 'd3-scale';
import { s } from '../dom';
import type { View } from '../view';
import { fitted, widthOf } from './jobs';
import { canvas, path, spaced, type Box } from './parts';

export interface LinePoint {
  x: number;
  y: number;
  half: number; // of the interval, same unit as y
  text: string; // for the readout
}
export type Side = 'left' | 'right' | 'below';
export interface Line {
  name: string;
  points: LinePoint[];
  side: Side;
  colour?: string; // otherwise that of its side
}
export interface Level {
  name: string;
  value: number;
  side: Side;
}
export interface Axis {
  name: string;
  format: (value: number) => string;
}
export interface LineChart {
  label: string; // for screen readers
  x: Axis;
  left: Axis;
  right?: Axis;
  below?: Axis;
  lines: Line[];
  levels: Level[];
  ordinal?: boolean; // x values at even distances, as batch sizes
  mark?: number; // an x to point out: where the energy is least
}

type Scale = (value: number) => number;
const round = (value: number) => Number(value.toFixed(1));

function valueScale(chart: LineChart, side: Side, box: Box): ScaleLinear<number, number> {
  const values = chart.lines.filter((line) => line.side === side).flatMap((line) => line.points.flatMap((p) => [p.y - p.half, p.y + p.half]));
  const levels = chart.levels.filter((level) => level.side === side).map((level) => level.value);
  return scaleLinear([0, Math.max(...values, ...levels, 1e-9)], [box.bottom, box.top]).nice(side === 'below' ? 3 : 5);
}

function xScale(chart: LineChart, box: Box): Scale {
  const values = [...new Set(chart.lines.flatMap((line) => line.points.map((p) => p.x)))].sort((a, b) => a - b);
  if (chart.ordinal) {
    const scale = scalePoint(values.map(String), [box.left, box.right]).padding(0.3);
    return (value) => scale(String(value)) ?? box.left;
  }
  const [low, high] = [values[0] ?? 0, values.at(-1) ?? 1];
  return scaleLinear([low, high === low ? low + 1 : high], [box.left + 12, box.right - 12]);
}

// Rules and numbers of the lower panel.
function drawBelow(drawing: SVGSVGElement, axis: Axis, y: ScaleLinear<number, number>, box: Box): void {
  for (const value of y.ticks(3))
    drawing.append(s('path', { class: 'rule', d: `M${box.left},${round(y(value))}H${box.right}` }), s('text', { x: box.left - 7, y: y(value) + 4, 'text-anchor': 'end' }, axis.format(value)));
  drawing.append(s('text', { class: 'axis-name', x: 4, y: box.top - 13 }, axis.name));
}

function drawAxes(drawing: SVGSVGElement, chart: LineChart, x: Scale, left: ScaleLinear<number, number>, right: ScaleLinear<number, number> | null, box: Box, foot: number): void {
  for (const value of left.ticks(5)) {
    drawing.append(s('path', { class: 'rule', d: `M${box.left},${round(left(value))}H${box.right}` }),
      s('text', { x: box.left - 7, y: left(value) + 4, 'text-anchor': 'end', class: right ? 'left' : null }, chart.left.format(value)));
  }
  for (const value of right?.ticks(5) ?? []) drawing.append(s('text', { x: box.right + 7, y: right!(value) + 4, class: 'right' }, chart.right!.format(value)));
  const values = [...new Set(chart.lines.flatMap((line) => line.points.map((p) => p.x)))].sort((a, b) => a - b);
  for (const value of spaced(values, x, (value) => Math.max(22, widthOf(chart.x.format(value)) + 8)))
    drawing.append(s('path', { class: 'frame-line', d: `M${round(x(value))},${foot}v4` }), s('text', { x: x(value), y: foot + 18, 'text-anchor': 'middle' }, chart.x.format(value)));
  for (const bottom of new Set([box.bottom, foot])) drawing.append(s('path', { class: 'frame-line', d: `M${box.left},${bottom}H${box.right}` }));
  drawing.append(s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: foot + 37, 'text-anchor': 'middle' }, chart.x.name));
  drawing.append(s('text', { class: right ? 'axis-name left' : 'axis-name', x: 4, y: 34 }, chart.left.name));
  if (chart.right) drawing.append(s('text', { class: 'axis-name right', x: box.right + 44, y: 34, 'text-anchor': 'end' }, chart.right.name));
}

function drawLine(drawing: SVGSVGElement, line: Line, x: Scale, y: Scale): void {
  const side = line.colour ? '' : line.side;
  const stroke = line.colour ? `stroke: ${line.colour}` : null;
  drawing.append(s('path', { class: `line ${side}`, style: stroke, d: path(line.points.map((p) => ({ x: x(p.x), y: y(p.y) }))) }));
  for (const p of line.points) {
    const reach = y(p.y - p.half) - y(p.y + p.half);
    if (reach > 3) drawing.append(s('path', { class: `whisker ${side}`, style: stroke, d: `M${round(x(p.x))},${round(y(p.y - p.half))}V${round(y(p.y + p.half))}` }));
    drawing.append(s('circle', { class: side, style: line.colour ? `fill: ${line.colour}; stroke: var(--paper)` : null, cx: round(x(p.x)), cy: round(y(p.y)), r: 3.2, 'data-x': p.x, 'data-value': p.y, 'data-side': line.side }));
  }
}

// Where a level's name covers the lines least: at either end, above or below it.
function roomiest(at: number, box: Box, dots: { x: number; y: number }[]): { right: boolean; y: number } {
  const choices = [false, true].flatMap((right) => [at - 6, at + 15].map((y) => ({ right, y })));
  const room = ({ right, y }: { right: boolean; y: number }) => {
    if (y > box.bottom || y < box.top + 4) return -1; // above stands the axis's name
    const near = dots.filter((dot) => (right ? dot.x > box.right - 120 : dot.x < box.left + 120));
    return Math.min(60, ...near.map((dot) => Math.abs(dot.y - (y - 4))));
  };
  return choices.reduce((best, choice) => (room(choice) > room(best) + 4 ? choice : best));
}

function drawLevel(drawing: SVGSVGElement, level: Level, y: Scale, box: Box, two: boolean, dots: { x: number; y: number }[]): void {
  const at = round(y(level.value));
  const { right, y: nameY } = roomiest(at, box, dots);
  drawing.append(s('path', { class: two && level.side !== 'below' ? `line ${level.side}` : 'governor', style: 'stroke-dasharray: 6 4', d: `M${box.left},${at}H${box.right}` }));
  drawing.append(s('text', { class: two && level.side !== 'below' ? level.side : 'governor-name', x: right ? box.right - 4 : box.left + 4, y: nameY, 'text-anchor': right ? 'end' : 'start', style: 'paint-order: stroke; stroke: var(--paper); stroke-width: 3px' }, fitted(level.name, box.right - box.left - 8)));
}

// Names at the ends of coloured lines, pushed apart so that none covers another.
function drawNames(drawing: SVGSVGElement, lines: Line[], x: Scale, y: Scale, box: Box): void {
  const ends = lines.filter((line) => line.points.length).map((line) => ({ line, at: y(line.points.at(-1)!.y) })).sort((a, b) => a.at - b.at);
  const gap = Math.min(13, (box.bottom - box.top) / Math.max(1, ends.length));
  ends.forEach((end, i) => (end.at = Math.max(end.at, i ? ends[i - 1]!.at + gap : box.top)));
  for (let i = ends.length - 1; i >= 0; --i) ends[i]!.at = Math.min(ends[i]!.at, i + 1 < ends.length ? ends[i + 1]!.at - gap : box.bottom);
  for (const { line, at } of ends) {
    const last = line.points.at(-1)!;
    drawing.append(s('path', { class: 'rule', style: 'shape-rendering: auto', d: path([{ x: x(last.x) + 5, y: y(last.y) }, { x: box.right + 8, y: at }]) }),
      s('circle', { cx: box.right + 13, cy: at, r: 3.5, style: `fill: ${line.colour}` }), s('text', { x: box.right + 20, y: at + 4 }, fitted(line.name, 120), s('title', {}, line.name)));
  }
}

function addCursor(drawing: SVGSVGElement, chart: LineChart, x: Scale, box: Box, foot: number, say: (text: string | null) => void): void {
  const values = [...new Set(chart.lines.flatMap((line) => line.points.map((p) => p.x)))].sort((a, b) => a - b);
  const cursor = s('path', { class: 'cursor-line', visibility: 'hidden' });
  let at = 0;
  const show = (i: number) => {
    at = Math.min(Math.max(i, 0), values.length - 1);
    const value = values[at];
    if (value === undefined) return;
    cursor.setAttribute('d', `M${round(x(value))},${box.top}V${foot}`);
    cursor.setAttribute('visibility', 'visible');
    const texts = chart.lines.flatMap((line) => line.points.filter((p) => p.x === value).map((p) => p.text));
    say(`${chart.x.name.replace(/ \(.*/, '')} ${chart.x.format(value)}${/\((.*)\)/.exec(chart.x.name)?.[1] ? ` ${/\((.*)\)/.exec(chart.x.name)![1]}` : ''}: ${texts.join('; ')}`);
  };
  const hide = () => (cursor.setAttribute('visibility', 'hidden'), say(null));
  drawing.addEventListener('pointermove', (event) => {
    const px = event.clientX - drawing.getBoundingClientRect().left;
    show(values.reduce((best, value, i) => (Math.abs(x(value) - px) < Math.abs(x(values[best]!) - px) ? i : best), 0));
  });
  drawing.addEventListener('pointerleave', hide);
  drawing.addEventListener('blur', hide);
  drawing.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(at + step);
  });
  drawing.append(cursor);
}

const kBelow = 112; // px of the lower panel

export function lineChart(view: View, chart: LineChart, width: number, say: (text: string | null) => void): SVGSVGElement {
  const named = chart.lines.some((line) => line.colour);
  const upper = Math.round(Math.min(360, 220 + width * 0.18));
  const longest = Math.max(0, ...chart.lines.filter((line) => line.colour).map((line) => Math.min(18, line.name.length)));
  const box = { left: 52, top: 50, right: width - (named ? Math.min(0.4 * width, 26 + 7 * longest) : chart.right ? 50 : 14), bottom: upper - 46 };
  const low = { ...box, top: box.bottom + 40, bottom: box.bottom + 40 + kBelow };
  const foot = chart.below ? low.bottom : box.bottom;
  const drawing = canvas(view, width, foot + 46, chart.label);
  drawing.setAttribute('tabindex', '0');
  const x = xScale(chart, box);
  const left = valueScale(chart, 'left', box);
  const right = chart.right ? valueScale(chart, 'right', box) : null;
  const below = valueScale(chart, 'below', low);
  const scale = (side: Side) => (side === 'below' ? below : side === 'right' && right ? right : left);
  const boxOf = (side: Side) => (side === 'below' ? low : box);
  drawAxes(drawing, chart, x, left, right, box, foot);
  if (chart.below) drawBelow(drawing, chart.below, below, low);
  if (chart.mark !== undefined)
    drawing.append(s('path', { class: 'drop', d: `M${round(x(chart.mark))},${box.top}V${foot}` }), s('text', { class: 'mark-name', x: x(chart.mark) + (x(chart.mark) > width / 2 ? -5 : 5), y: foot - 6, 'text-anchor': x(chart.mark) > width / 2 ? 'end' : 'start', style: 'font-weight: 400' }, 'least energy'));
  for (const line of chart.lines) drawLine(drawing, line, x, scale(line.side));
  const dots = (side: Side) => chart.lines.filter((line) => boxOf(line.side) === boxOf(side)).flatMap((line) => line.points.map((p) => ({ x: x(p.x), y: scale(line.side)(p.y) })));
  for (const level of chart.levels) drawLevel(drawing, level, scale(level.side), boxOf(level.side), Boolean(right), dots(level.side));
  if (named) drawNames(drawing, chart.lines, x, left, box);
  addCursor(drawing, chart, x, box, foot, say);
  return drawing;
}

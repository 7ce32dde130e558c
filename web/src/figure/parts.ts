// Pieces that several drawings share.
import { s } from '../dom';
import { megahertz } from '../format';
import type { Vertex } from '../contour';
import type { View } from '../view';

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export type Simulated = 'all' | 'some' | 'none';

export function canvas(view: View, width: number, height: number, label: string, simulated: Simulated = view.study.simulated ? 'all' : 'none'): SVGSVGElement {
  const drawing = s('svg', { class: 'drawing', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  if (simulated !== 'none') drawing.append(s('text', { class: 'simulated-tag', x: width - 4, y: 11, 'text-anchor': 'end' }, simulated === 'some' ? 'PARTLY SIMULATED' : 'SIMULATED'));
  return drawing;
}

export const path = (points: { x: number; y: number }[]) => points.map((p, i) => `${i ? 'L' : 'M'}${p.x.toFixed(1)},${p.y.toFixed(1)}`).join('');

// The mark of the least energy; it says where it stands in the study's own coordinates.
export function minimumMark(x: number, y: number, cpu: number, gpu: number, energy: number): SVGGElement {
  return s('g', { class: 'minimum', transform: `translate(${x.toFixed(2)},${y.toFixed(2)})`, 'data-cpu-hz': cpu, 'data-gpu-hz': gpu, 'data-energy-j': energy },
    s('title', {}, `Least energy: CPU ${megahertz(cpu)}, GPU ${megahertz(gpu)}`),
    s('circle', { class: 'mark-ring', r: 7 }), s('circle', { class: 'mark-core', r: 7 }), s('circle', { class: 'mark-dot', r: 2.5 }));
}

export function hatch(): SVGDefsElement {
  return s('defs', {}, s('pattern', { id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    s('rect', { width: 6, height: 6, style: 'fill: var(--paper)' }), s('line', { x1: 0, y1: 0, x2: 0, y2: 6, style: 'stroke: var(--ink-soft); stroke-width: 1.5; opacity: .5' })));
}

// At most `most` of the values, evenly picked, both ends kept: for axis labels.
export function thinned<T>(values: T[], most: number): T[] {
  if (values.length <= most) return values;
  const step = Math.ceil((values.length - 1) / Math.max(1, most - 1));
  return values.filter((_, i) => (values.length - 1 - i) % step === 0);
}

// Of values that stand to scale those whose labels have room, the last one among them; `gap` px between neighbours' places.
export function spaced<T>(values: T[], place: (value: T) => number, gap: number | ((value: T) => number)): T[] {
  const last = values.at(-1);
  if (last === undefined) return [];
  const need = (a: T, b: T) => (typeof gap === 'number' ? gap : (gap(a) + gap(b)) / 2);
  const free = (a: T, b: T) => Math.abs(place(a) - place(b)) >= need(a, b);
  // Evenly picked where that has room: clocks mostly stand in equal steps.
  const even = [1, 2, 3, 4, 5].map((step) => values.filter((_, i) => (values.length - 1 - i) % step === 0)).find((some) => some.every((value, i) => i === 0 || free(some[i - 1]!, value))) ?? [];
  const kept: T[] = [];
  values.slice(0, -1).forEach((value, i) => (i === 0 || (free(value, kept.at(-1)!) && free(value, last))) && kept.push(value));
  const greedy = kept.length && !free(kept[0]!, last) ? [last] : [...kept, last];
  return even.length >= 0.6 * greedy.length ? even : greedy;
}

export const lengthOf = (line: Vertex[]) => line.slice(1).reduce((sum, p, i) => sum + Math.hypot(p.x - line[i]!.x, p.y - line[i]!.y), 0);

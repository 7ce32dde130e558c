// Series that have no order: each its colour and its shape, so that neither print in grey nor a
// colour-blind eye takes one for another. Colours after M. Okabe, K. Ito (2008), darkened for thin marks.
import { s } from '../dom';
import { widthOf } from './jobs';

export const kTones = 6;
const kShapes = ['M-4,0A4,4 0 1,1 4,0A4,4 0 1,1 -4,0Z', 'M-3.6,-3.6H3.6V3.6H-3.6Z', 'M0,-4.8L4.6,3.4H-4.6Z', 'M0,-5L5,0L0,5L-5,0Z', 'M0,4.8L4.6,-3.4H-4.6Z', 'M-4.2,-1.6H-1.6V-4.2H1.6V-1.6H4.2V1.6H1.6V4.2H-1.6V1.6H-4.2Z'];

export const tone = (i: number) => `tone${i % kTones}`;
export const toneLine = (i: number) => `tone-line tone-line${i % kTones}`;

export function shape(i: number, x: number, y: number, data: Record<string, string | number> = {}): SVGPathElement {
  return s('path', { class: `shape ${tone(i)}`, transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`, d: kShapes[i % kShapes.length]!, ...data });
}

// Names of series in lines across the drawing; tells how high it became.
export function legend(names: string[], left: number, top: number, right: number): { group: SVGGElement; height: number } {
  const group = s('g', { class: 'legend' });
  let [x, y] = [left, top];
  names.forEach((name, i) => {
    const width = 32 + widthOf(name);
    if (x > left && x + width > right) [x, y] = [left, y + 18];
    group.append(shape(i, x + 5, y - 4), s('text', { x: x + 14, y }, name));
    x += width;
  });
  return { group, height: y - top + 18 };
}

// One cursor over the marks of a drawing, moved by pointer and keyboard alike; the readout line says what
// it stands on. For drawings whose marks lie anywhere: bars, dots, steps.
import { s } from '../dom';

export interface Spot {
  x: number; // px
  y: number;
  text: string;
  box?: { x: number; y: number; width: number; height: number }; // a bar: outlined and hit as a whole
}
export interface Picking {
  along?: boolean; // the pointer's height does not matter
  picked?: (i: number | null) => void;
}

const kReach = 34; // px from a mark at which it still answers the pointer

function distance(spot: Spot, x: number, y: number, along: boolean): number {
  const { box } = spot;
  if (!box) return Math.hypot(spot.x - x, along ? 0 : spot.y - y);
  const outside = (at: number, from: number, size: number) => Math.max(from - at, 0, at - from - size);
  return Math.hypot(outside(x, box.x, box.width), outside(y, box.y, box.height));
}

export function addPicking(drawing: SVGSVGElement, spots: Spot[], say: (text: string | null) => void, { along = false, picked }: Picking = {}): { mark: (i: number | null) => void } {
  const ring = s('circle', { class: 'cursor', r: 8, visibility: 'hidden', 'pointer-events': 'none' });
  const frame = s('rect', { class: 'cursor', visibility: 'hidden', 'pointer-events': 'none' });
  let at = -1;
  const mark = (i: number | null) => {
    const spot = i === null ? undefined : spots[i];
    ring.setAttribute('visibility', spot && !spot.box ? 'visible' : 'hidden');
    frame.setAttribute('visibility', spot?.box ? 'visible' : 'hidden');
    if (!spot) return;
    ring.setAttribute('cx', spot.x.toFixed(1));
    ring.setAttribute('cy', spot.y.toFixed(1));
    for (const [name, value] of Object.entries(spot.box ?? {})) frame.setAttribute(name, String(value));
  };
  const show = (i: number) => {
    at = Math.min(Math.max(i, 0), spots.length - 1);
    mark(at);
    say(spots[at]!.text);
    picked?.(at);
  };
  const hide = () => (mark(null), say(null), picked?.(null));
  drawing.addEventListener('pointermove', (event) => {
    const frameOf = drawing.getBoundingClientRect();
    const [x, y] = [event.clientX - frameOf.left, event.clientY - frameOf.top];
    const far = spots.map((spot) => distance(spot, x, y, along));
    const best = far.reduce((least, d, i) => (d < far[least]! ? i : least), 0);
    if (spots.length && far[best]! <= (along ? Infinity : kReach)) show(best);
    else hide();
  });
  drawing.addEventListener('pointerleave', hide);
  drawing.addEventListener('blur', hide);
  drawing.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -spots.length, End: spots.length }[event.key];
    if (!step || !spots.length) return;
    event.preventDefault();
    show(at + step);
  });
  drawing.setAttribute('tabindex', '0');
  drawing.append(ring, frame);
  return { mark };
}

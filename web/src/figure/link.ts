// What is pointed at in one figure is marked in the others that show the same cells. A figure is drawn anew at
// each choice: only its last drawing listens.
import type { Pointed, View } from '../view';

type Listener = (index: number | null) => void;
interface Links {
  listeners: Map<string, Listener>;
  from: string; // the figure that points just now: it marks for itself
}
const links = new WeakMap<View, Links>();

function linksOf(view: View): Links {
  const known = links.get(view);
  if (known) return known;
  const made: Links = { listeners: new Map(), from: '' };
  links.set(view, made);
  view.onPoint((at: Pointed | null) => {
    const cell = at && view.grid.cells.flat().find((one) => one?.cpu === at.cpu && one.gpu === at.gpu);
    made.listeners.forEach((listener, figure) => figure !== made.from && listener(cell ? cell.index : null));
  });
  return made;
}

export function onPointed(view: View, figure: string, listener: Listener): void {
  linksOf(view).listeners.set(figure, listener);
}

// `index` into study.points, of a cell of the map; null: at none.
export function pointAt(view: View, figure: string, index: number | null): void {
  const made = linksOf(view);
  made.from = figure;
  const cell = index === null ? undefined : view.grid.cells.flat().find((one) => one?.index === index);
  view.point(cell ? { cpu: cell.cpu, gpu: cell.gpu } : null);
  made.from = '';
}

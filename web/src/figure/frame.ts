// What every figure has round it: title, sentence, controls, the drawing, a line that reads out the value
// under the pointer or the keyboard's cursor, and the downloads. A figure is drawn when it comes near
// the window, and again when the choice or its width changes.
import { toCsv, type Table } from '../csv';
import { download, fileName, h, replace } from '../dom';
import type { Study } from '../data';
import type { View } from '../view';
import { savePng, saveSvg } from './export';

export interface Drawn {
  drawing: SVGSVGElement;
  readout: string; // what the readout line says when nothing is pointed at
}
export interface Figure {
  id: string;
  // 'choice' (the usual): one for each network and batch size; 'study': one for all of it.
  scope?: 'choice' | 'study';
  wide?: boolean; // takes the whole width of the page
  // Whether the study has anything for it at all; where not, the figure is left out of page and paper.
  applies?: (study: Study) => boolean;
  title: (view: View) => string;
  sentence: (view: View) => string;
  controls?: (view: View) => Node[];
  // Draws at a width in px; a string says why there is nothing to draw.
  draw: (view: View, width: number, say: (text: string | null) => void) => Drawn | string;
  table: (view: View) => Table;
}

const observers = new Map<Element, (seen: boolean) => void>();
const nearby = new IntersectionObserver((entries) => entries.forEach((entry) => observers.get(entry.target)?.(entry.isIntersecting)), {
  rootMargin: '300px',
});

// A figure that fails says so in its place and leaves the others whole.
function drawOrSay(figure: Figure, view: View, width: number, say: (text: string | null) => void): Drawn | string {
  try {
    return figure.draw(view, width, say);
  } catch (error) {
    return `This figure could not be drawn from this study: ${(error as Error).message}. Please report it, with the study.`;
  }
}

// `first`: drawn as soon as the page stands, wherever it is on it.
export function figureElement(figure: Figure, view: View, first = false): HTMLElement {
  const host = h('div', { class: 'plot' });
  const readout = h('output', { class: 'readout', for: figure.id });
  const title = h('h3', { id: `${figure.id}-title` });
  const sentence = h('p', { class: 'sentence' });
  const controls = h('div', { class: 'controls' });
  const element = h('figure', { id: figure.id, class: figure.wide ? 'wide' : null, 'aria-labelledby': `${figure.id}-title` },
    h('figcaption', {}, title, sentence), controls, host, readout);
  let drawn: Drawn | null = null;
  let near = first;
  let stale = true;
  let width = 0;

  const say = (text: string | null) => (readout.textContent = text ?? drawn?.readout ?? '');
  const draw = () => {
    stale = false;
    const made = drawOrSay(figure, view, Math.max(260, host.clientWidth), say);
    drawn = typeof made === 'string' ? null : made;
    replace(host, drawn ? drawn.drawing : h('p', { class: 'nothing' }, made as string));
    element.dataset['drawn'] = 'true';
    say(null);
  };
  const caption = () => {
    title.textContent = figure.title(view);
    sentence.textContent = figure.sentence(view);
    // The keyboard stays where it was: the controls are made anew.
    const held = [...controls.querySelectorAll('button, select')].indexOf(document.activeElement!);
    replace(controls, ...(figure.controls?.(view) ?? []));
    if (held >= 0) (controls.querySelectorAll('button, select')[held] as HTMLElement | undefined)?.focus();
  };
  const refresh = () => {
    stale = true;
    if (near) draw();
  };
  caption();
  view.subscribe(() => (caption(), refresh()));
  view.onRedraw((id) => id === figure.id && (caption(), refresh()));
  observers.set(element, (seen) => {
    near = seen;
    if (near && stale) draw();
  });
  nearby.observe(element);
  window.addEventListener('beforeprint', () => {
    view.printing = true;
    if (stale || host.querySelector('svg[data-ready="false"]')) draw(); // the second: still unpacking its samples
  });
  window.addEventListener('afterprint', () => (view.printing = false));
  new ResizeObserver(() => {
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    refresh();
  }).observe(host);
  element.append(toolbar(figure, view, () => drawn));
  return element;
}

function toolbar(figure: Figure, view: View, drawn: () => Drawn | null): HTMLElement {
  const choice = () => (figure.scope === 'study' ? [] : [view.choice.network, `batch${view.choice.batch}`]);
  const name = () => fileName(view.study.study.name, ...choice(), figure.id);
  const title = () => `${figure.title(view)}${view.study.simulated ? ' (simulated)' : ''}`;
  const button = (label: string, what: string, act: () => void) =>
    h('button', { type: 'button', class: 'quiet', 'aria-label': `${what} of figure: ${figure.title(view)}`, click: act }, label);
  return h('div', { class: 'toolbar' },
    button('CSV', 'Download the numbers as CSV', () => download(`${name()}.csv`, new Blob([toCsv(figure.table(view))], { type: 'text/csv' }))),
    button('SVG', 'Download the picture as SVG', () => drawn() && saveSvg(drawn()!.drawing, title(), name())),
    button('PNG', 'Download the picture as PNG', () => drawn() && void savePng(drawn()!.drawing, title(), name())));
}

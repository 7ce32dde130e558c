// What every figure has round it: title, sentence, controls, the drawing, a line that reads out the value
// under the pointer or the keyboard's cursor, and the downloads. A figure is drawn when it comes near
// the window, and again when the choice or its width changes.
import { toCsv, type Table } from '../csv';
import { download, fileName, h, replace } from '../dom';
import type { Study } from '../data';
import type { View } from '../view';
import { savePng, saveSvg, type PictureHead } from './export';

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
  // What a saved drawing says that it is of, where that is not the network and batch size chosen on the page.
  of?: (view: View) => string;
  // Draws at a width in px; a string says why there is nothing to draw.
  draw: (view: View, width: number, say: (text: string | null) => void) => Drawn | string;
  table: (view: View) => Table;
}

const observers = new Map<Element, (seen: boolean) => void>();
const nearby = new IntersectionObserver((entries) => entries.forEach((entry) => observers.get(entry.target)?.(entry.isIntersecting)), {
  rootMargin: '300px',
});

// A figure that fails says so in its place and leaves the others whole.
const faultText = (error: unknown) => `This figure could not be drawn from this study: ${(error as Error).message}. Please report it, with the study.`;
function orFault<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    return faultText(error);
  }
}

// Whether a figure stands on the page; one that cannot say stands there with the reason.
export function applying(figure: Figure, study: Study): Figure | null {
  const applies = orFault(() => figure.applies?.(study) ?? true);
  return typeof applies === 'string' ? { ...figure, draw: () => applies } : applies ? figure : null;
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
  let fault: string | null = null; // of title, sentence or controls
  let near = first;
  let stale = true;
  let width = 0;

  const say = (text: string | null) => (readout.textContent = text ?? drawn?.readout ?? '');
  const bar = toolbar(figure, view, () => drawn, say);
  const draw = () => {
    stale = false;
    const made = fault ?? orFault(() => figure.draw(view, Math.max(260, host.clientWidth), say));
    drawn = typeof made === 'string' ? null : made;
    replace(host, drawn ? drawn.drawing : h('p', { class: 'nothing' }, made as string));
    element.dataset['drawn'] = 'true';
    element.classList.toggle('undrawn', !drawn);
    say(null);
  };
  const words = () => {
    title.textContent = figure.title(view);
    sentence.textContent = figure.sentence(view);
    // The keyboard stays where it was: the controls are made anew.
    const held = [...controls.querySelectorAll('button, select')].indexOf(document.activeElement!);
    replace(controls, ...(figure.controls?.(view) ?? []));
    if (held >= 0) (controls.querySelectorAll('button, select')[held] as HTMLElement | undefined)?.focus();
    return null;
  };
  const caption = () => {
    fault = orFault(words);
    if (fault) replace(controls);
    title.textContent ||= figure.id;
    bar.name(title.textContent);
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
  element.append(bar.element);
  return element;
}

// What a saved drawing says of itself: it stands alone, without the page's bar and head.
function headOf(figure: Figure, view: View): PictureHead {
  const { network, batch } = view.choice;
  const of = figure.scope === 'study' ? [figure.of?.(view), view.study.study.name] : [network, batch > 0 && `batch ${batch}`];
  return { title: `${figure.title(view)}${view.study.simulated ? ' (simulated)' : ''}`, under: [...of, view.study.study.board].filter(Boolean).join(', ') };
}

function toolbar(figure: Figure, view: View, drawn: () => Drawn | null, say: (text: string) => void): { element: HTMLElement; name: (title: string) => void } {
  const choice = () => (figure.scope === 'study' ? [] : [view.choice.network, `batch${view.choice.batch}`]);
  const name = () => fileName(view.study.study.name, ...choice(), figure.id);
  const parts: { button: HTMLButtonElement; what: string }[] = [];
  // A download that fails must not pass in silence; `act` may end later.
  const button = (label: string, what: string, act: () => void | Promise<void>) => {
    const save = async () => {
      try {
        await act();
      } catch (error) {
        say(`The ${label} could not be made: ${(error as Error).message || String(error)}.`);
      }
    };
    const made = h('button', { type: 'button', class: `quiet ${label === 'CSV' ? '' : 'picture'}`.trim(), click: () => void save() }, label);
    parts.push({ button: made, what });
    return made;
  };
  const element = h('div', { class: 'toolbar' },
    button('CSV', 'Download the numbers as CSV', () => download(`${name()}.csv`, new Blob([toCsv(figure.table(view))], { type: 'text/csv' }))),
    button('SVG', 'Download the picture as SVG', () => (drawn() ? saveSvg(drawn()!.drawing, headOf(figure, view), name()) : undefined)),
    button('PNG', 'Download the picture as PNG', () => (drawn() ? savePng(drawn()!.drawing, headOf(figure, view), name()) : undefined)));
  return { element, name: (title) => parts.forEach(({ button, what }) => button.setAttribute('aria-label', `${what} of figure: ${title}`)) };
}

// Puts the page together from the study that is embedded in it.
import './style.css';
import { readStudy, type Study } from './data';
import { h, replace } from './dom';
import { applying, figureElement, type Figure } from './figure/frame';
import { kFigureStyle } from './figure/style';
import { kFigureGroups, type FigureGroup } from './figures';
import { answer } from './section/answer';
import { bar } from './section/bar';
import { counters } from './section/counters';
import { fleetTables } from './section/fleet';
import { method } from './section/method';
import { minima } from './section/minima';
import { points } from './section/points';
import { repeatsText } from './section/repeats';
import { runs } from './section/runs';
import { themeSelect } from './section/theme';
import { View } from './view';

function masthead(study: Study): HTMLElement {
  const { name, board, engine, created } = study.study;
  const line = [board, engine && `engine ${engine}`, created.slice(0, 10)].filter(Boolean).join(' · ');
  return h('header', { class: 'masthead' }, h('div', { class: 'top-line' }, h('p', { class: 'wordmark' }, 'isojoule'), themeSelect()), h('h1', {}, name), h('p', { class: 'under' }, line),
    study.simulated && h('p', { class: 'simulated', role: 'note' }, h('strong', {}, 'Simulated. '), 'Every number on this page comes from a twin, a model of the board. None is evidence about a real board.'));
}

// A link to every section that has a title.
function contents(main: HTMLElement): HTMLElement {
  const sections = [...main.querySelectorAll<HTMLElement>(':scope > section[id]')].filter((section) => section.querySelector(':scope > h2'));
  return h('nav', { class: 'contents', 'aria-label': 'Contents' }, h('ul', {}, ...sections.map((section) => h('li', {}, h('a', { href: `#${section.id}` }, section.querySelector('h2')!.textContent)))));
}

// What the figures of a grid leave out, where it is too large to draw.
function thinnedNote(view: View): HTMLElement {
  const note = h('p', { class: 'sentence' });
  const show = () => ((note.textContent = view.grid.thinned), (note.hidden = !view.grid.thinned));
  show();
  view.subscribe(show);
  return note;
}

// A part that fails says so in its place and leaves the page whole.
function part<T extends Node | null>(name: string, make: () => T): T | HTMLElement {
  try {
    return make();
  } catch (error) {
    return h('p', { class: 'nothing', role: 'alert' }, `${name} could not be shown from this study: ${(error as Error).message}. Please report it, with the study.`);
  }
}

// The tables that stand below a group's figures.
function tablesOf(id: string, view: View): (Node | null)[] {
  if (id === 'governors') return [part('The minima', () => minima(view))];
  if (id === 'fleet') return [part('The boards of the fleet', () => fleetTables(view))];
  if (id === 'uncertainty') return [part('The repeats', () => repeatsText(view)), part('The runs', () => runs(view))];
  return [];
}

function groupElement(view: View, group: FigureGroup, first: boolean): HTMLElement | null {
  const figures = group.figures.map((figure) => applying(figure, view.study)).filter((figure): figure is Figure => figure !== null);
  const below = tablesOf(group.id, view).filter((node): node is Node => node !== null);
  const shown = group.needsGrid && !view.grid.cpus.length ? [] : figures;
  if (!shown.length && !below.length) return null;
  return h('section', { id: group.id, 'aria-labelledby': `${group.id}-heading` }, h('h2', { id: `${group.id}-heading` }, group.title), shown.length > 0 && group.needsGrid && thinnedNote(view),
    shown.length > 0 && h('div', { class: 'figures' }, ...shown.map((figure) => figureElement(figure, view, first))), ...below);
}

function page(study: Study): Node[] {
  const view = new View(study);
  const style = h('style');
  style.textContent = kFigureStyle;
  document.head.append(style);
  const main = h('main', { id: 'main', tabindex: -1 }, part('The answer', () => answer(view)), bar(view));
  let first = true;
  for (const group of kFigureGroups) {
    const element = groupElement(view, group, first);
    if (element) main.append(element);
    first &&= element === null;
  }
  main.append(part('The settings', () => points(view)), part('The counters', () => counters(view)), part('How it was measured', () => method(view)));
  const head = masthead(study);
  head.append(contents(main));
  const foot = h('footer', {}, `Made by ${study.generator}. `, 'This file holds everything it shows; it opens without a network.');
  return [h('a', { class: 'skip', href: '#main' }, 'To the answer'), head, main, foot];
}

const host = document.getElementById('page')!;
const study = readStudy(document.getElementById('study')?.textContent ?? null);
if (typeof study === 'string') replace(host, h('main', {}, h('h1', {}, 'isojoule'), h('p', { class: 'nothing', role: 'alert' }, study)));
else replace(host, ...page(study));
performance.mark('isojoule-page');

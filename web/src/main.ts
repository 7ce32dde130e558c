// Puts the page together from the study that is embedded in it.
import './style.css';
import { readStudy, type Study } from './data';
import { h, replace } from './dom';
import { batchOverGpu, overBatch } from './figure/batch';
import { figureElement, type Figure } from './figure/frame';
import { heatMap } from './figure/heat_map';
import { repeats } from './figure/repeats';
import { residency } from './figure/residency';
import { kFigureStyle } from './figure/style';
import { surface } from './figure/surface';
import { sweepCpu, sweepGpu } from './figure/sweep';
import { answer } from './section/answer';
import { bar } from './section/bar';
import { counters } from './section/counters';
import { method } from './section/method';
import { minima } from './section/minima';
import { points } from './section/points';
import { repeatsText } from './section/repeats';
import { runs } from './section/runs';
import { View } from './view';

function masthead(study: Study): HTMLElement {
  const { name, board, engine, created } = study.study;
  const line = [board, engine && `engine ${engine}`, created.slice(0, 10)].filter(Boolean).join(' · ');
  return h('header', { class: 'masthead' }, h('p', { class: 'wordmark' }, 'isojoule'), h('h1', {}, name), h('p', { class: 'under' }, line),
    study.simulated && h('p', { class: 'simulated', role: 'note' }, h('strong', {}, 'Simulated. '), 'Every number on this page comes from a twin, a model of the board. None is evidence about a real board.'));
}

function figures(view: View, id: string, title: string, list: Figure[], ...more: (Node | null)[]): HTMLElement {
  const section = h('section', { id }, h('h2', {}, title));
  section.append(h('div', { class: 'figures' }, ...list.map((figure) => figureElement(figure, view))));
  more.forEach((node) => node && section.append(node));
  return section;
}

function page(study: Study): Node[] {
  const view = new View(study);
  const measured = view.grid.cpus.length > 0;
  const style = h('style');
  style.textContent = kFigureStyle;
  document.head.append(style);
  const main = h('main', {}, answer(view), bar(view));
  if (measured) {
    main.append(figures(view, 'map', 'Energy over the clocks', [heatMap, surface]), figures(view, 'sweeps', 'Power and latency', [sweepGpu, sweepCpu]), figures(view, 'batches', 'Batch size', [overBatch, batchOverGpu]));
  }
  const table = minima(view);
  if (table) main.append(table);
  main.append(figures(view, 'governors', 'The governors', [residency]), figures(view, 'uncertainty', 'How sure it is', [repeats], repeatsText(view), runs(view)), points(view), counters(view), method(view));
  const foot = h('footer', {}, `Made by ${study.generator}. `, 'This file holds everything it shows; it opens without a network.');
  return [masthead(study), main, foot];
}

const host = document.getElementById('page')!;
const study = readStudy(document.getElementById('study')?.textContent ?? null);
if (typeof study === 'string') replace(host, h('main', {}, h('h1', {}, 'isojoule'), h('p', { class: 'nothing', role: 'alert' }, study)));
else replace(host, ...page(study));
performance.mark('isojoule-page');

// Energy of one inference against its time (of a batch: divided by its size): every setting of the network and batch size, the Pareto set as
// a stair (what least energy a limit of latency leaves), the governors and the least energy.
import { scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import type { Study } from '../data';
import { s } from '../dom';
import { joule, kCoverage, plusMinus, second, settingText, significant } from '../format';
import { batchOf } from '../grid';
import { paretoSet, tradesOf, type Trade } from '../pareto';
import type { View } from '../view';
import { select } from './controls';
import type { Drawn, Figure } from './frame';
import { against, bareNetwork, batchLatency, eachInference, fitted, readable, widthOf } from './jobs';
import { onPointed, pointAt } from './link';
import { canvas, minimumMark, type Box } from './parts';
import { addPicking, type Spot } from './pick';

interface Dot extends Trade {
  x: number; // s an inference
  y: number; // J an inference
  name: string; // of governors; '' for a setting
}

function dotOf(trade: Trade, name = ''): Dot {
  const each = Math.max(1, trade.point.inferences);
  return { ...trade, x: trade.latency / each, y: trade.energy / each, name };
}
// Where a network and batch size have one setting alone, as in a study of graphs, all ways of running the network
// stand together: what one inference takes can be held against each other.
function trades(view: View): { found: Trade[]; all: boolean } {
  const { study, choice } = view;
  const of = (network: string, batch: number) => tradesOf(study, network, batch).filter((trade) => trade.point.inferences > 0);
  const found = of(choice.network, choice.batch);
  const name = study.points.find((point) => point.network === choice.network);
  if (found.length > 1 || !name) return { found, all: false };
  const alike = new Set(study.points.filter((point) => bareNetwork(point) === bareNetwork(name)).map((point) => `${batchOf(point)} ${point.network}`));
  return { found: [...alike].flatMap((key) => of(key.slice(key.indexOf(' ') + 1), Number(key.slice(0, key.indexOf(' '))))), all: alike.size > 1 };
}
const dots = (view: View) => trades(view).found.map((trade) => dotOf(trade));
function front(view: View): Dot[] {
  const each = (trade: Trade) => Math.max(1, trade.point.inferences);
  const scaled = trades(view).found.map((trade) => ({ ...trade, energy: trade.energy / each(trade), latency: trade.latency / each(trade) }));
  return paretoSet(scaled).map((trade) => dotOf({ ...trade, energy: trade.energy * each(trade), latency: trade.latency * each(trade) }));
}
function governors(view: View): Dot[] {
  return view.baselines.flatMap(({ name, point }) => (point.energy_j && point.latency_s
    ? [dotOf({ index: view.study.points.indexOf(point), point, energy: point.energy_j.value, latency: point.latency_s.value }, name)] : []));
}

function text(dot: Dot): string {
  const energy = eachInference(dot.point, dot.point.energy_j);
  const unit = readable(dot.y, 'J');
  const who = dot.name ? `The governors '${dot.name}'` : settingText(dot.point.setting);
  return `${who}: ${plusMinus(dot.y * unit.factor, kCoverage * (energy?.u ?? 0) * unit.factor, unit.unit)} and ${second(dot.x)} an inference`;
}

function sentence(view: View): string {
  const set = front(view);
  const [fastest, least] = [set[0], set.at(-1)];
  if (!fastest || !least) return 'Each dot is a setting; lower left is better.';
  const few = `${trades(view).all ? 'All batch sizes and ways of running the network. ' : ''}${set.length} of ${dots(view).length} settings cannot be bettered in both.`;
  if (fastest === least) return `One setting is both the fastest and the one of least energy: ${joule(least.y)} and ${second(least.x)} an inference.`;
  const each = (dot: Dot, of: 'energy_j' | 'latency_s') => eachInference(dot.point, dot.point[of])!;
  return `${few} The one of least energy (${second(least.x)}, ${joule(least.y)} an inference) uses ${against(each(least, 'energy_j'), each(fastest, 'energy_j'), 'energy', 'the fastest')} (${second(fastest.x)}, ${joule(fastest.y)}) and takes ${against(each(least, 'latency_s'), each(fastest, 'latency_s'), 'time', 'it')}. The set goes by the means.`;
}

const wide = new WeakMap<Study, boolean>();

// What is drawn by default: round the set and the governors that are chosen. A sweep's slowest settings lie so far
// out that the rest would be a heap in the corner.
function framed(view: View, all: Dot[], set: Dot[], held: Dot[]): Dot[] {
  if (wide.get(view.study)) return [...all, ...held];
  const near = [...set, ...held.filter((dot) => dot.name === view.choice.baseline)];
  const [mostX, mostY] = [Math.max(...near.map((dot) => dot.x)), Math.max(...near.map((dot) => dot.y))];
  const inside = (dot: Dot) => dot.x <= 1.6 * mostX && dot.y <= 1.35 * mostY;
  return [...all, ...held].filter(inside);
}

function controls(view: View): Node[] {
  const names = ['round the Pareto set', 'all settings'];
  return [select('Show', names, String, names[Number(wide.get(view.study) ?? false)], (name) => (wide.set(view.study, name === names[1]), view.redraw('pareto')))];
}

const kMostDots = 1500;

const span = (values: number[]): [number, number] => {
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity] as [number, number]);
  const room = 0.06 * (high - low) || 0.1 * high || 1;
  return [Math.max(0, low - room), high + room];
};
const bare = (value: number) => significant(value, 4).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');

function drawAxes(drawing: SVGSVGElement, box: Box, x: ReturnType<typeof scaleLinear<number>>, y: ReturnType<typeof scaleLinear<number>>): void {
  const [ux, uy] = [readable(x.domain()[1]!, 's'), readable(y.domain()[1]!, 'J')];
  for (const tick of y.ticks(6)) drawing.append(s('path', { class: 'rule', d: `M${box.left},${y(tick).toFixed(1)}H${box.right}` }), s('text', { x: box.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, bare(tick * uy.factor)));
  for (const tick of x.ticks(Math.max(3, Math.floor((box.right - box.left) / 90)))) drawing.append(s('path', { class: 'rule', d: `M${x(tick).toFixed(1)},${box.top}V${box.bottom}` }), s('text', { x: x(tick), y: box.bottom + 17, 'text-anchor': 'middle' }, bare(tick * ux.factor)));
  drawing.append(s('path', { class: 'frame-line', d: `M${box.left},${box.top}V${box.bottom}H${box.right}` }),
    s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: box.bottom + 36, 'text-anchor': 'middle' }, `Time per inference (${ux.unit})`),
    s('text', { class: 'axis-name', x: 4, y: 28 }, `Energy of one inference (${uy.unit})`));
}

// Names of governors where there is room; the readout has those that found none.
function drawGovernors(drawing: SVGSVGElement, found: Dot[], x: (v: number) => number, y: (v: number) => number, box: Box): void {
  const taken: { left: number; right: number; y: number }[] = [];
  for (const dot of found) {
    const [px, py] = [x(dot.x), y(dot.y)];
    drawing.append(s('path', { class: 'cross', d: `M${(px - 5).toFixed(1)},${(py - 5).toFixed(1)}l10,10m0,-10l-10,10`, 'data-index': dot.index, 'data-baseline': dot.name, 'data-energy-j': dot.y, 'data-latency-s': dot.x }));
    const name = fitted(`'${dot.name}'`, 150);
    const right = px + 9 + widthOf(name) < box.right;
    const place = { left: right ? px + 9 : px - 9 - widthOf(name), right: right ? px + 9 + widthOf(name) : px - 9, y: py + 4 };
    if (taken.some((other) => Math.abs(other.y - place.y) < 14 && other.left < place.right && place.left < other.right)) continue;
    taken.push(place);
    drawing.append(s('text', { class: 'governor-name', x: right ? place.left : place.right, y: place.y, 'text-anchor': right ? 'start' : 'end', style: 'paint-order: stroke; stroke: var(--paper); stroke-width: 3px' }, name));
  }
}

function drawKey(drawing: SVGSVGElement, y: number, governed: boolean): void {
  const names: [SVGElement, string][] = [[s('circle', { class: 'setting-dot', cx: 9, cy: y - 4, r: 3 }), 'setting'], [s('circle', { class: 'pareto', cx: 0, cy: y - 4, r: 4 }), 'Pareto set'], [s('path', { class: 'cross', d: `M-4,${y - 8}l8,8m0,-8l-8,8` }), 'governors']];
  let x = 0;
  for (const [mark, name] of governed ? names : names.slice(0, 2)) {
    drawing.append(s('g', { transform: `translate(${x + (name === 'setting' ? 0 : 9)},0)` }, mark), s('text', { x: x + 18, y }, name));
    x += 34 + widthOf(name);
  }
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const all = dots(view);
  if (!all.length) return 'No setting here has both an energy and a latency.';
  const [set, held] = [front(view), governors(view)];
  if (all.length + held.length < 2) return `Only one setting here has both an energy and a latency: ${text(all[0]!)}.`;
  const box = { left: 58, top: 60, right: width - 14, bottom: Math.round(Math.min(440, 190 + width * 0.3)) };
  const drawing = canvas(view, width, box.bottom + 44, `Energy over time per inference of ${all.length} settings. ${sentence(view)} Arrow keys walk along the Pareto set.`);
  const seen = framed(view, all, set, held);
  const inFrame = new Set(seen.map((dot) => dot.index));
  const beyond = all.length + held.length - seen.length;
  const x = scaleLinear(span(seen.map((dot) => dot.x)), [box.left, box.right]);
  const y = scaleLinear(span(seen.map((dot) => dot.y)), [box.bottom, box.top]);
  drawAxes(drawing, box, x, y);
  drawKey(drawing, 48, held.length > 0);
  const inSet = new Set(set.map((dot) => dot.index));
  const group = s('g', { class: 'settings' });
  const plain = all.filter((dot) => !inSet.has(dot.index) && inFrame.has(dot.index));
  // Thousands of circles would be thousands of elements: one path of round-ended strokes stands for them.
  if (plain.length > kMostDots) group.append(s('path', { class: 'dots', d: plain.map((dot) => `M${x(dot.x).toFixed(1)},${y(dot.y).toFixed(1)}h0`).join('') }));
  else for (const dot of plain) group.append(s('circle', { class: 'setting-dot', cx: x(dot.x).toFixed(1), cy: y(dot.y).toFixed(1), r: all.length > 400 || width < 420 ? 2.2 : 3, 'data-index': dot.index, 'data-energy-j': dot.y, 'data-latency-s': dot.x }));
  drawing.append(group);
  const stair = set.map((dot, i) => `${i ? `H${x(dot.x).toFixed(1)}V` : `M${x(dot.x).toFixed(1)},${box.top}V`}${y(dot.y).toFixed(1)}`).join('') + `H${box.right}`;
  drawing.append(s('path', { class: 'pareto-line', d: stair }));
  for (const dot of set) drawing.append(s('circle', { class: 'pareto', cx: x(dot.x).toFixed(1), cy: y(dot.y).toFixed(1), r: width < 420 ? 3 : 4, 'data-index': dot.index, 'data-energy-j': dot.y, 'data-latency-s': dot.x }));
  drawGovernors(drawing, held.filter((dot) => inFrame.has(dot.index)), x, y, box);
  const least = all.reduce((best, dot) => (dot.y < best.y ? dot : best));
  drawing.append(minimumMark(x(least.x), y(least.y), Number(least.point.setting['cpu_frequency_hz'] ?? 0), Number(least.point.setting['gpu_frequency_hz'] ?? 0), least.energy));
  // The keyboard walks the set first, then governors, then the rest.
  const order = [...set, ...[...held, ...all].filter((dot) => inFrame.has(dot.index) && !inSet.has(dot.index))];
  const bound = (dot: Dot) => (inSet.has(dot.index) ? `. No setting within ${second(dot.x)} uses less` : '');
  const spots: Spot[] = order.map((dot) => ({ x: x(dot.x), y: y(dot.y), text: `${text(dot)}${bound(dot)}${batchOf(dot.point) > 1 ? `. One batch takes ${second(batchLatency(dot.point)!)}` : ''}` }));
  const { mark } = addPicking(drawing, spots, say, { picked: (i) => pointAt(view, 'pareto', i === null ? null : order[i]!.index) });
  onPointed(view, 'pareto', (index) => mark(index === null || !inFrame.has(index) ? null : order.findIndex((dot) => dot.index === index)));
  return { drawing, readout: `Point at a dot, or walk along the Pareto set with the arrow keys.${beyond ? ` ${beyond} of ${all.length + held.length} lie beyond the frame.` : ''}` };
}

function table(view: View): Table {
  const inSet = new Set(front(view).map((dot) => dot.index));
  const rows = [...dots(view), ...governors(view)].map((dot) => [dot.point.network, batchOf(dot.point), dot.name, settingText(dot.point.setting, ['batch']).replace(/\u00a0/g, ' '), dot.point.inferences, dot.energy, dot.point.energy_j?.uncertainty, dot.latency, dot.point.latency_s?.uncertainty, dot.y, dot.x, batchLatency(dot.point), String(inSet.has(dot.index)), String(view.study.simulated)]);
  return { header: ['network', 'batch', 'baseline', 'setting', 'inferences', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', 'latency_standard_uncertainty_s', 'energy_per_inference_j', 'latency_per_inference_s', 'batch_latency_s', 'pareto', 'simulated'], rows };
}

export const pareto: Figure = {
  id: 'pareto', wide: true, title: () => 'Energy against time per inference', sentence, controls, draw, table,
  applies: (study) => study.points.some((point) => point.baseline === null && point.energy_j && point.latency_s),
};

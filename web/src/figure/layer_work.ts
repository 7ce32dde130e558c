// Energy of one inference over multiply-accumulates (MACs), for studies whose networks are single layers: the plot
// that S. Lahmer et al. (arXiv:2210.01625, section III) fit their models to. Both axes are logarithmic.
import { scaleLog } from 'd3-scale';
import type { Table } from '../csv';
import type { Point, Study } from '../data';
import { s } from '../dom';
import { joule, kCoverage, plusMinus, settingText, significant } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import { select } from './controls';
import type { Drawn, Figure } from './frame';
import { bareNetwork, eachInference, readable } from './jobs';
import { canvas, type Box } from './parts';
import { addPicking, type Spot } from './pick';
import { legend, shape } from './tones';

const kKinds = ['conv', 'dwconv', 'fc', 'matmul'];
const kNames: Record<string, string> = { conv: 'convolution', dwconv: 'depth-wise convolution', fc: 'fully connected', matmul: 'matrix product' };

// MACs of one inference of a network of one layer, from the sizes in its name (docs/layers.md); null: another name, or a
// layer that multiplies nothing. A convolution's output has ceil(size / stride) places.
export function macsOf(name: string): { kind: string; macs: number } | null {
  const [kind, ...parts] = name.split('_');
  if (!kind || !kKinds.includes(kind)) return null;
  const sizes = new Map<string, number>();
  for (const part of parts) {
    const found = /^([a-z])(\d+)$/.exec(part);
    if (!found) return null;
    sizes.set(found[1]!, Number(found[2]));
  }
  const of = (letter: string, otherwise = NaN) => sizes.get(letter) ?? otherwise;
  const places = Math.ceil(of('h') / of('s', 1)) * Math.ceil(of('w', of('h')) / of('s', 1));
  const macs = { conv: ((of('c') * of('n')) / of('g', 1)) * of('k') ** 2 * places, dwconv: of('c') * of('k') ** 2 * places, fc: of('i') * of('o'), matmul: of('b', 1) * of('m') * of('k') * of('n') }[kind]!;
  return macs > 0 ? { kind, macs } : null;
}

interface Dot {
  point: Point;
  network: string;
  kind: string;
  macs: number;
  energy: number; // J an inference
  u: number;
}
const keyOf = (point: Point) => settingText(point.setting, ['batch']) || 'as it was';
const chosen = new WeakMap<Study, string>();
const known = new WeakMap<Study, Map<string, Dot[]>>(); // by setting

function dotsBySetting(study: Study): Map<string, Dot[]> {
  const before = known.get(study);
  if (before) return before;
  const found = new Map<string, Dot[]>();
  for (const point of study.points) {
    const network = bareNetwork(point);
    const layer = macsOf(network);
    const energy = eachInference(point, point.energy_j);
    if (!layer || !energy || point.baseline !== null) continue;
    found.set(keyOf(point), [...(found.get(keyOf(point)) ?? []), { point, network, ...layer, energy: energy.value, u: energy.u }]);
  }
  known.set(study, found);
  return found;
}

// The chosen setting, otherwise the one with the most layers; of several the last, where the clocks are highest.
function settingOf(study: Study): string {
  const all = [...dotsBySetting(study)];
  const name = chosen.get(study);
  return name !== undefined ? name : all.reduce((best, one) => (one[1].length >= best[1].length ? one : best), ['', []] as [string, Dot[]])[0];
}
const dotsOf = (view: View) => dotsBySetting(view.study).get(settingOf(view.study)) ?? [];

function sentence(view: View): string {
  const dots = dotsOf(view);
  const kinds = kKinds.filter((kind) => dots.some((dot) => dot.kind === kind)).map((kind) => {
    const each = dots.filter((dot) => dot.kind === kind);
    const largest = [...each].sort((a, b) => b.macs - a.macs).slice(0, Math.max(1, Math.ceil(each.length / 10)));
    const cost = largest.reduce((sum, dot) => sum + dot.energy, 0) / largest.reduce((sum, dot) => sum + dot.macs, 0);
    const unit = readable(cost, 'J');
    return `${kNames[kind]} ${significant(cost * unit.factor * (unit.unit === 'nJ' && cost < 1e-9 ? 1000 : 1), 3)}\u00a0${unit.unit === 'nJ' && cost < 1e-9 ? 'pJ' : unit.unit}`;
  });
  return `${dots.length} networks of one layer, at ${settingText(dots[0]?.point.setting ?? {}, ['batch']) || 'the board as it was'}. Energy per multiply-accumulate of the largest tenth: ${kinds.join(', ')}. Small layers cost what an inference costs that does nothing.`;
}

const power = (value: number) => [...String(Math.round(Math.log10(value)))].map((digit) => ({ '-': '⁻' })[digit] ?? '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!).join('');
const isDecade = (tick: number) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9;

function drawAxes(drawing: SVGSVGElement, box: Box, x: ReturnType<typeof scaleLog<number>>, y: ReturnType<typeof scaleLog<number>>): void {
  for (const tick of x.ticks().filter(isDecade)) drawing.append(s('path', { class: 'rule', d: `M${x(tick).toFixed(1)},${box.top}V${box.bottom}` }), s('text', { x: x(tick), y: box.bottom + 17, 'text-anchor': 'middle' }, `10${power(tick)}`));
  const decades = y.ticks().filter(isDecade);
  for (const tick of decades.length > 1 ? decades : y.ticks(4)) drawing.append(s('path', { class: 'rule', d: `M${box.left},${y(tick).toFixed(1)}H${box.right}` }), s('text', { x: box.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, joule(tick, 1)));
  drawing.append(s('path', { class: 'frame-line', d: `M${box.left},${box.top}V${box.bottom}H${box.right}` }), s('text', { class: 'axis-name', x: 4, y: 28 }, 'Energy of one inference'),
    s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: box.bottom + 37, 'text-anchor': 'middle' }, 'Multiply-accumulates of one inference'));
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const dots = dotsOf(view).sort((a, b) => a.macs - b.macs);
  if (dots.length < 2) return 'Fewer than two networks of one layer have an energy here.';
  const kinds = kKinds.filter((kind) => dots.some((dot) => dot.kind === kind));
  const key = legend(kinds.map((kind) => kNames[kind]!), 4, 48, width - 8);
  const top = 48 + key.height;
  const box = { left: 58, top, right: width - 14, bottom: top + Math.round(Math.min(340, 170 + width * 0.2)) };
  const drawing = canvas(view, width, box.bottom + 46, `Energy over multiply-accumulates. ${sentence(view)} Arrow keys read out the layers.`);
  const x = scaleLog([dots[0]!.macs / 1.5, dots.at(-1)!.macs * 1.5], [box.left, box.right]);
  const energies = dots.map((dot) => dot.energy);
  const y = scaleLog([Math.min(...energies) / 1.3, Math.max(...energies) * 1.3], [box.bottom, box.top]);
  drawAxes(drawing, box, x, y);
  drawing.append(key.group);
  for (const dot of dots) drawing.append(shape(kinds.indexOf(dot.kind), x(dot.macs), y(dot.energy), { 'data-network': dot.network, 'data-macs': dot.macs, 'data-energy-j': dot.energy }));
  const spots: Spot[] = dots.map((dot) => {
    const unit = readable(dot.energy, 'J');
    return { x: x(dot.macs), y: y(dot.energy), text: `${dot.network}: ${significant(dot.macs / 1e6, 3)} million MACs, ${plusMinus(dot.energy * unit.factor, kCoverage * dot.u * unit.factor, unit.unit)} an inference` };
  });
  addPicking(drawing, spots, say);
  return { drawing, readout: 'Point at a layer, or use the arrow keys, to read it.' };
}

function controls(view: View): Node[] {
  const settings = [...dotsBySetting(view.study).keys()].sort();
  return settings.length < 2 ? [] : [select('At', settings, String, settingOf(view.study), (name) => (chosen.set(view.study, name), view.redraw('layer-work')))];
}

function table(view: View): Table {
  const rows = [...dotsBySetting(view.study).values()].flat().map((dot) => [dot.network, dot.kind, batchOf(dot.point), settingText(dot.point.setting, ['batch']).replace(/[\u00a0\u202f]/g, ' '), dot.macs, dot.energy, dot.u, String(view.study.simulated)]);
  return { header: ['network', 'kind', 'batch', 'setting', 'macs', 'energy_per_inference_j', 'energy_standard_uncertainty_j', 'simulated'], rows };
}

export const layerWork: Figure = {
  id: 'layer-work', scope: 'study', wide: true, title: () => 'Energy over multiply-accumulates', sentence, controls, draw, table,
  applies: (study) => [...dotsBySetting(study).values()].some((dots) => dots.length > 1),
};

// Energy over GPU clock (across) and CPU clock (up), with lines of equal energy, the governors' level
// and the least energy. Clocks stand to scale; a cell reaches half-way to its neighbours.
import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { gridSegments, joinSegments, levelsOf, type Vertex } from '../contour';
import { s } from '../dom';
import { joule, kCoverage, megahertz, mhz, percent, plusMinus } from '../format';
import { energyOf, type Cell, type Grid } from '../grid';
import type { View } from '../view';
import type { Drawn, Figure } from './frame';
import { canvas, hatch, lengthOf, minimumMark, path, spaced, type Box } from './parts';
import { differ, fitted, valueOf, widthOf } from './jobs';
import { onPointed, pointAt } from './link';
import { mapLevel, mapScale, mapSentence, mapTable, paretoCells } from './map_text';

type Scale = ScaleLinear<number, number>;

// Edges half-way between neighbours; the outer ones as far out as the nearest inner one.
export function edgesOf(values: number[]): number[] {
  const first = values[0] ?? 0;
  if (values.length < 2) return [first * 0.95, first * 1.05];
  const between = values.slice(1).map((value, i) => (value + values[i]!) / 2);
  return [2 * first - between[0]!, ...between, 2 * values.at(-1)! - between.at(-1)!];
}

export function cellText(view: View, cell: Cell): string {
  const where = `CPU ${megahertz(cell.cpu)}, GPU ${megahertz(cell.gpu)}: `;
  const energy = cell.point.energy_j;
  if (!energy) return `${where}energy absent: ${cell.point.why_absent || 'no reason given'}`;
  const governor = mapLevel(view)?.energy_j;
  const change = governor && governor.value > 0 ? 100 * (energy.value / governor.value - 1) : null;
  const unsure = governor && !differ(valueOf(energy)!, valueOf(governor)!) ? ' (within the uncertainty)' : '';
  const held = change === null ? '' : `, ${percent(Math.abs(change))} ${change < 0 ? 'below' : 'above'} '${view.choice.baseline}'${unsure}`;
  return `${where}${plusMinus(energy.value, kCoverage * energy.uncertainty, 'J')}${held}`;
}

function drawCells(drawing: SVGSVGElement, grid: Grid, x: Scale, y: Scale, colour: (energy: number) => string): void {
  const xs = edgesOf(grid.gpus).map(x);
  const ys = edgesOf(grid.cpus).map(y);
  const group = s('g', { class: 'cells' });
  grid.cells.forEach((row, i) => row.forEach((cell, j) => {
    const energy = energyOf(cell);
    const at = { x: xs[j]!, y: ys[i + 1]!, width: xs[j + 1]! - xs[j]! + 0.3, height: ys[i]! - ys[i + 1]! + 0.3 };
    group.append(s('rect', { ...at, fill: energy === null ? null : colour(energy), class: energy === null ? 'absent' : 'cell', 'data-cpu-hz': grid.cpus[i]!, 'data-gpu-hz': grid.gpus[j]! }));
  }));
  drawing.append(group);
}

function drawLevels(drawing: SVGSVGElement, vertices: (Vertex | null)[][], box: Box, least: number, most: number, governor: number, marks: { x: number; y: number }[]): void {
  const taken = [...marks];
  for (const level of levelsOf(least, most)) {
    if (Math.abs(level.energy / governor - 1) < 0.03) continue; // two lines that cannot be told apart
    for (const line of joinSegments(gridSegments(vertices, level.energy))) {
      drawing.append(s('path', { class: 'isojoule-under', d: path(line) }), s('path', { class: 'isojoule', d: path(line), 'data-energy-j': level.energy }));
      const place = lengthOf(line) > 90 ? placeForName(line, box, taken) : undefined;
      if (!place) continue;
      taken.push(place);
      drawing.append(s('text', { class: 'level', x: place.x, y: place.y + 4, 'text-anchor': 'middle' }, joule(level.energy, 3)));
    }
  }
}

// A place on the line, the nearest to its middle, where the name stays inside and covers no other.
function placeForName(line: { x: number; y: number }[], box: Box, taken: { x: number; y: number }[]): { x: number; y: number } | undefined {
  const places = [1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4, 1 / 8, 7 / 8].map((share) => line[Math.floor((line.length - 1) * share)]!);
  return places.find((place) => place.x - 20 > box.left && place.x + 20 < box.right && taken.every((other) => Math.abs(other.x - place.x) > 44 || Math.abs(other.y - place.y) > 16));
}

function drawGovernor(drawing: SVGSVGElement, vertices: (Vertex | null)[][], energy: number): void {
  for (const line of joinSegments(gridSegments(vertices, energy)))
    drawing.append(s('path', { class: 'governor-under', d: path(line) }), s('path', { class: 'governor', d: path(line), 'data-energy-j': energy }));
}

function drawAxes(drawing: SVGSVGElement, grid: Grid, x: Scale, y: Scale, box: Box): void {
  for (const gpu of spaced(grid.gpus, x, (hz) => widthOf(mhz(hz)) + 8))
    drawing.append(s('text', { x: x(gpu), y: box.bottom + 16, 'text-anchor': 'middle' }, mhz(gpu)));
  for (const cpu of spaced(grid.cpus, y, 16))
    drawing.append(s('text', { x: box.left - 6, y: y(cpu) + 4, 'text-anchor': 'end' }, mhz(cpu)));
  drawing.append(s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: box.bottom + 34, 'text-anchor': 'middle' }, 'GPU clock (MHz)'));
  drawing.append(s('text', { class: 'axis-name', x: 4, y: 11 }, 'CPU clock (MHz)'));
}

// The settings that no other betters in both energy and latency.
function drawPareto(drawing: SVGSVGElement, cells: Cell[], x: Scale, y: Scale): void {
  for (const cell of cells)
    drawing.append(s('circle', { class: 'pareto', cx: x(cell.gpu).toFixed(1), cy: y(cell.cpu).toFixed(1), r: 3.2, 'data-index': cell.index, 'data-cpu-hz': cell.cpu, 'data-gpu-hz': cell.gpu }));
}

// What the marks mean, in a line under the colours.
function drawKey(drawing: SVGSVGElement, view: View, left: number, y: number, right: number, pareto: boolean): void {
  let x = left;
  const put = (name: string, ...marks: SVGElement[]) => {
    if (x + 22 + widthOf(name) > right && x > left) [x, y] = [left, y + 17];
    drawing.append(s('g', { transform: `translate(${x + 8},${y - 4})` }, ...marks), s('text', { x: x + 22, y }, name));
    x += 38 + widthOf(name);
  };
  put('least energy', s('circle', { class: 'mark-core', r: 5 }), s('circle', { class: 'mark-dot', r: 1.8 }));
  if (pareto) put('Pareto set', s('circle', { class: 'pareto', r: 3.2 }));
  if (view.baseline?.point.energy_j) put(fitted(`'${view.choice.baseline}'`, 150), s('path', { class: 'governor', d: 'M-9,0H9' }));
}

// The colour bar, with the least energy, the levels and the governors on it.
function drawLegend(drawing: SVGSVGElement, view: View, box: Box, least: number, most: number, colour: (energy: number) => string): void {
  const at = (energy: number) => box.left + ((box.right - box.left) * Math.log(energy / least)) / Math.log(Math.max(most / least, 1.001));
  const steps = 48;
  for (let i = 0; i < steps; ++i) {
    const from = box.left + ((box.right - box.left) * i) / steps;
    const energy = least * (most / least) ** ((i + 0.5) / steps);
    drawing.append(s('rect', { x: from, y: box.top, width: (box.right - box.left) / steps + 0.4, height: 10, fill: colour(energy) }));
  }
  // Values that read alike are one tick.
  const ticks = [least, Math.sqrt(least * most), most].map((energy, i) => ({ energy, i })).filter(({ energy, i }, _, all) => all.findIndex((other) => joule(other.energy, 3) === joule(energy, 3)) === i);
  ticks.forEach(({ energy, i }) => drawing.append(s('text', { x: at(energy), y: box.top + 25, 'text-anchor': ['start', 'middle', 'end'][i] }, joule(energy, 3))));
  const governor = mapLevel(view)?.energy_j?.value;
  if (governor && governor > least && governor < most)
    drawing.append(s('path', { class: 'governor-under', d: `M${at(governor)},${box.top - 3}v16` }), s('path', { class: 'governor', style: 'stroke-dasharray: none', d: `M${at(governor)},${box.top - 3}v16` }));
}

// Pointer and arrow keys move one cursor; the readout line says what is under it.
function addCursor(drawing: SVGSVGElement, view: View, x: Scale, y: Scale, say: (text: string | null) => void): void {
  const grid = view.grid;
  const xs = edgesOf(grid.gpus).map(x);
  const ys = edgesOf(grid.cpus).map(y);
  const cursor = s('rect', { class: 'cursor', visibility: 'hidden' });
  let at = { i: grid.least ? grid.cpus.indexOf(grid.least.cpu) : 0, j: grid.least ? grid.gpus.indexOf(grid.least.gpu) : 0 };
  const place = (i: number, j: number) => {
    const there = { x: xs[j]!, y: ys[i + 1]!, width: xs[j + 1]! - xs[j]!, height: ys[i]! - ys[i + 1]!, visibility: 'visible' };
    Object.entries(there).forEach(([name, value]) => cursor.setAttribute(name, String(value)));
  };
  const show = (i: number, j: number) => {
    at = { i: Math.min(Math.max(i, 0), grid.cpus.length - 1), j: Math.min(Math.max(j, 0), grid.gpus.length - 1) };
    place(at.i, at.j);
    const cell = grid.cells[at.i]![at.j];
    pointAt(view, 'heat-map', cell?.index ?? null);
    say(cell ? cellText(view, cell) : `CPU ${megahertz(grid.cpus[at.i]!)}, GPU ${megahertz(grid.gpus[at.j]!)}: not measured`);
  };
  const hide = () => (cursor.setAttribute('visibility', 'hidden'), say(null), pointAt(view, 'heat-map', null));
  onPointed(view, 'heat-map', (index) => {
    const found = index === null ? undefined : grid.cells.flat().find((cell) => cell?.index === index);
    if (found) place(grid.cpus.indexOf(found.cpu), grid.gpus.indexOf(found.gpu));
    else cursor.setAttribute('visibility', 'hidden');
  });
  drawing.addEventListener('pointermove', (event) => {
    const target = event.target as Element;
    if (target.closest('.cells')) show(grid.cpus.indexOf(Number(target.getAttribute('data-cpu-hz'))), grid.gpus.indexOf(Number(target.getAttribute('data-gpu-hz'))));
  });
  drawing.addEventListener('pointerleave', hide);
  drawing.addEventListener('blur', hide);
  drawing.addEventListener('keydown', (event) => {
    const step = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    show(at.i + step[0]!, at.j + step[1]!);
  });
  drawing.append(cursor);
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const { grid } = view;
  const energies = grid.cells.flat().map(energyOf).filter((energy): energy is number => energy !== null);
  if (!grid.cells.length) return 'This network and batch size were not swept over CPU and GPU clocks, so there is no map.';
  if (!grid.least || !energies.length) return `No energy was measured here: ${grid.cells.flat().find((cell) => cell)?.point.why_absent || 'no reason given'}.`;
  const box = { left: 52, top: 20, right: width - 12, bottom: Math.round(Math.min(430, 150 + width * 0.48)) };
  const drawing = canvas(view, width, box.bottom + (width < 420 ? 118 : 101), `Heat map of energy over GPU and CPU clock. ${cellText(view, grid.least)} is the least. Arrow keys read out the cells.`);
  const x = scaleLinear([edgesOf(grid.gpus)[0]!, edgesOf(grid.gpus).at(-1)!], [box.left, box.right]);
  const y = scaleLinear([edgesOf(grid.cpus)[0]!, edgesOf(grid.cpus).at(-1)!], [box.bottom, box.top]);
  const { least, most, colour } = mapScale(view);
  const vertices = grid.cells.map((row) => row.map((cell) => (cell && energyOf(cell) !== null ? { x: x(cell.gpu), y: y(cell.cpu), z: energyOf(cell)! } : null)));
  const over = s('g', { 'pointer-events': 'none' }) as unknown as SVGSVGElement;
  drawing.append(hatch());
  drawCells(drawing, grid, x, y, colour);
  const governor = mapLevel(view)?.energy_j?.value;
  const set = paretoCells(view);
  drawLevels(over, vertices, box, least, most, governor ?? 0, [grid.least, ...set].map((cell) => ({ x: x(cell.gpu), y: y(cell.cpu) + 4 })));
  if (governor) drawGovernor(over, vertices, governor);
  drawPareto(over, set, x, y);
  over.append(minimumMark(x(grid.least.gpu), y(grid.least.cpu), grid.least.cpu, grid.least.gpu, energyOf(grid.least)!));
  drawing.append(over);
  drawAxes(drawing, grid, x, y, box);
  drawLegend(drawing, view, { ...box, top: box.bottom + 48 }, least, most, colour);
  drawKey(drawing, view, box.left, box.bottom + 94, box.right, set.length > 0);
  drawing.setAttribute('tabindex', '0');
  addCursor(drawing, view, x, y, say);
  return { drawing, readout: `Least: ${cellText(view, grid.least)}` };
}

export const heatMap: Figure = { id: 'heat-map', title: () => 'Energy map', sentence: mapSentence, draw, table: mapTable };

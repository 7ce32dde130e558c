// The energy surface: a height field over GPU and CPU clock that the reader can turn, with lines of
// equal energy, the governors' plane and the least energy.
import { scaleLinear } from 'd3-scale';
import { cellSegments, levelsOf, quads, type Vertex } from '../contour';
import { h, s } from '../dom';
import { joule, mhz } from '../format';
import { energyOf, type Cell, type Grid } from '../grid';
import type { View } from '../view';
import type { Drawn, Figure } from './frame';
import { cellText } from './heat_map';
import { onPointed, pointAt } from './link';
import { mapLevel, mapScale, mapTable, paretoCells, surfaceSentence } from './map_text';
import { canvas, minimumMark, path, spaced, thinned } from './parts';
import { clip, Projection, refine, type Camera, type Flat } from './projection';

const kStart: Camera = { yaw: 222, pitch: 30 };
const camera: Camera = { ...kStart };
let repaint = () => {};
let pointed: number | null = null; // index of the cell that is pointed at, here or in another figure

function turn(yaw: number, pitch: number): void {
  camera.yaw = (((camera.yaw + yaw) % 360) + 360) % 360;
  camera.pitch = Math.min(90, Math.max(5, camera.pitch + pitch));
  repaint();
}

// What is drawn, in the box's units: x the GPU clock, y the CPU clock, z the energy.
interface Scene {
  view: View;
  grid: Grid;
  x: (gpu: number) => number;
  y: (cpu: number) => number;
  z: (energy: number) => number;
  ticks: number[]; // J
  facets: Vertex[][]; // with z in J
  least: Cell & { energy: number };
  most: number;
  governor: number | null; // J
  colour: (energy: number) => string;
  pareto: Cell[];
  width: number;
  height: number;
}

function sceneOf(view: View, width: number): Scene | string {
  const { grid } = view;
  const energies = grid.cells.flat().map(energyOf).filter((energy): energy is number => energy !== null);
  if (grid.cpus.length < 2 || grid.gpus.length < 2) return 'A surface needs at least two CPU and two GPU clocks; this network and batch size have fewer.';
  if (!grid.least) return 'No energy was measured here, so there is no surface.';
  const governor = mapLevel(view)?.energy_j?.value ?? null;
  const [least, most] = [Math.min(...energies), Math.max(...energies, governor ?? 0)];
  const height = scaleLinear([least - 0.12 * (most - least), most], [0, 1]).nice(5);
  const x = scaleLinear([grid.gpus[0]!, grid.gpus.at(-1)!], [-1, 1]);
  const y = scaleLinear([grid.cpus[0]!, grid.cpus.at(-1)!], [-1, 1]);
  const vertices = grid.cells.map((row) => row.map((cell) => (energyOf(cell) === null ? null : { x: x(cell!.gpu), y: y(cell!.cpu), z: energyOf(cell)! })));
  const fine = grid.cpus.length * grid.gpus.length < 500 ? 2 : 1;
  const facets = quads(refine(vertices, fine));
  if (!facets.length) return 'No four neighbouring settings were measured, so there is no surface between them; the map beside it shows each.';
  return {
    view, grid, x, y, z: height, ticks: height.ticks(5), facets, least: { ...grid.least, energy: least }, most: Math.max(...energies),
    governor, colour: mapScale(view).colour, pareto: paretoCells(view), width, height: Math.round(Math.min(500, 150 + width * 0.55)),
  };
}

// From the back to the front: a facet can only be hidden by one that comes later.
function ordered(facets: Vertex[][], view: Projection): Vertex[][] {
  const [towardsX, towardsY] = [view.nearX, view.nearY];
  return [...facets].sort((a, b) => towardsY * (a[0]!.y - b[0]!.y) || towardsX * (a[0]!.x - b[0]!.x));
}

function paintFacets(scene: Scene, projection: Projection, keep: (facet: Vertex[]) => Vertex[]): SVGGElement {
  const group = s('g', { class: 'facets' });
  const { colour } = scene;
  const levels = levelsOf(scene.least.energy, scene.most);
  const flat = (vertex: Vertex) => projection.flat(vertex.x, vertex.y, scene.z(vertex.z));
  for (const facet of ordered(scene.facets, projection)) {
    const shown = keep(facet);
    if (shown.length < 3) continue;
    const fill = colour(facet.reduce((sum, vertex) => sum + vertex.z, 0) / facet.length);
    group.append(s('path', { d: `${path(shown.map(flat))}Z`, fill, stroke: fill, 'stroke-width': 0.6, 'data-x': facet[0]!.x, 'data-y': facet[0]!.y }));
    const lines = levels.flatMap((level) => cellSegments(facet, level.energy).filter(() => keep([{ ...facet[0]!, z: level.energy }]).length > 0));
    if (lines.length) group.append(s('path', { class: 'isojoule', d: lines.map((line) => path(line.map(flat))).join('') }));
  }
  return group;
}

function paintPlane(scene: Scene, projection: Projection, energy: number): SVGGElement {
  const corner = (x: number, y: number) => projection.flat(x, y, scene.z(energy));
  const outline = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
  const meets = scene.facets.flatMap((facet) => cellSegments(facet, energy));
  const d = meets.map((line) => path(line.map((vertex) => corner(vertex.x, vertex.y)))).join('');
  return s('g', { class: 'plane', 'data-energy-j': energy }, s('path', { class: 'governor-plane', d: `${path(outline)}Z` }), s('path', { class: 'governor', style: 'stroke-dasharray: none', d }));
}

function tick(at: Flat, centre: Flat, text: string, name = ''): SVGTextElement {
  const side = at.x < centre.x - 4 ? 'end' : at.x > centre.x + 4 ? 'start' : 'middle';
  return s('text', { x: at.x, y: at.y + 4, 'text-anchor': side, class: name || null }, text);
}

// Names and clocks along the two edges of the floor nearest to the reader, energies at the left corner.
function paintAxes(scene: Scene, projection: Projection): SVGGElement {
  const group = s('g', { class: 'axes' });
  const { nearX, nearY, leftCorner } = projection;
  const floor = (x: number, y: number) => projection.flat(x, y, 0);
  const along = (values: number[], place: (value: number, out: number) => Flat, name: string) => {
    const [from, to] = [place(values[0]!, 0), place(values.at(-1)!, 0)];
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    if (length < 70) return;
    // In units of a label's size: two stand apart where they do across or down.
    const steps = (value: number) => Math.max(Math.abs(place(value, 0).x - from.x) / 46, Math.abs(place(value, 0).y - from.y) / 16);
    for (const value of spaced(values, steps, 1))
      group.append(s('path', { class: 'frame-line', d: path([place(value, 0), place(value, 4 / projection.scale)]) }), tick(place(value, 11 / projection.scale), place(value, 0), mhz(value)));
    const middle = (values[0]! + values.at(-1)!) / 2;
    group.append(tick(place(middle, 46 / projection.scale), place(middle, 0), name, 'axis-name'));
  };
  along(scene.grid.gpus, (gpu, out) => floor(scene.x(gpu), nearY * (1 + out)), 'GPU (MHz)');
  along(scene.grid.cpus, (cpu, out) => floor(nearX * (1 + out), scene.y(cpu)), 'CPU (MHz)');
  if (camera.pitch < 75) {
    const [x, y] = leftCorner;
    const [low, high] = [projection.flat(x, y, 0), projection.flat(x, y, 1)];
    group.append(s('path', { class: 'frame-line', d: path([low, high]) }));
    for (const energy of thinned(scene.ticks, Math.max(2, Math.floor((low.y - high.y) / 18)))) {
      const at = projection.flat(x, y, scene.z(energy));
      if (low.y - at.y < 14) continue; // the clocks' labels stand there
      group.append(s('path', { class: 'frame-line', d: `M${at.x},${at.y}h-4` }), s('text', { x: at.x - 7, y: at.y + 4, 'text-anchor': 'end' }, joule(energy, 3)));
    }
    group.append(s('text', { class: 'axis-name', x: high.x - 7, y: high.y - 12, 'text-anchor': 'middle' }, 'Energy'));
  }
  return group;
}

function paintFloor(scene: Scene, projection: Projection): SVGGElement {
  const line = (a: Flat, b: Flat) => s('path', { class: 'rule', style: 'shape-rendering: auto', d: path([a, b]) });
  const floor = (x: number, y: number) => projection.flat(x, y, 0);
  return s('g', {},
    ...scene.grid.gpus.map((gpu) => line(floor(scene.x(gpu), -1), floor(scene.x(gpu), 1))),
    ...scene.grid.cpus.map((cpu) => line(floor(-1, scene.y(cpu)), floor(1, scene.y(cpu)))));
}

function paintMinimum(scene: Scene, projection: Projection): SVGGElement {
  const { cpu, gpu, energy } = scene.least;
  const top = projection.flat(scene.x(gpu), scene.y(cpu), scene.z(energy));
  const foot = projection.flat(scene.x(gpu), scene.y(cpu), 0);
  return s('g', { 'pointer-events': 'none' }, s('path', { class: 'drop', d: path([top, foot]) }), minimumMark(top.x, top.y, cpu, gpu, energy),
    s('text', { class: 'mark-name', x: top.x + 12, y: top.y - 8 }, joule(energy)));
}

// Dots that stand on the surface, and the one that is pointed at. They are never hidden: a setting behind a hill
// is still one of the set.
function paintDots(scene: Scene, projection: Projection): SVGGElement {
  const group = s('g', { class: 'marks', 'pointer-events': 'none' });
  const place = (cell: Cell) => projection.flat(scene.x(cell.gpu), scene.y(cell.cpu), scene.z(energyOf(cell)!));
  for (const cell of scene.pareto) {
    const { x, y } = place(cell);
    group.append(s('circle', { class: 'pareto', cx: x.toFixed(1), cy: y.toFixed(1), r: 2.8, 'data-index': cell.index, 'data-cpu-hz': cell.cpu, 'data-gpu-hz': cell.gpu }));
  }
  const at = pointed === null ? undefined : scene.grid.cells.flat().find((cell) => cell?.index === pointed && energyOf(cell) !== null);
  if (at) {
    const { x, y } = place(at);
    const foot = projection.flat(scene.x(at.gpu), scene.y(at.cpu), 0);
    group.append(s('path', { class: 'thin', d: path([{ x, y }, foot]) }), s('circle', { class: 'pointed-under', cx: x, cy: y, r: 7 }), s('circle', { class: 'cursor pointed', cx: x, cy: y, r: 7, 'data-index': at.index, 'data-cpu-hz': at.cpu, 'data-gpu-hz': at.gpu }));
  }
  return group;
}

function paint(scene: Scene, drawing: SVGSVGElement, world: SVGGElement): void {
  const projection = new Projection(camera, scene.width, scene.height);
  const { governor } = scene;
  // Seen from above, what lies below the plane can hide nothing that lies above it.
  world.replaceChildren(paintFloor(scene, projection), paintFacets(scene, projection, (facet) => (governor === null ? facet : clip(facet, governor, true))));
  if (governor !== null) world.append(paintPlane(scene, projection, governor), paintFacets(scene, projection, (facet) => clip(facet, governor, false)));
  world.append(paintAxes(scene, projection), paintDots(scene, projection), paintMinimum(scene, projection));
  if (governor !== null && scene.width >= 440) {
    const at = projection.flat(-projection.leftCorner[0], -projection.leftCorner[1], scene.z(governor));
    world.append(s('text', { class: 'governor-name', x: Math.min(at.x, scene.width - 4), y: at.y - 7, 'text-anchor': 'end', style: 'font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 4px' }, `'${scene.view.choice.baseline}' ${joule(governor)}`));
  }
  drawing.setAttribute('data-yaw', camera.yaw.toFixed(1));
  drawing.setAttribute('data-pitch', camera.pitch.toFixed(1));
}

function addTurning(drawing: SVGSVGElement): void {
  let last: Flat | null = null;
  drawing.addEventListener('pointerdown', (event) => {
    last = { x: event.clientX, y: event.clientY };
    drawing.setPointerCapture(event.pointerId);
  });
  drawing.addEventListener('pointermove', (event) => {
    if (!last) return;
    turn((last.x - event.clientX) * 0.5 * -1, (event.clientY - last.y) * 0.4);
    last = { x: event.clientX, y: event.clientY };
  });
  for (const name of ['pointerup', 'pointercancel'] as const) drawing.addEventListener(name, () => (last = null));
  drawing.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: [-6, 0], ArrowRight: [6, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] }[event.key];
    if (!step) return;
    event.preventDefault();
    turn(step[0]!, step[1]!);
  });
}

function point(view: View, index: number | null): void {
  pointed = index;
  pointAt(view, 'surface', index);
  repaint();
}

function addReadout(drawing: SVGSVGElement, scene: Scene, say: (text: string | null) => void): void {
  const nearest = (values: number[], place: (value: number) => number, at: number) =>
    values.reduce((best, value, i) => (Math.abs(place(value) - at) < Math.abs(place(values[best]!) - at) ? i : best), 0);
  drawing.addEventListener('pointermove', (event) => {
    const { x, y } = (event.target as SVGElement).dataset;
    if (x === undefined || y === undefined) return;
    const cell = scene.grid.cells[nearest(scene.grid.cpus, scene.y, Number(y))]![nearest(scene.grid.gpus, scene.x, Number(x))];
    if (!cell || cell.index === pointed) return;
    point(scene.view, cell.index);
    say(cellText(scene.view, cell));
  });
  drawing.addEventListener('pointerleave', () => (point(scene.view, null), say(null)));
  onPointed(scene.view, 'surface', (index) => {
    pointed = index;
    repaint();
  });
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const scene = sceneOf(view, width);
  if (typeof scene === 'string') return scene;
  const drawing = canvas(view, width, scene.height, `Energy as a surface over GPU and CPU clock. ${cellText(view, scene.least)} is the least. Drag or use the arrow keys to turn it.`);
  const world = s('g');
  drawing.append(world);
  drawing.setAttribute('class', 'drawing turnable');
  drawing.setAttribute('tabindex', '0');
  let waiting = false;
  repaint = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => ((waiting = false), paint(scene, drawing, world)));
  };
  paint(scene, drawing, world);
  addTurning(drawing);
  addReadout(drawing, scene, say);
  return { drawing, readout: `Least: ${cellText(view, scene.least)}` };
}

function controls(): Node[] {
  const button = (text: string, name: string, act: () => void) => h('button', { type: 'button', class: 'quiet', 'aria-label': name, title: name, click: act }, text);
  const look = (to: Camera) => turn(to.yaw - camera.yaw, to.pitch - camera.pitch);
  return [button('↺', 'Turn left', () => turn(-15, 0)), button('↻', 'Turn right', () => turn(15, 0)), button('Along GPU', 'Along GPU: look along the CPU axis', () => look({ yaw: 180, pitch: 8 })),
    button('From above', 'Look from above', () => look({ yaw: 0, pitch: 90 })), button('Reset', 'Reset the view', () => look(kStart))];
}

export const surface: Figure = { id: 'surface', title: () => 'Energy surface', sentence: surfaceSentence, controls, draw, table: mapTable };

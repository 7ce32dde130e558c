// Draws a window of a run: bands of the phases, ticks of the batches, a lane for each kind of quantity, and the whole
// run as a strip below. At most two points a series and pixel column, however many samples there are.
import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { s } from '../dom';
import { mhz, significant } from '../format';
import { extremes, firstFrom, type Trace } from './timeline_trace';

export interface Phase {
  name: string;
  begin_s: number;
  end_s: number;
}
export interface Scene {
  width: number;
  traces: Trace[]; // those shown
  all: Trace[]; // for colours that stay the same when one is hidden
  phases: Phase[];
  batches: { begin: Float64Array; end: Float64Array } | null;
  duration: number; // s
  from: number; // of the window
  to: number;
  marks: number[];
}
export interface Lane {
  name: string;
  unit: string;
  traces: Trace[];
  top: number; // of its names; the plot begins below them
  plot: number;
  bottom: number;
}
export interface Layout {
  left: number;
  right: number;
  lanes: Lane[];
  strip: { top: number; bottom: number };
  height: number;
}

// Apart for colour-blind readers (after Okabe and Ito), and dark and light enough for both papers. The total is the ink;
// a component has its colour in every lane, so that its rail, its clock and its temperature are seen to belong together.
const kComponents: [RegExp, string][] = [[/cpu/i, '#2a7fc0'], [/gpu/i, '#d55e00'], [/mem|emc|ddr|dram/i, '#13906c']];
const kOthers = ['#b65c96', '#8a7a12', '#6a6fd8', '#a0522d', '#4d8a99'];
const kPhaseTop = 18;
const kPhaseBottom = 36;
const kRow = 15; // px a row of names
const kCharacter = 7.2; // px, about; the fonts of readers differ
const kSpan = 1e-9; // s; a run without a duration still has an axis

// What is of several components (VDD_CPU_GPU_CV) has the colour of none.
function componentColour({ series }: Trace): string | null {
  const of = kComponents.filter(([name]) => name.test(series.name));
  return of.length === 1 ? of[0]![1] : null;
}

export function colourOf(all: Trace[], trace: Trace): string {
  if (trace.series.kind === 'total') return 'var(--ink)';
  const alike = all.filter((one) => one.series.kind !== 'total' && laneOf(one) === laneOf(trace));
  const own = alike.map(componentColour);
  const first = own.map((colour, i) => colour !== null && own.indexOf(colour) === i); // a second one of a component needs another
  const place = Math.max(0, alike.indexOf(trace));
  if (first[place]) return own[place]!;
  const free = [...kOthers, ...kComponents.map(([, colour]) => colour).filter((colour) => !own.includes(colour))];
  return free[first.slice(0, place).filter((taken) => !taken).length % free.length]!;
}

function laneOf({ series }: Trace): string {
  if (series.kind === 'power' || series.kind === 'total') return 'Power';
  if (series.kind === 'clock') return 'Clocks';
  return series.kind === 'temperature' ? 'Temperatures' : `Other${series.unit && `, ${series.unit}`}`;
}
const unitOf = (trace: Trace) => (trace.series.unit === 'Hz' ? 'MHz' : trace.series.unit);
// "Memory activity (MHz)" where it is alone of its unit, "Other (%)".
function titleOf({ name, unit, traces }: Lane): string {
  const title = !name.startsWith('Other') ? name : traces.length > 1 ? 'Other' : shortName(sentenceCase(traces[0]!.series.name));
  return unit ? `${title} (${unit})` : title;
}
const sentenceCase = (name: string) => (/^[a-z][a-z0-9_]*$/.test(name) ? `${name[0]!.toUpperCase()}${name.slice(1).replace(/_/g, ' ')}` : name);

export const shortName = (name: string) => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

// Where the names of a lane stand, wrapped into rows.
function namesOf(lane: Lane, left: number, right: number): { trace: Trace; x: number; row: number }[] {
  let x = left + (titleOf(lane).length + 2) * kCharacter, row = 0;
  return lane.traces.map((trace) => {
    const width = 30 + shortName(trace.series.name).length * kCharacter * 1.12; // names are often capitals
    if (x + width > right && x > left) [x, row] = [left, row + 1];
    const place = { trace, x, row };
    x += width;
    return place;
  });
}

const kLanes = ['Power', 'Clocks', 'Temperatures']; // others follow
const placeOf = (lane: string) => (kLanes.indexOf(lane) + kLanes.length + 1) % (kLanes.length + 1);

export function layoutOf({ width, traces }: Pick<Scene, 'width' | 'traces'>): Layout {
  const [left, right] = [52, width - 10];
  const names = [...new Set(traces.map(laneOf))].sort((a, b) => placeOf(a) - placeOf(b));
  let top = kPhaseBottom + 18;
  const lanes = names.map((name) => {
    const mine = traces.filter((trace) => laneOf(trace) === name);
    const lane: Lane = { name, unit: unitOf(mine[0]!), traces: mine, top, plot: 0, bottom: 0 };
    lane.plot = top + kRow * (1 + Math.max(0, ...namesOf(lane, left, right).map((place) => place.row))) + 4;
    lane.bottom = lane.plot + (name === 'Power' ? Math.round(Math.min(190, 110 + width * 0.08)) : 78);
    top = lane.bottom + 10;
    return lane;
  });
  const axis = Math.max(top, kPhaseBottom + 40) + 34;
  return { left, right, lanes, strip: { top: axis + 4, bottom: axis + 40 }, height: axis + 46 };
}

const round = (value: number) => Math.round(value * 10) / 10;
export type TimeScale = ScaleLinear<number, number>;
export const timeScale = (scene: Scene, layout: Layout): TimeScale => scaleLinear([scene.from, Math.max(scene.to, scene.from + kSpan)], [layout.left, layout.right]);

// A clock holds its value until the next sample; a power or a temperature moves on.
const holds = (trace: Trace) => trace.series.kind === 'clock';

// Every sample where they are few; otherwise the area from the least to the greatest of each column of `fine` px (to fill
// one outline costs a browser a third of what it costs to stroke a zigzag of as many points).
export function pathOf(trace: Trace, x: TimeScale, y: (value: number) => number, fine = 1): { d: string; area: boolean } {
  const [t0, t1] = x.domain() as [number, number];
  const [left, right] = x.range() as [number, number];
  const { time, value } = trace;
  const from = Math.max(0, firstFrom(time, t0) - 1);
  const to = Math.min(time.length, firstFrom(time, t1) + 1);
  const columns = Math.max(1, Math.round((right - left) / fine));
  if (to - from > 2 * columns) return { d: areaOf(trace, from, to, columns, x, y), area: true };
  let d = '';
  for (let i = from; i < to; ++i) {
    const px = round(Math.min(Math.max(x(time[i]!), left), right));
    d += i === from ? `M${px},${round(y(value[i]!))}` : holds(trace) ? `H${px}V${round(y(value[i]!))}` : `L${px},${round(y(value[i]!))}`;
  }
  return { d: holds(trace) && to > from ? `${d}H${round(right)}` : d, area: false };
}

function areaOf(trace: Trace, from: number, to: number, columns: number, x: TimeScale, y: (value: number) => number): string {
  const [t0, t1] = x.domain() as [number, number];
  const [left, right] = x.range() as [number, number];
  const tops: string[] = [], bottoms: string[] = [];
  for (let column = 0, begin = from; column < columns && begin < to; ++column) {
    const end = column === columns - 1 ? to : Math.min(to, firstFrom(trace.time, t0 + ((t1 - t0) * (column + 1)) / columns));
    if (end <= begin) continue;
    const [low, high] = extremes(trace, begin, end);
    const px = round(left + ((right - left) * (column + 0.5)) / columns);
    tops.push(`${px},${round(y(high))}`);
    bottoms.push(`${px},${round(y(low))}`);
    begin = end;
  }
  return tops.length ? `M${tops.join('L')}L${bottoms.reverse().join('L')}Z` : '';
}

function valueScale(lane: Lane): ScaleLinear<number, number> {
  const lows = lane.traces.filter((trace) => trace.value.length).map((trace) => trace.low);
  const highs = lane.traces.filter((trace) => trace.value.length).map((trace) => trace.high);
  const [low, high] = [Math.min(...lows, Infinity), Math.max(...highs, -Infinity)];
  if (!(low <= high)) return scaleLinear([0, 1], [lane.bottom, lane.plot]);
  const floor = lane.name === 'Temperatures' || low < 0 ? low - 0.05 * (high - low) : 0;
  return scaleLinear([floor, high > floor ? high : floor + 1], [lane.bottom, lane.plot]).nice(3);
}
// Few characters: the room beside the axis is narrow.
const kPrefixes: [number, string][] = [[1e9, 'G'], [1e6, 'M'], [1e4, 'k']];
function tickText(lane: Lane, value: number): string {
  if (lane.unit === 'MHz') return mhz(value);
  const [from, prefix] = kPrefixes.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  const text = significant(value / (from === 1e4 ? 1e3 : from), 3);
  return `${text.includes('.') ? text.replace(/\.?0+$/, '') : text}${prefix && `\u00a0${prefix}`}`;
}

// A lane without its lines: they follow the window, this does not.
function drawLane(scene: Scene, lane: Lane, layout: Layout): { group: SVGGElement; lines: Line[] } {
  const y = valueScale(lane);
  const group = s('g', { class: 'lane', 'data-lane': lane.name }, s('text', { class: 'axis-name', x: 4, y: lane.top + 11 }, titleOf(lane)));
  for (const tick of y.ticks(lane.bottom - lane.plot > 100 ? 5 : 3))
    group.append(s('path', { class: 'rule', d: `M${layout.left},${round(y(tick))}H${layout.right}` }), s('text', { x: layout.left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, tickText(lane, tick)));
  const lines = namesOf(lane, layout.left, layout.right).map(({ trace, x: at, row }) => {
    const colour = colourOf(scene.all, trace);
    const middle = lane.top + row * kRow + 7;
    group.append(s('path', { style: `stroke: ${colour}; stroke-width: 2.5`, d: `M${round(at)},${middle}h14` }), s('text', { x: at + 18, y: middle + 4 }, trace.fault ? `${shortName(trace.series.name)} (damaged)` : shortName(trace.series.name), trace.series.name.length > 28 && s('title', {}, trace.series.name)));
    const element = s('path', { class: 'trace', 'data-series': trace.series.name });
    group.append(element);
    return { trace, y, element };
  });
  return { group, lines };
}

function drawPhases(scene: Scene, layout: Layout, x: TimeScale): SVGGElement {
  const group = s('g', { class: 'phases' });
  const bottom = layout.lanes.at(-1)?.bottom ?? kPhaseBottom + 30;
  scene.phases.forEach((phase, i) => {
    const [a, b] = [Math.max(layout.left, x(phase.begin_s)), Math.min(layout.right, x(phase.end_s))];
    if (b <= a) return;
    const name = phase.name.replace(/_/g, ' ');
    const fits = b - a > name.length * kCharacter + 6;
    group.append(s('rect', { x: round(a), y: kPhaseTop, width: Math.max(0.5, round(b - a)), height: bottom - kPhaseTop, style: `fill: var(--bar); fill-opacity: ${i % 2 ? 0.16 : 0.06}` }, s('title', {}, name)),
      s('path', { class: 'rule', d: `M${round(a)},${kPhaseTop}V${bottom}` }));
    if (fits) group.append(s('text', { x: (a + b) / 2, y: kPhaseTop + 13, 'text-anchor': 'middle' }, name));
  });
  return group;
}

// A bar a batch where they are wide enough to be told apart, one for all otherwise.
function drawBatches({ batches }: Scene, layout: Layout, x: TimeScale): SVGGElement {
  const group = s('g', { class: 'batches' });
  if (!batches?.begin.length) return group;
  const [t0, t1] = x.domain() as [number, number];
  const from = Math.max(0, firstFrom(batches.end, t0)), to = Math.min(batches.begin.length, firstFrom(batches.begin, t1));
  const clamp = (t: number) => round(Math.min(Math.max(x(t), layout.left), layout.right));
  if (to <= from) return group;
  const each = (clamp(batches.end[to - 1]!) - clamp(batches.begin[from]!)) / (to - from);
  const bar = (a: number, b: number) => `M${a},${kPhaseBottom + 4}H${b}v5H${a}Z`;
  const style = 'fill: var(--ink-soft); fill-opacity: .7; stroke: none';
  let bars = '';
  if (each >= 4) for (let i = from; i < to; ++i) bars += bar(clamp(batches.begin[i]!), Math.max(clamp(batches.end[i]!) - 1, clamp(batches.begin[i]!) + 1));
  if (bars) group.append(s('path', { class: 'batch', style, d: bars }, s('title', {}, `batches ${from + 1} to ${to}`)));
  else group.append(s('path', { class: 'batch', style, d: bar(clamp(batches.begin[from]!), clamp(batches.end[to - 1]!)) }, s('title', {}, `${to - from} batches`)));
  return group;
}

export function timeText(seconds: number, span: number): string {
  const decimals = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.max(span, 1e-6)))));
  return seconds.toFixed(decimals);
}

function drawAxis(layout: Layout, x: TimeScale): SVGGElement {
  const bottom = layout.lanes.at(-1)?.bottom ?? kPhaseBottom + 30;
  const group = s('g', {}, s('path', { class: 'frame-line', d: `M${layout.left},${bottom}H${layout.right}` }));
  const ticks = x.ticks(Math.max(2, Math.floor((layout.right - layout.left) / 80)));
  const text = x.tickFormat(ticks.length);
  for (const tick of ticks) group.append(s('path', { class: 'frame-line', d: `M${round(x(tick))},${bottom}v4` }), s('text', { x: Math.min(x(tick), layout.right), y: bottom + 17, 'text-anchor': x(tick) > layout.right - 20 ? 'end' : 'middle' }, text(tick).replace(/,/g, '\u202f')));
  group.append(s('text', { class: 'axis-name', x: layout.right, y: bottom + 33, 'text-anchor': 'end' }, "Time from the run's begin (s)"));
  return group;
}

// The whole run; the window is a rectangle on it.
function drawStrip(scene: Scene, layout: Layout): { group: SVGGElement; window: SVGRectElement } {
  const { top, bottom } = layout.strip;
  const x = stripScale(scene, layout);
  const lead = scene.traces.find((trace) => trace.series.kind === 'total') ?? scene.traces[0];
  const group = s('g', { class: 'strip' }, s('rect', { x: layout.left, y: top, width: layout.right - layout.left, height: bottom - top, style: 'fill: var(--rule); fill-opacity: .35' }));
  if (lead?.value.length) {
    const { d, area } = pathOf(lead, x, scaleLinear([Math.min(0, lead.low), lead.high || 1], [bottom - 2, top + 2]));
    group.append(s('path', { style: `stroke: var(--ink-soft); stroke-width: 1; fill: ${area ? 'var(--ink-soft)' : 'none'}`, d }));
  }
  const window = s('rect', { class: 'window', y: top, height: bottom - top, style: 'fill: var(--series-a); fill-opacity: .18; stroke: var(--series-a)' });
  group.append(window);
  return { group, window };
}
const stripScale = (scene: Scene, layout: Layout) => scaleLinear([0, Math.max(scene.duration, kSpan)], [layout.left, layout.right]);

function drawMarks(scene: Scene, layout: Layout, x: TimeScale): SVGGElement {
  const bottom = layout.lanes.at(-1)?.bottom ?? kPhaseBottom;
  const inside = scene.marks.filter((mark) => mark >= scene.from && mark <= scene.to);
  return s('g', { class: 'marks' }, ...inside.map((mark) => s('path', { class: 'drop', d: `M${round(x(mark))},${kPhaseTop}V${bottom}` }, s('title', {}, `mark at ${timeText(mark, scene.to - scene.from)} s`))));
}

interface Line {
  trace: Trace;
  y: ScaleLinear<number, number>;
  element: SVGPathElement;
}
// What stays while the window moves, and where what moves goes.
export interface Stage {
  layout: Layout;
  lines: Line[];
  window: SVGRectElement;
  below: SVGGElement; // of the lanes
  above: SVGGElement;
}

export function buildStage(world: SVGGElement, scene: Scene): Stage {
  const layout = layoutOf(scene);
  const lanes = layout.lanes.map((lane) => drawLane(scene, lane, layout));
  const { group, window } = drawStrip(scene, layout);
  const [below, above] = [s('g'), s('g')];
  world.replaceChildren(below, ...lanes.map((lane) => lane.group), group, above);
  return { layout, lines: lanes.flatMap((lane) => lane.lines), window, below, above };
}

// `fine`: px a column of the lines.
export function paintWindow(stage: Stage, scene: Scene, fine: number): TimeScale {
  const { layout, lines, window, below, above } = stage;
  const x = timeScale(scene, layout);
  below.replaceChildren(drawPhases(scene, layout, x), drawBatches(scene, layout, x), drawAxis(layout, x));
  for (const { trace, y, element } of lines) {
    const { d, area } = pathOf(trace, x, y, fine);
    element.setAttribute('d', d);
    element.setAttribute('style', `stroke: ${colourOf(scene.all, trace)}; stroke-width: ${trace.series.kind === 'total' ? 1.6 : 1.2}; fill: ${area ? colourOf(scene.all, trace) : 'none'}; stroke-linejoin: round`);
  }
  above.replaceChildren(drawMarks(scene, layout, x));
  const strip = stripScale(scene, layout);
  window.setAttribute('x', String(round(strip(scene.from))));
  window.setAttribute('width', String(Math.max(3, round(strip(scene.to) - strip(scene.from)))));
  return x;
}

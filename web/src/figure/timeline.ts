// A run over time: rails, clocks and temperatures on one axis, with its phases and batches. A million samples pan and
// zoom smoothly: timeline_trace.ts. The reader's choices live in timeline_state.ts, the drawing in timeline_draw.ts.
import type { Table } from '../csv';
import type { Study } from '../data';
import { h, replace, s } from '../dom';
import type { View } from '../view';
import { select } from './controls';
import type { Drawn, Figure } from './frame';
import { canvas } from './parts';
import { buildStage, colourOf, paintWindow, shortName, type Stage, type TimeScale } from './timeline_draw';
import { samplesIn, stateOf, type TimelineState } from './timeline_state';

const kMostRows = 250_000; // of a CSV file
const kAtOnce = 300_000; // samples that are unpacked without a pause

const kCoarse = 2; // px a column while the window moves
const kRest = 120; // ms

const title = 'A run over time';
const label = (state: TimelineState) => `${state.timeline.label}, run ${state.timeline.run}`;

interface Painted {
  drawing: SVGSVGElement;
  world: SVGGElement;
  cursor: SVGPathElement;
  stage: Stage;
  series: string; // what the stage was built for
  x: TimeScale;
}

function paint(state: TimelineState, painted: Painted, width: number, fine: number): void {
  const { timeline, duration, from, to, marks, batches, shown } = state;
  const scene = { width, traces: shown, all: state.traces, phases: timeline.phases, batches, duration, from, to, marks };
  const series = `${state.index} ${shown.map((trace) => state.traces.indexOf(trace)).join(' ')}`;
  if (series !== painted.series) {
    painted.stage = buildStage(painted.world, scene);
    painted.series = series;
    painted.drawing.setAttribute('height', String(painted.stage.layout.height));
    painted.drawing.setAttribute('viewBox', `0 0 ${width} ${painted.stage.layout.height}`);
  }
  painted.x = paintWindow(painted.stage, scene, fine);
  Object.assign(painted.drawing.dataset, { from: String(from), to: String(to), run: String(timeline.run), ready: String(state.ready), fine: String(fine) });
  moveCursor(state, painted);
}

function moveCursor(state: TimelineState, { cursor, x, stage: { layout } }: Painted): void {
  const inside = state.cursor !== null && state.cursor >= state.from && state.cursor <= state.to;
  cursor.setAttribute('visibility', inside ? 'visible' : 'hidden');
  if (inside) cursor.setAttribute('d', `M${x(state.cursor!).toFixed(1)},18V${layout.lanes.at(-1)?.bottom ?? 40}`);
}

// A series at a time, so that the page answers in between; all at once where nothing else waits (paper, print).
function unpackAll(state: TimelineState, changed: () => void): void {
  const samples = state.timeline.series.reduce((sum, series) => sum + series.value.count, 0);
  if (state.view.printing || typeof requestAnimationFrame === 'undefined' || samples <= kAtOnce) return state.finish();
  const run = state.index;
  const next = () => {
    if (state.index !== run || state.ready) return;
    const more = state.step();
    changed();
    if (more) setTimeout(next);
  };
  setTimeout(next);
}

function addKeys(state: TimelineState, drawing: SVGSVGElement, point: (time: number | null) => void): void {
  drawing.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const wide = state.to - state.from;
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    if (side && event.shiftKey) point(Math.min(Math.max(state.middle + (side * wide) / 100, state.from), state.to));
    else if (side) state.pan((side * wide) / 10);
    else if (event.key === '+' || event.key === '=' || event.key === 'ArrowUp') state.zoom(1 / 1.5, state.middle);
    else if (event.key === '-' || event.key === '_' || event.key === 'ArrowDown') state.zoom(1.5, state.middle);
    else if (event.key === 'Home') state.show(0, state.duration);
    else if (event.key === 'm' || event.key === 'M') state.mark(state.middle);
    else if (event.key === 'Escape') ((state.marks = []), state.onChange(), point(null));
    else return;
    event.preventDefault();
  });
}

// Drag moves the window, two fingers and the wheel zoom it; on the strip below, the window follows the pointer.
function addPointers(state: TimelineState, painted: Painted, point: (time: number | null) => void): void {
  const { drawing } = painted;
  const fingers = new Map<number, number>(); // pointer to px
  const px = (event: MouseEvent) => event.clientX - drawing.getBoundingClientRect().left;
  const onStrip = (event: MouseEvent) => event.clientY - drawing.getBoundingClientRect().top >= painted.stage.layout.strip.top - 4;
  const share = (at: number) => (at - painted.stage.layout.left) / (painted.stage.layout.right - painted.stage.layout.left);
  let strip = false;
  const toStrip = (event: MouseEvent) => state.show(share(px(event)) * state.duration - (state.to - state.from) / 2, share(px(event)) * state.duration + (state.to - state.from) / 2);
  drawing.addEventListener('pointerdown', (event) => {
    drawing.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, px(event));
    strip = onStrip(event);
    if (strip) toStrip(event);
  });
  drawing.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    const now = px(event);
    if (before === undefined) return onStrip(event) ? undefined : point(Math.min(Math.max(painted.x.invert(now), state.from), state.to));
    fingers.set(event.pointerId, now);
    if (strip) return toStrip(event);
    const perPx = (state.to - state.from) / (painted.stage.layout.right - painted.stage.layout.left);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) return state.pan((before - now) * perPx);
    const apart = Math.abs(now - other);
    if (apart > 4) state.zoom(Math.abs(before - other) / apart, state.from + (other - painted.stage.layout.left) * perPx);
  });
  for (const name of ['pointerup', 'pointercancel'] as const) drawing.addEventListener(name, (event) => fingers.delete(event.pointerId));
  drawing.addEventListener('pointerleave', () => !fingers.size && point(null));
  drawing.addEventListener('dblclick', (event) => !onStrip(event) && state.mark(Math.min(Math.max(painted.x.invert(px(event)), state.from), state.to)));
  // The wheel scrolls the page until the drawing is chosen (a click, Tab), or Ctrl says that zoom is meant.
  drawing.addEventListener('wheel', (event) => {
    if (document.activeElement !== drawing && !event.ctrlKey) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return state.pan((event.deltaX / 400) * (state.to - state.from));
    state.zoom(Math.exp(Math.min(Math.max(event.deltaY, -400), 400) / 400), painted.x.invert(px(event)));
  }, { passive: false });
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const state = stateOf(view);
  state.follow();
  if (!state.timeline.series.length && !state.timeline.phases.length) return `No samples of ${label(state)} are here: ${state.timeline.why_absent || 'no reason given'}.`;
  const drawing = canvas(view, width, 100, `Power, clocks and temperatures of ${label(state)} over time. Plus and minus zoom, the arrow keys move, Home shows the whole run, M sets a mark.`);
  drawing.setAttribute('tabindex', '0');
  drawing.classList.add('movable');
  const world = s('g');
  const cursor = s('path', { class: 'cursor-line', visibility: 'hidden' });
  drawing.append(world, cursor);
  const painted = { drawing, world, cursor } as Painted;
  let waiting = false;
  let settled: ReturnType<typeof setTimeout> | undefined;
  // Coarser while it moves, as fine as the screen when it rests: half the work a frame.
  const now = () => {
    waiting = false;
    paint(state, painted, width, kCoarse);
    clearTimeout(settled);
    settled = setTimeout(() => (paint(state, painted, width, 1), say(state.readout())), kRest);
  };
  state.onChange = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(now);
  };
  if (!state.ready) unpackAll(state, () => (state.onSeries(), state.onChange()));
  paint(state, painted, width, 1);
  state.onSeries();
  const point = (time: number | null) => {
    state.cursor = time;
    moveCursor(state, painted);
    say(state.readout());
  };
  addKeys(state, drawing, point);
  addPointers(state, painted, point);
  return { drawing, readout: state.readout() };
}

function seriesSwitches(state: TimelineState): HTMLElement {
  const host = h('div', { class: 'switches', role: 'group', 'aria-label': 'Series shown' });
  const make = () =>
    replace(host, ...state.traces.map((trace) => {
      const { name } = trace.series;
      const button = h('button', { type: 'button', class: 'quiet', 'aria-pressed': String(!state.hidden.has(name)), title: trace.fault ? `${name}: ${trace.fault}` : name,
        click: () => {
          if (!state.hidden.delete(name)) state.hidden.add(name);
          button.setAttribute('aria-pressed', String(!state.hidden.has(name)));
          state.onChange();
        } }, h('span', { class: 'swatch', 'aria-hidden': 'true' }), shortName(name));
      (button.firstChild as HTMLElement).style.background = colourOf(state.traces, trace);
      return button;
    }));
  state.onSeries = () => host.childElementCount !== state.traces.length && make();
  make();
  return host;
}

function controls(view: View): Node[] {
  const state = stateOf(view);
  state.follow();
  const button = (text: string, name: string, act: () => void) => h('button', { type: 'button', class: 'quiet', 'aria-label': name, title: name, click: act }, text);
  const names = state.all.map((_, i) => i);
  const text = (i: number) => `${shortName(state.all[i]!.label)}, run ${state.all[i]!.run}${state.all[i]!.series.length ? '' : ' (no samples)'}`;
  return [
    select('Run', names, text, state.index, (index) => (state.open(index), view.redraw('timeline'))),
    button('+', 'Zoom in', () => state.zoom(1 / 1.5, state.middle)), button('\u2212', 'Zoom out', () => state.zoom(1.5, state.middle)), button('Whole run', 'Show the whole run', () => state.show(0, state.duration)),
    button('Mark', 'Set a mark at the cursor, or in the middle', () => state.mark(state.middle)), seriesSwitches(state),
  ];
}

function table(view: View): Table {
  const state = stateOf(view);
  state.finish();
  const { run, label: name } = state.timeline;
  return {
    header: ['run', 'label', 'series', 'unit', 'time_s', 'value', 'every', 'simulated'],
    rows: samplesIn(state, kMostRows).map(({ trace, i, every }) => [run, name, trace.series.name, trace.series.unit, Number(trace.time[i]!.toPrecision(12)), Number(trace.value[i]!.toPrecision(12)), every, String(view.study.simulated)]),
  };
}

export const timeline: Figure = {
  id: 'timeline',
  scope: 'study',
  wide: true,
  applies: (study: Study) => (study.timelines?.length ?? 0) > 0,
  title: () => title,
  sentence: (view) => `Power, clocks and temperatures of one run${view.study.simulated ? ' (simulated)' : ''}, its phases as bands, its batches as a row of ticks. Choose the drawing (a click, Tab); then the wheel, + and \u2212 zoom, dragging and the arrow keys move, M or a double click sets a mark. The CSV has the samples of the window shown, every one up to ${kMostRows / 1000} thousand, every n-th beyond.`,
  controls,
  of: (view) => label(stateOf(view)),
  draw,
  table,
};

// What a timeline shows: the run, its samples (unpacked piece by piece), the window, the marks. One for each page.
import { unpack } from '../column';
import type { Timeline } from '../data';
import type { View } from '../view';
import { timeText, type Scene } from './timeline_draw';
import { areaBetween, firstFrom, tracesOf, valueAt, type Trace } from './timeline_trace';
import { joule, significant } from '../format';

const kNarrowest = 1e-6; // s; rails are not sampled faster

export class TimelineState {
  index: number;
  from = 0;
  to = 1;
  cursor: number | null = null; // s
  marks: number[] = []; // s, at most two
  hidden = new Set<string>();
  traces: Trace[] = [];
  batches: Scene['batches'] = null;
  ready = false;
  private work: Iterator<Trace> | null = null;
  private choice = '';
  onChange = () => {}; // the drawing, where there is one
  onSeries = () => {}; // the switches of the series, where there are any

  constructor(readonly view: View) {
    this.index = Math.max(0, this.all.findIndex((timeline) => timeline.series.length > 0));
    this.open(this.index);
  }
  get all(): Timeline[] {
    return this.view.study.timelines ?? [];
  }
  get timeline(): Timeline {
    return this.all[this.index]!;
  }
  get duration(): number {
    return Math.max(this.timeline.duration_s, ...this.timeline.phases.map((phase) => phase.end_s), 0);
  }

  open(index: number): void {
    this.index = index;
    [this.from, this.to, this.cursor, this.marks, this.traces, this.ready] = [0, this.duration, null, [], [], false];
    this.batches = batchesOf(this.timeline);
    this.work = tracesOf(this.timeline);
  }
  // Follows the network and batch size chosen on the page, where a run of them is kept.
  follow(): void {
    const { network, batch } = this.view.choice;
    const key = `${batch} ${network}`;
    if (key === this.choice) return;
    this.choice = key;
    const fits = (timeline: Timeline) => {
      const point = timeline.point === null ? undefined : this.view.study.points[timeline.point];
      return timeline.series.length > 0 && point?.network === network && Number(point.setting['batch'] ?? 0) === batch;
    };
    const found = this.all.findIndex(fits);
    if (found >= 0 && !fits(this.timeline)) this.open(found);
  }
  // Unpacks the next series; false when all are.
  step(): boolean {
    const next = this.work?.next();
    if (next && !next.done) this.traces.push(next.value);
    this.ready = !next || next.done === true;
    return !this.ready;
  }
  finish(): void {
    while (this.step());
  }

  show(from: number, to: number): void {
    const width = Math.min(Math.max(to - from, kNarrowest), Math.max(this.duration, kNarrowest));
    this.from = Math.min(Math.max(from, 0), Math.max(0, this.duration - width));
    this.to = this.from + width;
    this.onChange();
  }
  // factor < 1: closer. The time `at` stays where it is.
  zoom(factor: number, at: number): void {
    const wide = this.to - this.from;
    const width = Math.min(Math.max(wide * factor, kNarrowest), this.duration);
    const share = wide > 0 ? (at - this.from) / wide : 0.5;
    this.show(at - share * width, at + (1 - share) * width);
  }
  pan(seconds: number): void {
    this.show(this.from + seconds, this.to + seconds);
  }
  get middle(): number {
    return this.cursor !== null && this.cursor >= this.from && this.cursor <= this.to ? this.cursor : (this.from + this.to) / 2;
  }
  mark(at: number): void {
    this.marks = this.marks.length > 1 ? [at] : [...this.marks, at].sort((a, b) => a - b);
    this.onChange();
  }
  get shown(): Trace[] {
    return this.traces.filter((trace) => !this.hidden.has(trace.series.name));
  }

  readout(): string {
    const span = this.to - this.from;
    const parts = [`From ${timeText(this.from, span)} s to ${timeText(this.to, span)} s of ${timeText(this.duration, this.duration)} s.`];
    if (this.cursor !== null) parts.unshift(this.valuesAt(this.cursor, span));
    const between = this.betweenMarks();
    if (between) parts.push(between);
    return parts.join(' ');
  }
  private valuesAt(time: number, span: number): string {
    const phase = this.timeline.phases.find(({ begin_s, end_s }) => time >= begin_s && time < end_s)?.name.replace(/_/g, ' ');
    const values = this.shown.flatMap((trace) => {
      const value = valueAt(trace, time);
      const { name, unit } = trace.series;
      return value === null ? [] : [`${name} ${unit === 'Hz' ? `${significant(value / 1e6, 5)}\u00a0MHz` : `${significant(value)}\u00a0${unit}`}`];
    });
    return `At ${timeText(time, span)} s${phase ? ` (${phase})` : ''}: ${values.join(', ') || 'no sample'}.`;
  }
  private betweenMarks(): string {
    const [a, b] = this.marks;
    if (a === undefined) return '';
    if (b === undefined) return `A mark at ${timeText(a, this.to - this.from)} s; a second one gives the energy between them.`;
    const total = this.traces.find((trace) => trace.series.kind === 'total') ?? this.traces.find((trace) => trace.series.kind === 'power');
    const energy = total ? areaBetween(total, a, b) : null;
    return energy === null ? 'No power was sampled all the way between the marks.' : `Between the marks (${timeText(b - a, b - a)} s): ${joule(energy)} on ${total!.series.name}, by straight lines between its samples.`;
  }
}

function batchesOf(timeline: Timeline): Scene['batches'] {
  if (!timeline.batches) return null;
  try {
    const batches = { begin: unpack(timeline.batches.begin_s), end: unpack(timeline.batches.end_s) };
    return batches.begin.length === batches.end.length ? batches : null;
  } catch {
    return null; // the drawing has no batches then; the phases still stand
  }
}

const states = new WeakMap<View, TimelineState>();
export function stateOf(view: View): TimelineState {
  const known = states.get(view) ?? new TimelineState(view);
  states.set(view, known);
  return known;
}

// The samples of a window, as rows of a table: all of them up to `most`, otherwise every n-th.
export function samplesIn(state: TimelineState, most: number): { trace: Trace; i: number; every: number }[] {
  const ranges = state.shown.map((trace) => ({ trace, begin: firstFrom(trace.time, state.from), end: firstFrom(trace.time, state.to) }));
  for (const range of ranges) while (range.end < range.trace.time.length && range.trace.time[range.end]! <= state.to) ++range.end;
  const every = Math.max(1, Math.ceil(ranges.reduce((sum, { begin, end }) => sum + end - begin, 0) / most));
  return ranges.flatMap(({ trace, begin, end }) => Array.from({ length: Math.ceil((end - begin) / every) }, (_, k) => ({ trace, i: begin + k * every, every })));
}

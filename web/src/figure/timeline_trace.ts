// A run's samples made ready to be drawn at any zoom: unpacked, and with the least and the greatest of ever longer
// stretches beside them, so that a frame looks at some hundreds of numbers however many samples there are.
import { unpack } from '../column';
import type { Series, Timeline } from '../data';

const kFan = 16; // samples (or stretches of the level below) to a stretch

interface Level {
  least: Float64Array;
  most: Float64Array;
}
export interface Trace {
  series: Series;
  time: Float64Array; // s, ascending
  value: Float64Array;
  levels: Level[];
  low: number; // over the whole run
  high: number;
  fault: string; // why there are no samples
}

function levelOver(least: Float64Array, most: Float64Array): Level {
  const count = Math.ceil(least.length / kFan);
  const level = { least: new Float64Array(count), most: new Float64Array(count) };
  for (let i = 0; i < count; ++i) {
    let low = Infinity, high = -Infinity;
    for (let k = i * kFan, end = Math.min(least.length, k + kFan); k < end; ++k) {
      if (least[k]! < low) low = least[k]!;
      if (most[k]! > high) high = most[k]!;
    }
    level.least[i] = low;
    level.most[i] = high;
  }
  return level;
}

export function traceOf(series: Series, time: Float64Array, value: Float64Array, fault = ''): Trace {
  const levels: Level[] = [];
  for (let below: Level = { least: value, most: value }; below.least.length > kFan; ) levels.push((below = levelOver(below.least, below.most)));
  const top = levelOver(levels.at(-1)?.least ?? value, levels.at(-1)?.most ?? value);
  return { series, time, value, levels, low: top.least[0] ?? 0, high: top.most[0] ?? 0, fault };
}

// Least and greatest of value[from..to), which is not empty.
export function extremes(trace: Trace, from: number, to: number): [number, number] {
  let low = Infinity, high = -Infinity;
  const take = (level: Level, i: number) => {
    if (level.least[i]! < low) low = level.least[i]!;
    if (level.most[i]! > high) high = level.most[i]!;
  };
  let level: Level = { least: trace.value, most: trace.value };
  for (let up = 0; from < to; ++up) {
    const above = trace.levels[up];
    if (!above || to - from < 2 * kFan) {
      for (; from < to; ++from) take(level, from);
      break;
    }
    for (; from % kFan; ++from) take(level, from);
    for (; to % kFan; --to) take(level, to - 1);
    from /= kFan;
    to /= kFan;
    level = above;
  }
  return [low, high];
}

// The first sample at `time` or later.
export function firstFrom(times: Float64Array, time: number): number {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The value that held at a time: that of the last sample until then; null before the first.
export function valueAt(trace: Trace, time: number): number | null {
  const i = firstFrom(trace.time, time);
  if (trace.time[i] === time) return trace.value[i]!;
  return i ? trace.value[i - 1]! : null;
}

// Area under the straight lines between the samples, from `from` to `to`; null where either lies outside of them.
export function areaBetween({ time, value }: Trace, from: number, to: number): number | null {
  if (!time.length || from < time[0]! || to > time[time.length - 1]!) return null;
  const at = (t: number) => {
    const i = Math.max(1, firstFrom(time, t));
    const width = time[i]! - time[i - 1]!;
    return width > 0 ? value[i - 1]! + ((value[i]! - value[i - 1]!) * (t - time[i - 1]!)) / width : value[i]!;
  };
  if (time.length < 2) return null;
  let sum = 0, t = from, v = at(from);
  for (let i = firstFrom(time, from); i < time.length && time[i]! < to; ++i) {
    sum += ((v + value[i]!) / 2) * (time[i]! - t);
    [t, v] = [time[i]!, value[i]!];
  }
  return sum + ((v + at(to)) / 2) * (to - t);
}

function timesOf(timeline: Timeline, series: Series, known: Map<number, Float64Array>): Float64Array {
  const index = typeof series.time === 'number' ? series.time : timeline.series.indexOf(series);
  const column = timeline.series[index]?.time;
  if (column === undefined || typeof column === 'number') throw new Error(`it takes its times from series ${index}, which has none`);
  const times = known.get(index) ?? unpack(column);
  if (!known.has(index)) for (let i = 1; i < times.length; ++i) if (times[i]! < times[i - 1]!) throw new Error(`its times run backwards at sample ${i}`);
  known.set(index, times);
  return times;
}

// One series a step, so that a page can do something else between them. A damaged one says why and spoils no other.
export function* tracesOf(timeline: Timeline): Generator<Trace> {
  const known = new Map<number, Float64Array>();
  for (const series of timeline.series) {
    try {
      const time = timesOf(timeline, series, known);
      const value = unpack(series.value);
      if (value.length !== time.length) throw new Error(`it has ${value.length} values at ${time.length} times`);
      yield traceOf(series, time, value);
    } catch (error) {
      yield traceOf(series, new Float64Array(), new Float64Array(), `its data is damaged: ${(error as Error).message}`);
    }
  }
}

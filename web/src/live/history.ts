// The frames of the last half hour, as columns for the charts. Bounded, also in a tab that nobody sees.
import type { Frame, Head, Value } from './stream';

export const kKeep_s = 1800;
const kThinned_s = 2.5; // one a second, and some that came late
const kMostRows = 40_000; // also where frames come faster than ten a second

type Columns = Value[][];
const columns = (n: number): Columns => Array.from({ length: n }, () => []);

export class History {
  readonly time: number[] = []; // seconds since 1970
  readonly power: Columns; readonly least: Columns; readonly most: Columns; readonly energy: Columns;
  readonly watches: Columns;
  readonly phase: (string | null)[] = []; // null: a gap's row, which stands for no frame
  last: Frame | null = null;
  missed = 0; // frames that never came

  constructor(readonly head: Head) {
    const rails = head.rails.length;
    this.power = columns(rails); this.least = columns(rails); this.most = columns(rails); this.energy = columns(rails);
    this.watches = columns(head.watches.length);
  }

  private get all(): unknown[][] { return [this.time, this.phase, ...this.power, ...this.least, ...this.most, ...this.energy, ...this.watches]; }

  // False for a frame that is not after the last one: it came twice. `isThinned`: of those that the
  // program kept for who comes later, one in a second; the others between are not missed.
  add(frame: Frame, isThinned = false): boolean {
    if (this.last && (frame.number <= this.last.number || frame.time_s <= this.last.time_s)) return false;
    const between = this.last ? frame.number - this.last.number - 1 : 0;
    if (this.last && between > 0 && !(isThinned && frame.time_s - this.last.time_s < kThinned_s)) {
      this.missed += between;
      this.gap(this.at(this.last.time_s + (frame.time_s - this.last.time_s) / 2));
    }
    this.time.push(this.at(frame.time_s));
    this.phase.push(frame.phase);
    this.head.rails.forEach((_, i) => {
      this.power[i]!.push(frame.power_w[i]!); this.least[i]!.push(frame.least_w[i]!); this.most[i]!.push(frame.most_w[i]!); this.energy[i]!.push(frame.energy_j[i]!);
    });
    this.head.watches.forEach((_, i) => this.watches[i]!.push(frame.watches[i]!));
    this.last = frame;
    this.trim();
    return true;
  }

  // A row of absent values, so that no line is drawn across.
  private gap(time: number): void {
    this.time.push(time);
    this.phase.push(null);
    for (const column of [...this.power, ...this.least, ...this.most, ...this.energy, ...this.watches]) column.push(null);
  }
  private at(time_s: number): number { return this.head.start_unix_s + time_s; }

  // Seldom, and many rows at once: a frame costs no move of all the others.
  private trim(): void {
    const end = this.time.at(-1)!;
    if (end - this.time[0]! < kKeep_s * 1.1 && this.time.length < kMostRows) return;
    const old = Math.max(this.rowAt(end - kKeep_s), this.time.length - Math.floor(kMostRows * 0.9));
    for (const column of this.all) column.splice(0, old);
  }

  // The first row at or after a time.
  rowAt(time: number): number {
    let low = 0, high = this.time.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

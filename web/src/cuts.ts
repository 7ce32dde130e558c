// Cuts through a study along one numeric axis, everything else of the setting held.
import type { Point, Setting, Study } from './data';
import { batchOf, sameWork } from './grid';

export interface Cut {
  held: Setting; // without the axis
  points: { x: number; index: number; point: Point; measured: Point }[]; // ascending in x; `point` is of as many inferences as the first
  inferences: number;
  unnumbered: number; // settings that have a word in place of the number, such as 'none'
}

// The numeric axes along which some network and batch size has two values or more, clocks first.
export function sweptAxes(study: Study): string[] {
  const seen = new Map<string, Map<string, Set<number>>>();
  for (const point of study.points) {
    if (point.baseline !== null) continue;
    for (const [axis, value] of Object.entries(point.setting)) {
      if (typeof value !== 'number' || axis === 'batch') continue;
      const groups = seen.get(axis) ?? new Map<string, Set<number>>();
      const key = `${batchOf(point)} ${point.network}`;
      seen.set(axis, groups.set(key, (groups.get(key) ?? new Set()).add(value)));
    }
  }
  const rank = (axis: string) => ['gpu_frequency_hz', 'cpu_frequency_hz'].indexOf(axis) + 1 || (axis.endsWith('_hz') ? 3 : 4);
  return [...seen].filter(([, groups]) => [...groups.values()].some((values) => values.size > 1)).map(([axis]) => axis).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

// Every cut along an axis with two measured points or more.
export function cutsAlong(study: Study, network: string, batch: number, axis: string): Cut[] {
  const cuts = new Map<string, Cut>();
  study.points.forEach((point, index) => {
    if (point.baseline !== null || point.network !== network || batchOf(point) !== batch || point.setting[axis] === undefined) return;
    const held = Object.fromEntries(Object.entries(point.setting).filter(([key]) => key !== axis).sort(([a], [b]) => a.localeCompare(b)));
    const key = JSON.stringify(held);
    const cut = cuts.get(key) ?? { held, points: [], inferences: 0, unnumbered: 0 };
    const x = point.setting[axis];
    if (typeof x === 'number') cut.points.push({ x, index, point, measured: point });
    else ++cut.unnumbered;
    cuts.set(key, cut);
  });
  for (const cut of cuts.values()) {
    cut.points.sort((a, b) => a.x - b.x);
    cut.inferences = cut.points.find(({ measured }) => measured.inferences > 0)?.measured.inferences ?? 0;
    for (const one of cut.points) one.point = sameWork(one.measured, cut.inferences);
  }
  return [...cuts.values()].filter((cut) => cut.points.length > 1);
}

const leastOf = (cut: Cut) => Math.min(...cut.points.map(({ point }) => (point.energy_j?.value ?? Infinity) / (cut.inferences || 1)));

// The cut at the clock that the reader holds; of several the one that goes lowest.
export function chosenCut(cuts: Cut[], heldAxis: string | null, heldAt: number | null | undefined): Cut | undefined {
  const at = heldAxis === null || heldAt === null || heldAt === undefined ? cuts : cuts.filter((cut) => cut.held[heldAxis] === undefined || cut.held[heldAxis] === heldAt);
  return (at.length ? at : cuts).reduce<Cut | undefined>((best, cut) => (!best || leastOf(cut) < leastOf(best) ? cut : best), undefined);
}

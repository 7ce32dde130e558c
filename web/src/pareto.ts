// The Pareto set: settings than which no other uses less energy in no more time (V. Pareto, 1906).
import type { Point, Study } from './data';
import { batchOf } from './grid';

export interface Trade {
  index: number; // into study.points
  point: Point;
  energy: number; // J, of the whole inference phase
  latency: number; // s, likewise
}

// The grid's points of one network and batch size that have both quantities.
export function tradesOf(study: Study, network: string, batch: number): Trade[] {
  return study.points.flatMap((point, index) =>
    point.baseline === null && point.network === network && batchOf(point) === batch && point.energy_j && point.latency_s
      ? [{ index, point, energy: point.energy_j.value, latency: point.latency_s.value }] : []);
}

// Fastest first; of two that are alike in both only one stands.
export function paretoSet(trades: Trade[]): Trade[] {
  let least = Infinity;
  return [...trades].sort((a, b) => a.latency - b.latency || a.energy - b.energy).filter((trade) => trade.energy < least && ((least = trade.energy), true));
}

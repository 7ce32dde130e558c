// Names and values of points as the figures that compare them need them.
import type { Estimate, Point } from '../data';
import { batchOf } from '../grid';
import { showName, wholeName } from '../names';
import type { View } from '../view';

// The network alone: where engine axes were turned, the page's names carry them behind it.
export function bareNetwork(row: { network: string; job?: string }): string {
  const [network, job] = [wholeName(row.network), wholeName(row.job ?? '')];
  return job && network.endsWith(` ${job}`) ? showName(network.slice(0, -job.length - 1)) : row.network;
}

// Index of the point of least energy of what is looked at: of the minimum where the study has one, otherwise of the
// network and batch size.
export function bestOf(view: View): number | undefined {
  const { study, choice } = view;
  if (view.minimum) return view.minimum.best;
  const energy = (i: number) => study.points[i]!.energy_j?.value ?? Infinity;
  const found = study.points.flatMap((point, i) => (point.baseline === null && point.network === choice.network && batchOf(point) === choice.batch && point.energy_j ? [i] : []));
  return found.reduce<number | undefined>((best, i) => (best === undefined || energy(i) < energy(best) ? i : best), undefined);
}

export interface Value {
  value: number;
  u: number; // k = 1
}
export const valueOf = (estimate: Estimate | null | undefined): Value | null => (estimate ? { value: estimate.value, u: estimate.uncertainty } : null);

// Of one inference: what a point has is of its whole inference phase.
export function eachInference(point: Point, estimate: Estimate | null | undefined): Value | null {
  return estimate && point.inferences > 0 ? { value: estimate.value / point.inferences, u: estimate.uncertainty / point.inferences } : null;
}

// Energy times latency of one inference. The two come from the same runs; taken as independent, their
// relative uncertainties add as squares.
export function delayProduct(point: Point): Value | null {
  const energy = eachInference(point, point.energy_j);
  const latency = eachInference(point, point.latency_s);
  if (!energy || !latency) return null;
  const value = energy.value * latency.value;
  return { value, u: value * Math.hypot(energy.u / energy.value, latency.u / latency.value) };
}

// The unit in which numbers up to `most` are easy to read, and what to multiply by.
export function readable(most: number, unit: string): { factor: number; unit: string } {
  if (unit === '%' || unit === '' || !(most > 0) || most >= 1) return { factor: 1, unit };
  if (most >= 1e-3) return { factor: 1e3, unit: `m${unit}` };
  return most >= 1e-6 ? { factor: 1e6, unit: `µ${unit}` } : { factor: 1e9, unit: `n${unit}` };
}

// As much of a text as fits a width in px at the drawings' 12 px letters, which are at most about 7 px
// wide in the mean: a drawing must look alike where no browser measures text.
export function fitted(text: string, px: number): string {
  const most = Math.max(3, Math.floor(px / 6.7));
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
}
export const widthOf = (text: string) => 6.7 * [...text].length;

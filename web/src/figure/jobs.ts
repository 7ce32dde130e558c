// Names and values of points as the figures that compare them need them.
import type { Estimate, Point } from '../data';
import { kCoverage, percent } from '../format';
import { batchOf, sameWork } from '../grid';
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
  const energy = (i: number) => sameWork(study.points[i]!, 1).energy_j?.value ?? Infinity;
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

// Of one batch, as `isojoule tune` means latency; null where the batch size is not known.
export function batchLatency(point: Point): number | null {
  const each = eachInference(point, point.latency_s);
  return each && batchOf(point) > 0 ? each.value * batchOf(point) : null;
}

// Energy times time of one inference. The two come from the same runs; taken as independent, their
// relative uncertainties add as squares.
export function delayProduct(point: Point): Value | null {
  const energy = eachInference(point, point.energy_j);
  const latency = eachInference(point, point.latency_s);
  if (!energy || !latency) return null;
  const value = energy.value * latency.value;
  return { value, u: Math.hypot(latency.value * energy.u, energy.value * latency.u) };
}

// Whether two quantities differ by more than chance would make them: beyond 2 standard uncertainties of the difference, as
// if nothing were common to the two. One chip's gain is, so this is the cautious side.
export const differ = (a: Value, b: Value) => Math.abs(a.value - b.value) > kCoverage * Math.hypot(a.u, b.u);

// "16.7 % less energy than X"; "as much energy as X, as far as was shown (0.3 % less, within the uncertainty)". Every
// sentence that holds two quantities against each other goes through it.
export function against(a: Value, b: Value, what: string, than: string): string {
  const change = b.value > 0 ? 100 * (a.value / b.value - 1) : null;
  const amount = change === null ? '' : `${percent(Math.abs(change))} ${change < 0 ? 'less' : 'more'}`;
  if (!differ(a, b)) return `as much ${what}${what && ' '}as ${than}, as far as was shown${change ? ` (${amount}, within the uncertainty)` : ''}`;
  return `${amount || (a.value < b.value ? 'less' : 'more')} ${what}${what && ' '}than ${than}`;
}

// The baseline that the reader holds results against, of as many inferences as what is drawn.
export function heldAgainst(view: View, inferences: number | undefined): Point | undefined {
  const point = view.baseline?.point;
  return point && sameWork(point, inferences);
}
// What is said where a baseline was scaled.
export const scaledNote = (points: (Point | undefined)[], inferences: number | undefined) =>
  (inferences && points.some((point) => point && point.inferences > 0 && point.inferences !== inferences) ? ` Scaled to ${inferences} inferences where a run had another number.` : '');

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

// Colour scales that stay apart for colour-blind readers and in grey print.
import { scaleLog } from 'd3-scale';
import { interpolateViridis } from 'd3-scale-chromatic';

// Energy to colour, logarithmic: near the minimum, where the answer is, small differences show.
export function energyColour(least: number, most: number): (energy: number) => string {
  const scale = scaleLog().domain([least, Math.max(most, least * 1.001)]).range([0.04, 0.97]).clamp(true);
  return (energy) => interpolateViridis(scale(energy));
}

// One of n ordered lines (clocks, batch sizes); the lightest end is left out, it fades on white.
export function orderedColour(i: number, n: number): string {
  return interpolateViridis(n < 2 ? 0.3 : 0.08 + (0.74 * i) / (n - 1));
}

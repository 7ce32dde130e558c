// Colour scales that stay apart for colour-blind readers and in grey print.
import { scaleLog } from 'd3-scale';
import { interpolateViridis } from 'd3-scale-chromatic';

// Energy to colour, logarithmic: near the minimum, where the answer is, small differences show.
export function energyColour(least: number, most: number): (energy: number) => string {
  const floor = least > 0 ? least : Math.max(most, 1e-9) / 1e6; // 0 J has no logarithm: it gets the colour of the least
  const scale = scaleLog().domain([floor, Math.max(most, floor * 1.001)]).range([0.04, 0.97]).clamp(true);
  return (energy) => interpolateViridis(scale(Math.max(energy, floor)));
}

// One of n ordered lines (clocks, batch sizes). Both ends are left out: the lightest fades on white paper, the darkest on
// dark (0.36 has 3:1 against it).
export function orderedColour(i: number, n: number): string {
  return interpolateViridis(n < 2 ? 0.36 : 0.36 + (0.48 * i) / (n - 1));
}

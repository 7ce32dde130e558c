// Words and numbers that the heat map and the surface share.
import type { Table } from '../csv';
import { energyColour } from '../colour';
import { joule } from '../format';
import { energyOf, type Cell } from '../grid';
import { paretoSet, tradesOf, type Trade } from '../pareto';
import type { View } from '../view';
import { against, heldAgainst, scaledNote, valueOf } from './jobs';

export const mapSentence = (view: View) => sentence(view, 'Dashed');
export const surfaceSentence = (view: View) => sentence(view, 'The plane');

// The baseline at the map's own number of inferences.
export const mapLevel = (view: View) => heldAgainst(view, view.grid.least?.point.inferences);

// Colours and levels of a map are logarithmic: an energy of 0 J, which no board has but a study file may, takes the
// place of the least above it.
export function mapScale(view: View): { least: number; most: number; colour: (energy: number) => string } {
  const energies = view.grid.cells.flat().map(energyOf).filter((energy): energy is number => energy !== null && energy > 0);
  const [least, most] = [Math.min(...energies), Math.max(...energies)];
  return energies.length ? { least, most, colour: energyColour(least, most) } : { least: 1, most: 1, colour: energyColour(1, 1) };
}

// The Pareto set among the cells of the map.
export function paretoCells(view: View): Cell[] {
  const cells = view.grid.cells.flat();
  const trades = tradesOf(view.study, view.choice.network, view.choice.batch);
  const one = (trade: Trade) => ({ ...trade, energy: trade.energy / trade.point.inferences, latency: trade.latency / trade.point.inferences });
  const set = paretoSet(view.grid.scaled ? trades.filter((trade) => trade.point.inferences > 0).map(one) : trades);
  return set.flatMap((trade) => cells.find((cell) => cell?.index === trade.index) ?? []);
}

function sentence(view: View, sign: string): string {
  const inferences = view.grid.least?.point.inferences;
  const energy = mapLevel(view)?.energy_j;
  const what = inferences ? `Energy of ${inferences} inferences. ` : '';
  const least = view.grid.least?.point.energy_j;
  const finding = energy && least ? `; the least, ${joule(least.value)}, is ${against(valueOf(least)!, valueOf(energy)!, '', 'theirs')}` : '';
  const governor = energy
    ? `${sign}: what the governors '${view.choice.baseline}' use (${joule(energy.value)}${finding}).`
    : view.baseline ? `The governors '${view.choice.baseline}' have no energy: ${view.baseline.point.why_absent}.` : 'No governors were measured here.';
  const folded = view.grid.folded ? ' Where settings differ in more than the two clocks, the least is shown.' : '';
  const scaled = scaledNote([view.baseline?.point, ...(view.grid.scaled ? view.grid.cells.flat().map((cell) => (cell ? view.study.points[cell.index] : undefined)) : [])], inferences);
  return `${what}Thin lines join equal energies, white dots are the Pareto set: no other setting is both faster and lower. ${governor}${folded}${scaled}`;
}

export function mapTable(view: View): Table {
  const header = ['network', 'batch', 'cpu_frequency_hz', 'gpu_frequency_hz', 'energy_j', 'energy_standard_uncertainty_j', 'power_w', 'power_standard_uncertainty_w', 'latency_s', 'latency_standard_uncertainty_s', 'inferences', 'why_absent', 'pareto', 'simulated'];
  const set = new Set(paretoCells(view).map((cell) => cell.index));
  const rows = view.grid.cells.flat().flatMap((cell) => {
    if (!cell) return [];
    const { energy_j, power_w, latency_s, inferences, network, why_absent } = view.study.points[cell.index]!; // as measured, not scaled
    return [[network, view.choice.batch, cell.cpu, cell.gpu, energy_j?.value, energy_j?.uncertainty, power_w?.value, power_w?.uncertainty, latency_s?.value, latency_s?.uncertainty, inferences, why_absent, String(set.has(cell.index)), String(view.study.simulated)]];
  });
  return { header, rows };
}

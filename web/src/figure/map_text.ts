// Words and numbers that the heat map and the surface share.
import type { Table } from '../csv';
import { joule, percent } from '../format';
import type { Cell } from '../grid';
import { paretoSet, tradesOf } from '../pareto';
import type { View } from '../view';

export const mapSentence = (view: View) => sentence(view, 'Dashed');
export const surfaceSentence = (view: View) => sentence(view, 'The plane');

// The Pareto set among the cells of the map.
export function paretoCells(view: View): Cell[] {
  const cells = view.grid.cells.flat();
  const set = paretoSet(tradesOf(view.study, view.choice.network, view.choice.batch));
  return set.flatMap((trade) => cells.find((cell) => cell?.index === trade.index) ?? []);
}

function sentence(view: View, sign: string): string {
  const energy = view.baseline?.point.energy_j;
  const inferences = view.grid.least?.point.inferences;
  const what = inferences ? `Energy of ${inferences} inferences. ` : '';
  const least = view.grid.least?.point.energy_j;
  const against = energy && least ? `; the least, ${joule(least.value)}, is ${percent(Math.abs(100 * (1 - least.value / energy.value)))} ${least.value < energy.value ? 'below' : 'above'}` : '';
  const governor = energy
    ? `${sign}: what the governors '${view.choice.baseline}' use (${joule(energy.value)}${against}).`
    : view.baseline ? `The governors '${view.choice.baseline}' have no energy: ${view.baseline.point.why_absent}.` : 'No governors were measured here.';
  const folded = view.grid.folded ? ' Where settings differ in more than the two clocks, the least is shown.' : '';
  return `${what}Thin lines join equal energies, white dots are the Pareto set: no other setting is both faster and lower. ${governor}${folded}`;
}

export function mapTable(view: View): Table {
  const header = ['network', 'batch', 'cpu_frequency_hz', 'gpu_frequency_hz', 'energy_j', 'energy_standard_uncertainty_j', 'power_w', 'latency_s', 'why_absent', 'pareto', 'simulated'];
  const set = new Set(paretoCells(view).map((cell) => cell.index));
  const rows = view.grid.cells.flat().flatMap((cell) => {
    if (!cell) return [];
    const { energy_j, power_w, latency_s, network, why_absent } = cell.point;
    return [[network, view.choice.batch, cell.cpu, cell.gpu, energy_j?.value, energy_j?.uncertainty, power_w?.value, latency_s?.value, why_absent, String(set.has(cell.index)), String(view.study.simulated)]];
  });
  return { header, rows };
}

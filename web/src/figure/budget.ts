// What the uncertainty of an energy is made of: each cause's share of the variance, for the best setting and the
// governors beside each other.
import type { Table } from '../csv';
import type { Budget, Study } from '../data';
import { joule, percent, plusMinus, settingText, significant } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import { barChart } from './bar_chart';
import type { Figure } from './frame';
import { bestOf } from './jobs';

interface Named {
  name: string;
  budget: Budget;
}

// Of the network and batch size that are looked at: the best setting first, then governors.
function found(view: View): Named[] {
  const { study, choice } = view;
  const best = bestOf(view);
  return (study.budgets ?? []).flatMap((budget) => {
    const point = study.points[budget.point];
    if (!point || point.network !== choice.network || batchOf(point) !== choice.batch) return [];
    const name = point.baseline !== null ? `'${point.baseline}'` : budget.point === best ? 'best setting' : settingText(point.setting, ['batch']) || 'setting';
    return [{ name, budget, rank: budget.point === best ? 0 : point.baseline === choice.baseline ? 1 : 2 }];
  }).sort((a, b) => a.rank - b.rank).slice(0, 3);
}
const whole = (view: View) => found(view).filter(({ budget }) => budget.causes.length > 0);

function sentence(view: View): string {
  const [first] = whole(view);
  if (!first) return '';
  const [top] = [...first.budget.causes].sort((a, b) => b.percent_of_variance - a.percent_of_variance);
  const { energy_j, combined_u_j } = first.budget;
  const total = energy_j !== null && combined_u_j !== null ? `${first.name}: ${plusMinus(energy_j, combined_u_j, 'J')} (k = 1${energy_j > 0 ? `, ${percent((100 * combined_u_j) / energy_j, 2)}` : ''}; budgets are k = 1, half the k = 2 intervals elsewhere). ` : '';
  return `${total}${percent(top!.percent_of_variance, 0)} of the variance comes from ${top!.cause}. Type A is found from statistics, type B from what is known of the instrument.`;
}

function elsewhere(study: Study): string {
  const named = (study.budgets ?? []).filter((one) => one.causes.length > 0).flatMap((one) => study.points[one.point] ?? []).map((point) => [point.network, batchOf(point) > 0 ? `batch ${batchOf(point)}` : ''].filter(Boolean).join(', '));
  return named.length ? ` These have one: ${[...new Set(named)].slice(0, 5).join('; ')}.` : '';
}

function draw(view: View, width: number, say: (text: string | null) => void) {
  const all = whole(view);
  if (!all.length) return found(view).find(({ budget }) => budget.why_absent)?.budget.why_absent ?? `This network and batch size have no budget of uncertainty.${elsewhere(view.study)}`;
  const causes = new Map<string, { most: number; type: string }>();
  for (const { budget } of all) for (const { cause, type, percent_of_variance } of budget.causes) causes.set(cause, { most: Math.max(causes.get(cause)?.most ?? 0, percent_of_variance), type });
  const rows = [...causes].sort((a, b) => b[1].most - a[1].most).map(([cause, { type }]) => ({
    name: `${cause} (${type})`, why: '',
    values: [all.map(({ name, budget }) => {
      const row = budget.causes.find((one) => one.cause === cause);
      if (!row) return undefined;
      return { value: row.percent_of_variance, half: 0, label: `${row.percent_of_variance < 0.01 ? '< 0.01' : significant(row.percent_of_variance, 2)}\u00a0%, ${joule(row.u_j, 2)}`, text: `${name}, ${cause} (type ${type}): u = ${joule(row.u_j, 3)}, ${percent(row.percent_of_variance)} of the variance` };
    })],
  }));
  const drawing = barChart(view, { label: `Budget of uncertainty. ${sentence(view)} Arrow keys read out the bars.`, panels: [{ name: 'Share of the variance', unit: '%', linear: true }], series: all.map(({ name }) => name), rows }, width, say);
  return { drawing, readout: all.map(({ name, budget }) => `${name}: combined u = ${budget.combined_u_j === null ? 'absent' : joule(budget.combined_u_j, 3)}`).join('; ') };
}

function table(view: View): Table {
  const rows = found(view).flatMap(({ name, budget }) => budget.causes.map((cause) => [view.choice.network, view.choice.batch, name.replace(/'/g, ''), cause.cause, cause.type, cause.u_j, cause.percent_of_variance, budget.energy_j, budget.combined_u_j, String(view.study.simulated)]));
  return { header: ['network', 'batch', 'of', 'cause', 'type', 'standard_uncertainty_j', 'percent_of_variance', 'energy_j', 'combined_standard_uncertainty_j', 'simulated'], rows };
}

export const budget: Figure = {
  id: 'budget', title: () => 'Where the uncertainty comes from', sentence, draw, table,
  applies: (study: Study) => (study.budgets ?? []).some((one) => one.causes.length > 0),
};

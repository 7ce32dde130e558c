// All governors against the best setting: energy, latency and power of the same work. Answers whether another
// governor would have helped, as section 5.1 of the study that this program reproduces asks.
import type { Table } from '../csv';
import type { Estimate, Point } from '../data';
import { kCoverage, percent, plusMinus, settingText } from '../format';
import type { View } from '../view';
import { barChart, type BarValue } from './bar_chart';
import type { Figure } from './frame';
import { bestOf } from './jobs';

interface Row {
  name: string;
  point: Point;
}

function rowsOf(view: View): Row[] {
  const best = bestOf(view);
  return [...(best === undefined ? [] : [{ name: 'best setting', point: view.study.points[best]! }]), ...view.baselines.map(({ name, point }) => ({ name: `'${name}'`, point }))];
}

const kQuantities: { name: string; unit: string; of: (point: Point) => Estimate | null }[] = [
  { name: 'Energy', unit: 'J', of: (point) => point.energy_j },
  { name: 'Latency', unit: 's', of: (point) => point.latency_s },
  { name: 'Power', unit: 'W', of: (point) => point.power_w },
];

function sentence(view: View): string {
  const measured = view.baselines.filter(({ point }) => point.energy_j);
  if (!measured.length) return 'No governors were measured with this network and batch size.';
  const ranked = [...measured].sort((a, b) => a.point.energy_j!.value - b.point.energy_j!.value);
  const [low, high] = [ranked[0]!, ranked.at(-1)!];
  const best = rowsOf(view).find((row) => row.name === 'best setting')?.point.energy_j;
  const spread = low === high ? '' : `From '${low.name}' to '${high.name}' is ${percent(100 * (high.point.energy_j!.value / low.point.energy_j!.value - 1))}.`;
  const saving = best ? ` The best setting uses ${percent(Math.abs(100 * (1 - best.value / low.point.energy_j!.value)))} ${best.value < low.point.energy_j!.value ? 'less' : 'more'} than the best of ${measured.length === 1 ? 'them' : `${measured.length} governors`}, '${low.name}'.` : '';
  return `The same work under each. ${spread}${saving}`;
}

function bar(row: Row, quantity: (typeof kQuantities)[number]): BarValue | null {
  const found = quantity.of(row.point);
  return found && { value: found.value, half: kCoverage * found.uncertainty, text: `${row.name}: ${quantity.name.toLowerCase()} ${plusMinus(found.value, kCoverage * found.uncertainty, quantity.unit)}${row.name === 'best setting' ? `, at ${settingText(row.point.setting, ['batch'])}` : ''}` };
}

export const governors: Figure = {
  id: 'governors-compared',
  wide: true,
  title: () => 'Governors against the best setting',
  sentence,
  applies: (study) => study.points.some((point) => point.baseline !== null && point.energy_j),
  draw: (view, width, say) => {
    const rows = rowsOf(view);
    if (!view.baselines.length) return 'No governors were measured with this network and batch size.';
    const drawing = barChart(view, {
      label: `Energy, latency and power under each governor. ${sentence(view)} Arrow keys read out the bars.`, panels: kQuantities, series: [''],
      rows: rows.map((row) => ({ name: row.name, why: row.point.why_absent, values: kQuantities.map((quantity) => [bar(row, quantity)]) })),
    }, width, say);
    return { drawing, readout: 'Point at a bar, or use the arrow keys, to read it. Bars begin at zero.' };
  },
  table: (view): Table => ({
    header: ['network', 'batch', 'of', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', 'latency_standard_uncertainty_s', 'power_w', 'power_standard_uncertainty_w', 'why_absent', 'simulated'],
    rows: rowsOf(view).map(({ name, point }) => [point.network, view.choice.batch, name.replace(/^'|'$/g, ''), ...kQuantities.flatMap(({ of }) => [of(point)?.value, of(point)?.uncertainty]), point.why_absent, String(view.study.simulated)]),
  }),
};

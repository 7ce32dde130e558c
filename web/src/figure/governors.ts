// All governors against the best setting: energy, latency and power of the same work. Answers whether another
// governor would have helped, as section 5.1 of the study that this program reproduces asks.
import type { Table } from '../csv';
import type { Estimate, Point } from '../data';
import { sameWork } from '../grid';
import { count, kCoverage, plusMinus, settingText } from '../format';
import type { View } from '../view';
import { barChart, type BarValue } from './bar_chart';
import type { Figure } from './frame';
import { against, bestOf, differ, scaledNote, valueOf } from './jobs';

interface Row {
  name: string;
  point: Point; // of as many inferences as the best setting's
  measured: Point; // as it was
}

function rowsOf(view: View): Row[] {
  const at = bestOf(view);
  const best = at === undefined ? undefined : view.study.points[at]!;
  const work = best?.inferences || view.baselines.find(({ point }) => point.inferences > 0)?.point.inferences;
  return [...(best ? [{ name: 'best setting', point: best }] : []), ...view.baselines.map(({ name, point }) => ({ name: `'${name}'`, point }))].map(({ name, point }) => ({ name, measured: point, point: sameWork(point, work) }));
}

const kQuantities: { name: string; unit: string; of: (point: Point) => Estimate | null }[] = [
  { name: 'Energy', unit: 'J', of: (point) => point.energy_j },
  { name: 'Latency', unit: 's', of: (point) => point.latency_s },
  { name: 'Power', unit: 'W', of: (point) => point.power_w },
];

function sentence(view: View): string {
  const rows = rowsOf(view);
  const measured = rows.filter(({ name, point }) => name !== 'best setting' && point.energy_j);
  if (!measured.length) return 'No governors were measured with this network and batch size.';
  const ranked = [...measured].sort((a, b) => a.point.energy_j!.value - b.point.energy_j!.value);
  const [low, high] = [ranked[0]!, ranked.at(-1)!];
  const best = rows.find((row) => row.name === 'best setting')?.point.energy_j;
  const value = (row: Row) => valueOf(row.point.energy_j)!;
  const spread = low === high ? '' : differ(value(low), value(high)) ? `Under ${high.name} it takes ${against(value(high), value(low), 'energy', `under ${low.name}`)}.` : 'No difference in energy between them was shown.';
  const saving = best ? ` The best setting uses ${against(valueOf(best)!, value(low), 'energy', measured.length === 1 ? `under ${low.name}` : `under the best of ${measured.length} governors, ${low.name}`)}.` : '';
  const work = rows[0]!.point.inferences;
  return `The same work under each${work ? `, ${count(work)} inferences` : ''}.${scaledNote(rows.map((row) => row.measured), work)} ${spread}${saving}`.replace(/ +/g, ' ');
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
    header: ['network', 'batch', 'of', 'energy_j', 'energy_standard_uncertainty_j', 'latency_s', 'latency_standard_uncertainty_s', 'power_w', 'power_standard_uncertainty_w', 'inferences', 'why_absent', 'simulated'],
    rows: rowsOf(view).map(({ name, measured: point }) => [point.network, view.choice.batch, name.replace(/^'|'$/g, ''), ...kQuantities.flatMap(({ of }) => [of(point)?.value, of(point)?.uncertainty]), point.inferences, point.why_absent, String(view.study.simulated)]),
  }),
};

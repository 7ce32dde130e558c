// Values of an axis that has no order against each other: accelerator (figures 4 to 6 of the study on the
// AGX Orin), precision, graph, power mode. Each value stands at its own best setting: the one of least energy
// among all that differ from it in nothing but clocks and other numbers.
import type { Table } from '../csv';
import type { Point, Study } from '../data';
import { axisName, kCoverage, percent, plusMinus, settingText } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import { barChart, type BarValue } from './bar_chart';
import { select } from './controls';
import type { Figure } from './frame';
import { bareNetwork, delayProduct, eachInference, readable, type Value } from './jobs';

interface Group {
  name: string; // "resnet-50, batch 1"
  network: string;
  batch: number;
  best: Map<string, Point>; // by the axis's value
  absent: Map<string, string>; // why a value has none
}

const kKnown: Record<string, string> = { accelerator: 'Accelerators', precision: 'Precisions', graph: 'Static against dynamic graph', power_mode: 'Power modes', implementation: 'Implementations', loading: 'Loading of kernels' };

// Axes with words for values, two or more of them.
export function wordAxes(study: Study): string[] {
  const words = new Map<string, Set<string>>();
  const numeric = new Set<string>();
  for (const { baseline, setting } of study.points) {
    if (baseline !== null) continue;
    for (const [axis, value] of Object.entries(setting)) {
      if (typeof value === 'number') numeric.add(axis);
      else words.set(axis, (words.get(axis) ?? new Set()).add(value));
    }
  }
  return [...words].filter(([axis, values]) => values.size > 1 && !numeric.has(axis) && !axis.endsWith('_governor')).map(([axis]) => axis).sort();
}

// A group is what may be compared: one network, one batch size, the other words alike. Governors are left out of the
// words: a setting that pins its clock has none of them.
function groupsOf(study: Study, axis: string): Group[] {
  const groups = new Map<string, Group>();
  for (const point of study.points) {
    const value = point.setting[axis];
    if (point.baseline !== null || typeof value !== 'string') continue;
    const words = Object.entries(point.setting).filter(([key, word]) => typeof word === 'string' && key !== axis && key !== 'power_mode' && !key.endsWith('_governor') && !key.endsWith('_hz'));
    const network = bareNetwork(point);
    const key = JSON.stringify([network, batchOf(point), words.sort()]);
    const group = groups.get(key) ?? { name: '', network, batch: batchOf(point), best: new Map(), absent: new Map() };
    group.name = [network, batchOf(point) > 0 ? `batch ${batchOf(point)}` : '', ...words.map(([, word]) => String(word))].filter(Boolean).join(', ');
    const known = group.best.get(value);
    if (!point.energy_j) group.absent.set(value, point.why_absent);
    else if (!known || point.energy_j.value < known.energy_j!.value) group.best.set(value, point);
    groups.set(key, group);
  }
  return shortened([...groups.values()].filter((group) => group.best.size + group.absent.size > 1 && group.best.size > 0));
}

// Names without the parts that all of them share.
function shortened(groups: Group[]): Group[] {
  const parts = groups.map((group) => group.name.split(', '));
  const shared = (part: string) => parts.length > 1 && parts.every((all) => all.includes(part));
  groups.forEach((group, i) => (group.name = parts[i]!.filter((part, k) => k === 0 || !shared(part)).join(', ')));
  return groups;
}

const kQuantities: { name: string; unit: string; of: (point: Point) => Value | null }[] = [
  { name: 'Energy of one inference', unit: 'J', of: (point) => eachInference(point, point.energy_j) },
  { name: 'Latency of one inference', unit: 's', of: (point) => eachInference(point, point.latency_s) },
  { name: 'Energy × latency (EDP)', unit: 'J s', of: delayProduct },
];

const valuesOf = (groups: Group[]) => [...new Set(groups.flatMap((group) => [...group.best.keys(), ...group.absent.keys()]))].sort();

function bar(group: Group, value: string, axis: string, quantity: (typeof kQuantities)[number]): BarValue | null | undefined {
  const point = group.best.get(value);
  const found = point && quantity.of(point);
  if (!point && !group.absent.has(value)) return undefined;
  if (!point || !found) return null;
  const unit = readable(found.value, quantity.unit);
  return { value: found.value, half: kCoverage * found.u, text: `${group.name}, ${value}: ${quantity.name.toLowerCase().replace('edp', 'EDP')} ${plusMinus(found.value * unit.factor, kCoverage * found.u * unit.factor, unit.unit)}, at ${settingText(point.setting, ['batch', axis])}` };
}

// "least energy: dla 5 of 7, gpu 2 of 7; fastest: gpu 7 of 7".
function finding(groups: Group[]): string {
  const whole = groups.filter((group) => group.best.size > 1);
  if (!whole.length) return '';
  const winners = (of: (point: Point) => Value | null) => {
    const won = new Map<string, number>();
    for (const group of whole) {
      const ranked = [...group.best].map(([value, point]) => ({ value, at: of(point)?.value ?? Infinity })).sort((a, b) => a.at - b.at);
      won.set(ranked[0]!.value, (won.get(ranked[0]!.value) ?? 0) + 1);
    }
    return [...won].sort((a, b) => b[1] - a[1]).map(([value, times]) => `${value} in ${times}`).join(', ');
  };
  const [first] = whole;
  if (whole.length === 1 && first!.best.size === 2) {
    const [a, b] = [...first!.best].map(([value, point]) => ({ value, energy: eachInference(point, point.energy_j), latency: eachInference(point, point.latency_s)?.value ?? NaN })).sort((p, q) => (p.energy?.value ?? NaN) - (q.energy?.value ?? NaN));
    const [ea, eb] = [a!.energy, b!.energy];
    if (!ea || !eb) return '';
    const time = 100 * (a!.latency / b!.latency - 1);
    const timeText = `takes ${percent(Math.abs(time))} ${time < 0 ? 'less' : 'more'} time`;
    const less = percent(100 * (1 - ea.value / eb.value));
    // As if nothing were common to the two uncertainties: one chip's gain is, so this is the cautious side.
    if (eb.value - ea.value <= kCoverage * Math.hypot(ea.u, eb.u)) return `No difference in energy was shown: ${a!.value} is ${less} below ${b!.value}, within the uncertainty, and ${timeText}.`;
    return `${a!.value} uses ${less} less energy than ${b!.value} and ${timeText}.`;
  }
  return `Of ${whole.length}, least energy: ${winners(kQuantities[0]!.of)}; least latency: ${winners(kQuantities[1]!.of)}; least product: ${winners(kQuantities[2]!.of)}.`;
}

function table(view: View, axis: string): Table {
  const rows = groupsOf(view.study, axis).flatMap((group) => [...new Set([...group.best.keys(), ...group.absent.keys()])].sort().map((value) => {
    const point = group.best.get(value);
    const values = kQuantities.flatMap(({ of }) => { const found = point ? of(point) : null; return [found?.value, found?.u]; });
    return [group.network, group.batch, value, point ? settingText(point.setting, ['batch', axis]).replace(/[\u00a0\u202f]/g, ' ') : '', ...values, point ? '' : group.absent.get(value), String(view.study.simulated)];
  }));
  return { header: ['network', 'batch', axis, 'best_setting', 'energy_per_inference_j', 'energy_standard_uncertainty_j', 'latency_per_inference_s', 'latency_standard_uncertainty_s', 'energy_delay_product_js', 'energy_delay_product_standard_uncertainty_js', 'why_absent', 'simulated'], rows };
}

const most = (width: number) => (width < 520 ? 12 : 24); // rows in the drawing; the CSV file has all

function compare(id: string, axisOf: (study: Study) => string | undefined, controls?: (view: View) => Node[]): Figure {
  const axis = (view: View) => axisOf(view.study) ?? '';
  return {
    id,
    scope: 'study',
    wide: true,
    title: (view) => (axis(view) === 'accelerator' && ['dla', 'gpu'].every((value) => valuesOf(groupsOf(view.study, 'accelerator')).includes(value)) ? 'GPU against DLA' : (kKnown[axis(view)] ?? `By ${axisName(axis(view))}`)),
    sentence: (view) => `Each at its own setting of least energy. ${finding(groupsOf(view.study, axis(view)))}`,
    ...(controls ? { controls } : {}),
    applies: (study) => { const found = axisOf(study); return found !== undefined && wordAxes(study).includes(found) && groupsOf(study, found).length > 0; },
    table: (view) => table(view, axis(view)),
    draw: (view, width, say) => {
      const all = groupsOf(view.study, axis(view));
      const groups = all.slice(0, most(width));
      if (!groups.length) return `No network was measured under two values of ${axisName(axis(view))}.`;
      const values = valuesOf(groups);
      const drawing = barChart(view, {
        label: `Energy, latency and their product of one inference by ${axisName(axis(view))}. ${finding(all)} Arrow keys read out the bars.`,
        panels: kQuantities, series: values,
        rows: groups.map((group) => ({ name: group.name, why: [...group.absent].map(([value, why]) => `${value}: ${why}`).join('; ') || 'not measured', values: kQuantities.map((quantity) => values.map((value) => bar(group, value, axis(view), quantity))) })),
      }, width, say);
      return { drawing, readout: `Point at a bar, or use the arrow keys, to read it.${all.length > most(width) ? ` The first ${most(width)} of ${all.length} rows; the CSV file has all.` : ''}` };
    },
  };
}

const named = (axis: string) => compare(`compare-${axis.replace('_', '-')}`, () => axis);
const chosen = new WeakMap<Study, string>();
const rest = (study: Study) => wordAxes(study).filter((axis) => !kKnown[axis] && groupsOf(study, axis).length > 0);

export const comparisons: Figure[] = [
  ...Object.keys(kKnown).map(named),
  compare('compare-other', (study) => chosen.get(study) ?? rest(study)[0], (view) => {
    const axes = rest(view.study);
    return axes.length < 2 ? [] : [select('Axis', axes, axisName, chosen.get(view.study) ?? axes[0], (axis) => (chosen.set(view.study, axis), view.redraw('compare-other')))];
  }),
];

// Values of an axis that has no order against each other: accelerator (figures 4 to 6 of the study on the
// AGX Orin), precision, graph, power mode. Each value stands at its own best setting: the one of least energy
// among all that differ from it in nothing but clocks and other numbers.
import type { Table } from '../csv';
import type { Point, Study } from '../data';
import { axisName, kCoverage, plusMinus, second, settingText } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import { barChart, type BarValue } from './bar_chart';
import { select } from './controls';
import type { Figure } from './frame';
import { against, bareNetwork, batchLatency, delayProduct, differ, eachInference, readable, type Value } from './jobs';

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

const wordsOf = (point: Point, axis: string) => Object.entries(point.setting).filter(([key, word]) => typeof word === 'string' && key !== axis && key !== 'power_mode' && !key.endsWith('_governor') && !key.endsWith('_hz'));
const workOf = (point: Point) => JSON.stringify([bareNetwork(point), batchOf(point)]);

// Axes that some settings of a network name and others do not (which operations a DLA leaves to the GPU: no GPU has
// them). They are free: the best over them stands for the value, otherwise the two could never meet.
function freeAxes(study: Study, axis: string): Map<string, Set<string>> {
  const known = new Map<string, Map<string, number>>(); // work to axis to how many points name it
  for (const point of study.points) {
    if (point.baseline !== null || typeof point.setting[axis] !== 'string') continue;
    const named = known.get(workOf(point)) ?? new Map<string, number>([['', 0]]);
    for (const [key] of [['', ''], ...wordsOf(point, axis)] as const) named.set(key, (named.get(key) ?? 0) + 1);
    known.set(workOf(point), named);
  }
  return new Map([...known].map(([work, named]) => [work, new Set([...named].filter(([key, times]) => key !== '' && times < named.get('')!).map(([key]) => key))]));
}

function freeText(study: Study, axis: string): string {
  const names = [...new Set([...freeAxes(study, axis).values()].flatMap((keys) => [...keys]))];
  return names.length ? ` Chosen freely, because only some settings name it: ${names.map(axisName).join(', ')}.` : '';
}

// A group is what may be compared: one network, one batch size, the other words alike. Governors are left out of the
// words: a setting that pins its clock has none of them.
function groupsOf(study: Study, axis: string): Group[] {
  const groups = new Map<string, Group>();
  const free = freeAxes(study, axis);
  for (const point of study.points) {
    const value = point.setting[axis];
    if (point.baseline !== null || typeof value !== 'string') continue;
    const network = bareNetwork(point);
    const words = wordsOf(point, axis).filter(([key]) => !free.get(workOf(point))?.has(key));
    const key = JSON.stringify([network, batchOf(point), words.sort()]);
    const group = groups.get(key) ?? { name: '', network, batch: batchOf(point), best: new Map(), absent: new Map() };
    group.name = [network, batchOf(point) > 0 ? `batch ${batchOf(point)}` : '', ...words.map(([, word]) => String(word))].filter(Boolean).join(', ');
    const known = group.best.get(value);
    if (!point.energy_j) group.absent.set(value, point.why_absent);
    else if (!known || energyOf(point) < energyOf(known)) group.best.set(value, point);
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

// J an inference; settings of an unknown number of inferences come last.
function energyOf(point: Point): number {
  return eachInference(point, point.energy_j)?.value ?? Infinity;
}

const kQuantities: { name: string; unit: string; of: (point: Point) => Value | null }[] = [
  { name: 'Energy of one inference', unit: 'J', of: (point) => eachInference(point, point.energy_j) },
  { name: 'Time per inference', unit: 's', of: (point) => eachInference(point, point.latency_s) },
  { name: 'Energy × time per inference (EDP)', unit: 'J s', of: delayProduct },
];

const valuesOf = (groups: Group[]) => [...new Set(groups.flatMap((group) => [...group.best.keys(), ...group.absent.keys()]))].sort();

function bar(group: Group, value: string, axis: string, quantity: (typeof kQuantities)[number]): BarValue | null | undefined {
  const point = group.best.get(value);
  const found = point && quantity.of(point);
  if (!point && !group.absent.has(value)) return undefined;
  if (!point || !found) return null;
  const unit = readable(found.value, quantity.unit);
  return { value: found.value, half: kCoverage * found.u, text: `${group.name}, ${value}: ${quantity.name.toLowerCase().replace('edp', 'EDP')} ${plusMinus(found.value * unit.factor, kCoverage * found.u * unit.factor, unit.unit)}${quantity.unit === 's' && batchOf(point) > 1 ? `, ${second(batchLatency(point)!)} a batch` : ''}, at ${settingText(point.setting, ['batch', axis])}` };
}

const kNotShown = 'no difference shown';

// "least energy: dla 5 of 7, gpu 2 of 7; fastest: gpu 7 of 7".
function finding(groups: Group[]): string {
  const whole = groups.filter((group) => group.best.size > 1);
  if (!whole.length) return '';
  const winners = (of: (point: Point) => Value | null) => {
    const won = new Map<string, number>();
    for (const group of whole) {
      const ranked = [...group.best].flatMap(([value, point]) => { const at = of(point); return at ? [{ value, at }] : []; }).sort((a, b) => a.at.value - b.at.value);
      const [first, second_] = ranked;
      if (!first || !second_) continue;
      const winner = differ(first.at, second_.at) ? first.value : kNotShown;
      won.set(winner, (won.get(winner) ?? 0) + 1);
    }
    return [...won].sort((a, b) => Number(a[0] === kNotShown) - Number(b[0] === kNotShown) || b[1] - a[1]).map(([value, times]) => `${value} in ${times}`).join(', ');
  };
  const [first] = whole;
  if (whole.length === 1 && first!.best.size === 2) {
    const [a, b] = [...first!.best].map(([value, point]) => ({ value, energy: eachInference(point, point.energy_j), time: eachInference(point, point.latency_s) })).sort((p, q) => (p.energy?.value ?? NaN) - (q.energy?.value ?? NaN));
    if (!a!.energy || !b!.energy) return '';
    const time = a!.time && b!.time ? ` and takes ${against(a!.time, b!.time, 'time', b!.value)}` : '';
    return `${a!.value} uses ${against(a!.energy, b!.energy, 'energy', b!.value)}${time}.`;
  }
  return `Of ${whole.length}, least energy: ${winners(kQuantities[0]!.of)}; least time: ${winners(kQuantities[1]!.of)}; least product of both: ${winners(kQuantities[2]!.of)}.`;
}

function table(view: View, axis: string): Table {
  const rows = groupsOf(view.study, axis).flatMap((group) => [...new Set([...group.best.keys(), ...group.absent.keys()])].sort().map((value) => {
    const point = group.best.get(value);
    const values = kQuantities.flatMap(({ of }) => { const found = point ? of(point) : null; return [found?.value, found?.u]; });
    return [group.network, group.batch, value, point ? settingText(point.setting, ['batch', axis]).replace(/[\u00a0\u202f]/g, ' ') : '', ...values, point && batchLatency(point), point ? '' : group.absent.get(value), String(view.study.simulated)];
  }));
  return { header: ['network', 'batch', axis, 'best_setting', 'energy_per_inference_j', 'energy_standard_uncertainty_j', 'latency_per_inference_s', 'latency_standard_uncertainty_s', 'energy_delay_product_js', 'energy_delay_product_standard_uncertainty_js', 'batch_latency_s', 'why_absent', 'simulated'], rows };
}

const most = (width: number) => (width < 520 ? 12 : 24); // rows in the drawing; the CSV file has all

function compare(id: string, axisOf: (study: Study) => string | undefined, controls?: (view: View) => Node[]): Figure {
  const axis = (view: View) => axisOf(view.study) ?? '';
  return {
    id,
    scope: 'study',
    wide: true,
    title: (view) => (axis(view) === 'accelerator' && ['dla', 'gpu'].every((value) => valuesOf(groupsOf(view.study, 'accelerator')).includes(value)) ? 'GPU against DLA' : (kKnown[axis(view)] ?? `By ${axisName(axis(view))}`)),
    sentence: (view) => `Each at its own setting of least energy. ${finding(groupsOf(view.study, axis(view)))}${freeText(view.study, axis(view))}`,
    ...(controls ? { controls } : {}),
    applies: (study) => { const found = axisOf(study); return found !== undefined && wordAxes(study).includes(found) && groupsOf(study, found).length > 0; },
    table: (view) => table(view, axis(view)),
    draw: (view, width, say) => {
      const all = groupsOf(view.study, axis(view));
      const groups = all.slice(0, most(width));
      if (!groups.length) return `No network was measured under two values of ${axisName(axis(view))}.`;
      const values = valuesOf(groups);
      const drawing = barChart(view, {
        label: `Energy, time and their product of one inference by ${axisName(axis(view))}. ${finding(all)} Arrow keys read out the bars.`,
        panels: kQuantities, series: values,
        rows: groups.map((group) => ({ name: group.name, why: [...group.absent].map(([value, why]) => `${value}: ${why}`).join('; ') || 'not measured', values: kQuantities.map((quantity) => values.map((value) => bar(group, value, axis(view), quantity))) })),
      }, width, say);
      return { drawing, readout: `Point at a bar, or use the arrow keys, to read it. EDP is the energy times the time of one inference${all.some((group) => group.batch > 1) ? ' (`isojoule tune` takes the time of a batch)' : ''}.${all.length > most(width) ? ` The first ${most(width)} of ${all.length} rows; the CSV file has all.` : ''}` };
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

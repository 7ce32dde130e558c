// Latency, power and energy along one axis while everything else is held: figures 5.1, 5.4 and 5.7 of the
// study that this program reproduces, and figure 3 of the one on the AGX Orin. Dashed: the governors.
import type { Table } from '../csv';
import { chosenCut, cutsAlong, sweptAxes, type Cut } from '../cuts';
import type { Estimate, Point } from '../data';
import { axisName, count, joule, kCoverage, megahertz, mhz, plusMinus, second, settingText, significant, watt } from '../format';
import { batchesOf, networksOf } from '../grid';
import type { View } from '../view';
import { select } from './controls';
import type { Figure } from './frame';
import { against, heldAgainst, scaledNote, valueOf } from './jobs';
import { lineChart, type Level, type Line, type Side } from './line_chart';

const kGpu = 'gpu_frequency_hz';
const kCpu = 'cpu_frequency_hz';
const chosenAxis = new WeakMap<View, string>(); // of the figure for all other axes

const others = (view: View) => sweptAxes(view.study).filter((axis) => axis !== kGpu && axis !== kCpu);
const here = (view: View, axis: string) => cutsAlong(view.study, view.choice.network, view.choice.batch, axis);
// Of the other axes the one that was chosen, or the first that this network was swept along.
function otherAxis(view: View): string {
  const swept = others(view);
  const chosen = chosenAxis.get(view);
  return chosen && here(view, chosen).length ? chosen : (swept.find((axis) => here(view, axis).length) ?? swept[0] ?? '');
}

function cutOf(view: View, axis: string): Cut | undefined {
  const cuts = here(view, axis);
  if (axis === kGpu) return chosenCut(cuts, kCpu, view.fixedCpu);
  if (axis === kCpu) return chosenCut(cuts, kGpu, view.fixedGpu);
  return chosenCut(cuts, null, null);
}

const isClock = (axis: string) => axis.endsWith('_hz');
const what = (axis: string) => (isClock(axis) ? `${axisName(axis).replace(/ frequency$/, '')} clock` : axisName(axis));
const at = (axis: string, x: number) => (isClock(axis) ? megahertz(x) : `${significant(x, 4).replace(/\.0+$/, '')}`);

function lineOf(cut: Cut, side: Side, name: string, unit: string, pick: (point: Point) => Estimate | null): Line {
  const points = cut.points.flatMap(({ x, point }) => {
    const estimate = pick(point);
    if (!estimate) return [];
    const half = kCoverage * estimate.uncertainty;
    return [{ x, y: estimate.value, half, text: `${name} ${plusMinus(estimate.value, half, unit)}` }];
  });
  return { name, points, side };
}
const linesOf = (cut: Cut) => ({
  latency: lineOf(cut, 'left', 'latency', 's', (point) => point.latency_s),
  power: lineOf(cut, 'right', 'power', 'W', (point) => point.power_w),
  energy: lineOf(cut, 'below', 'energy', 'J', (point) => point.energy_j),
});

function levelsOf(view: View, cut: Cut): Level[] {
  const point = heldAgainst(view, cut.inferences);
  const name = `'${view.choice.baseline}'`;
  const level = (side: Side, estimate: Estimate | null | undefined, text: (value: number) => string): Level[] => (estimate ? [{ name: `${name} ${text(estimate.value)}`, value: estimate.value, side }] : []);
  return [...level('left', point?.latency_s, second), ...level('right', point?.power_w, watt), ...level('below', point?.energy_j, joule)];
}

function span(line: Line, text: (value: number) => string): string {
  const values = line.points.map((p) => p.y);
  return `${text(Math.max(...values) - Math.min(...values))}`;
}

function finding(axis: string, cut: Cut): string {
  const { latency, power, energy } = linesOf(cut);
  const known = ([[latency, second], [power, watt], [energy, joule]] as [Line, (value: number) => string][]).filter(([line]) => line.points.length).map(([line, text]) => `${line.name} ${span(line, text)}`);
  const spans = `From its lowest to its highest point each line spans: ${known.join(', ')}.`;
  if (energy.points.length < 2) return spans;
  const least = energy.points.reduce((best, p) => (p.y < best.y ? p : best));
  const top = energy.points.at(-1)!;
  const estimate = (x: number) => valueOf(cut.points.find((one) => one.x === x)!.point.energy_j)!;
  const where = least === top ? 'at its highest value' : `at ${at(axis, least.x)}: ${against(estimate(least.x), estimate(top.x), 'energy', `at ${at(axis, top.x)}`)}`;
  return `${spans} Energy is least ${where}.`;
}

function sentence(view: View, axis: string): string {
  const cut = cutOf(view, axis);
  if (!cut) return '';
  const held = settingText(cut.held, ['batch', ...(view.choice.network.includes('=') ? ['accelerator', 'precision', 'graph'] : [])]);
  const left = cut.unnumbered ? ` ${cut.unnumbered} ${cut.unnumbered > 1 ? 'settings have' : 'setting has'} a word in place of a number and no place here.` : '';
  const governors = view.baseline ? ` Dashed: the governors '${view.choice.baseline}'.` : '';
  return `${held ? `Held: ${held}. ` : ''}Latency and energy are those of the whole inference phase${cut.inferences ? `, ${count(cut.inferences)} inferences` : ''}. ${finding(axis, cut)}${governors}${left}${scaledNote([view.baseline?.point, ...cut.points.map((one) => one.measured)], cut.inferences)}`;
}

// Which networks were swept along it: the reader can choose one of them.
function elsewhere(view: View, axis: string): string {
  const { study } = view;
  const found = networksOf(study).filter((network) => batchesOf(study, network).some((batch) => cutsAlong(study, network, batch, axis).length));
  return found.length ? ` These were: ${found.slice(0, 5).join('; ')}${found.length > 5 ? '; …' : ''}.` : '';
}

function table(view: View, axis: string): Table {
  const values = (point: Point) => [point.latency_s?.value, point.latency_s?.uncertainty, point.power_w?.value, point.power_w?.uncertainty, point.energy_j?.value, point.energy_j?.uncertainty, point.inferences, point.why_absent, String(view.study.simulated)];
  const text = (held: Cut['held']) => settingText(held, ['batch']).replace(/[\u00a0\u202f]/g, ' ');
  const cut = cutOf(view, axis);
  return {
    header: ['network', 'batch', 'baseline', axis || 'value', 'held', 'latency_s', 'latency_standard_uncertainty_s', 'power_w', 'power_standard_uncertainty_w', 'energy_j', 'energy_standard_uncertainty_j', 'inferences', 'why_absent', 'simulated'],
    rows: [
      ...(cut?.points ?? []).map(({ x, measured: point }) => [point.network, view.choice.batch, '', x, text(cut!.held), ...values(point)]),
      ...view.baselines.map(({ name, point }) => [point.network, view.choice.batch, name, null, text(point.setting), ...values(point)]),
    ],
  };
}

function sweep(id: string, axisOf: (view: View) => string, controls: (view: View) => Node[], applies: (axes: string[]) => boolean): Figure {
  return {
    id,
    title: (view) => `Power, latency and energy along the ${what(axisOf(view))}`,
    sentence: (view) => sentence(view, axisOf(view)),
    controls,
    table: (view) => table(view, axisOf(view)),
    applies: (study) => applies(sweptAxes(study)),
    draw: (view, width, say) => {
      const axis = axisOf(view);
      const cut = cutOf(view, axis);
      if (!cut) return `This network and batch size were not swept along the ${what(axis)}.${elsewhere(view, axis)}`;
      const { latency, power, energy } = linesOf(cut);
      if (!latency.points.length) return 'Nothing was measured along this axis.';
      const number = (value: number) => significant(value, 3).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
      const least = energy.points.reduce<number | undefined>((best, p, i) => (best === undefined || p.y < energy.points[best]!.y ? i : best), undefined);
      const drawing = lineChart(view, {
        label: `Latency, power and energy over the ${what(axis)}. ${finding(axis, cut)} Arrow keys read out the values.`,
        x: { name: `${what(axis)}${isClock(axis) ? ' (MHz)' : ''}`.replace(/^./, (letter) => letter.toUpperCase()), format: (x) => (isClock(axis) ? mhz(x) : number(x)) },
        left: { name: 'Latency (s)', format: number }, right: { name: 'Power (W)', format: number }, below: { name: 'Energy (J)', format: number },
        lines: [latency, power, energy], levels: levelsOf(view, cut), ...(least === undefined ? {} : { mark: energy.points[least]!.x }),
      }, width, say);
      return { drawing, readout: power.points.length ? 'Point at the figure, or use the arrow keys, to read its values.' : `Power is absent: ${cut.points[0]?.point.why_absent || 'no reason given'}.` };
    },
  };
}

// Clocks of the other axis that have a cut, and of them the one that is drawn.
function heldSelect(view: View, axis: string, other: string, label: string, choose: (hz: number) => void): Node[] {
  const clocks = here(view, axis).map((cut) => cut.held[other]).filter((hz): hz is number => typeof hz === 'number');
  const drawn = cutOf(view, axis)?.held[other];
  const offered = [...new Set(clocks)].filter((hz) => hz === drawn || (other === kCpu ? view.grid.cpus : view.grid.gpus).includes(hz)).sort((a, b) => a - b);
  return offered.length ? [select(label, offered, megahertz, typeof drawn === 'number' ? drawn : undefined, choose)] : [];
}
const heldCpu = (view: View) => heldSelect(view, kGpu, kCpu, 'CPU clock held at', (cpu) => view.choose({ cpu }));
const heldGpu = (view: View) => heldSelect(view, kCpu, kGpu, 'GPU clock held at', (gpu) => view.choose({ gpu }));
function axisSelect(view: View): Node[] {
  const swept = others(view).filter((axis) => here(view, axis).length);
  if (swept.length < 2) return [];
  return [select('Along', swept, what, otherAxis(view), (axis) => (chosenAxis.set(view, axis), view.redraw('sweep-other')))];
}

export const sweepGpu = sweep('sweep-gpu', () => kGpu, heldCpu, (axes) => axes.includes(kGpu));
export const sweepCpu = sweep('sweep-cpu', () => kCpu, heldGpu, (axes) => axes.includes(kCpu));
export const sweepOther = sweep('sweep-other', otherAxis, axisSelect, (axes) => axes.some((axis) => axis !== kGpu && axis !== kCpu));

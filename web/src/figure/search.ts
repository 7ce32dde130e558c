// How a search went: what each probe cost, the least so far, the governors beside it, and which probes failed or went
// beyond a limit.
import { scaleLinear, scaleLog } from 'd3-scale';
import type { Table } from '../csv';
import type { Probe, Search } from '../data';
import { s } from '../dom';
import { percent, second, settingText, significant } from '../format';
import type { View } from '../view';
import type { Drawn, Figure } from './frame';
import { fitted, readable, widthOf } from './jobs';
import { canvas, type Box } from './parts';
import { addPicking, type Spot } from './pick';

type Scale = ((value: number) => number) & { ticks: (n: number) => number[] };
const searchOf = (view: View): Search | undefined => view.study.search;
const measured = (search: Search) => search.probes.map((probe) => probe.cost).filter((cost): cost is number => cost !== null);
const unitOf = (search: Search) => readable(Math.max(0, ...measured(search)), search.unit);
const costText = (search: Search, cost: number) => { const unit = unitOf(search); return `${significant(cost * unit.factor)}${unit.unit ? `\u00a0${unit.unit}` : ''}`; };

function probeText(search: Search, probe: Probe, i: number): string {
  const latency = probe.batch_latency_s != null ? `, ${second(probe.batch_latency_s)} a batch` : '';
  const cost = probe.cost === null ? `no cost${probe.failure ? `: ${probe.failure}` : ''}` : costText(search, probe.cost);
  const limits = probe.within_limits === false ? ', beyond a limit' : '';
  return `Probe ${i + 1}, ${settingText(probe.setting)}: ${cost}${latency}${limits}${probe.why ? `. ${probe.why}` : ''}`;
}

// How far below the governors the best lies: with its bounds where the search measured them, otherwise as two single
// values, of which nothing is known but that.
function savingText(search: Search, cost: number, name: string, reference: number): string {
  const { saving } = search;
  if (saving && saving.percent_low !== null && saving.percent_high !== null) {
    const bounds = `${percent(saving.percent_low)} to ${percent(saving.percent_high)}, 95 %`;
    return saving.percent_low <= 0 && saving.percent_high >= 0 ? `; no difference from '${saving.against}' was shown (${bounds} below)` : `, ${percent(Math.abs(saving.percent))} ${saving.percent < 0 ? 'above' : 'below'} '${saving.against}' (${bounds.replaceAll('−', saving.percent < 0 ? '' : '−')})`;
  }
  if (!(reference > 0)) return '';
  const change = 100 * (1 - cost / reference);
  return `, ${percent(Math.abs(change))} ${change < 0 ? 'above' : 'below'} '${name}' (${costText(search, reference)}; no interval is known)`;
}
// What the unit is of: the optimiser's latency is a batch's, and so is that of its products.
const ofWhat = ({ minimise }: Search) => (minimise === 'energy' || minimise === 'time' ? ' of one inference' : minimise === 'latency' ? ' of a batch' : minimise === 'edp' ? ' (energy of one inference × latency of a batch)' : '');

function sentence(view: View): string {
  const search = searchOf(view);
  if (!search) return '';
  const { probes, best, governors } = search;
  const failed = probes.filter((probe) => probe.cost === null).length;
  const beyond = probes.filter((probe) => probe.cost !== null && probe.within_limits === false).length;
  const limits = search.limits.length ? ` within ${search.limits.join(', ')}` : '';
  const parts = [`${probes.length} probes by '${search.optimiser}' for the least ${search.minimise}${search.minimise === 'edp' || search.minimise === 'latency' ? ofWhat(search) : ''}${limits}`];
  if (beyond) parts.push(`${beyond} beyond a limit`);
  if (failed) parts.push(`${failed} without a cost`);
  const least = probes.map((probe) => probe.least).filter((cost): cost is number => cost !== null).at(-1);
  const near = least === undefined ? -1 : probes.findIndex((probe) => probe.least !== null && probe.least <= least * 1.01);
  const governor = governors.find((one) => one.cost !== null);
  const cost = best?.cost ?? least;
  const saving = governor && cost !== undefined && cost !== null ? savingText(search, cost, governor.name, governor.cost!) : '';
  const found = cost === undefined || cost === null ? ' Nothing within the limits was found.' : ` Best: ${costText(search, cost)}${best ? ` at ${settingText(best.setting)}` : ''}${saving}.${near >= 0 ? ` Within 1 % of the least after ${near + 1}.` : ''}`;
  return `${parts.join(', ')}.${found}`;
}

function drawAxes(drawing: SVGSVGElement, search: Search, box: Box, x: ReturnType<typeof scaleLinear<number>>, y: Scale): void {
  const unit = unitOf(search);
  const bare = (value: number) => significant(value, 3).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  // On a logarithmic axis the upper ticks crowd: each keeps its distance from the last.
  const apart = y.ticks(5).filter((tick, i, all) => all.slice(0, i).reduce<number>((last, other) => (last - y(other) >= 16 ? y(other) : last), Infinity) - y(tick) >= 16);
  for (const tick of apart) drawing.append(s('path', { class: 'rule', d: `M${box.left},${y(tick).toFixed(1)}H${box.right}` }), s('text', { x: box.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, bare(tick * unit.factor)));
  for (const tick of x.ticks(Math.min(search.probes.length, Math.floor((box.right - box.left) / 60))).filter((at) => Number.isInteger(at) && at >= 1)) drawing.append(s('path', { class: 'frame-line', d: `M${x(tick).toFixed(1)},${box.bottom}v4` }), s('text', { x: x(tick), y: box.bottom + 18, 'text-anchor': 'middle' }, tick));
  const name = search.minimise.replace(/^./, (letter) => letter.toUpperCase());
  drawing.append(s('path', { class: 'frame-line', d: `M${box.left},${box.bottom}H${box.right}` }), s('text', { class: 'axis-name', x: (box.left + box.right) / 2, y: box.bottom + 37, 'text-anchor': 'middle' }, 'Probe'),
    s('text', { class: 'axis-name', x: 4, y: 28 }, `${fitted(name, box.right - 150)}${ofWhat(search)}${unit.unit ? ` (${unit.unit})` : ''}`));
}

function drawKey(drawing: SVGSVGElement, y: number, narrow: boolean): void {
  const marks: [SVGElement, string][] = [[s('circle', { class: 'tone0', cx: 6, cy: y - 4, r: 3.6 }), 'within limits'], [s('circle', { class: 'open', cx: 6, cy: y - 4, r: 3.6 }), narrow ? 'beyond' : 'beyond a limit'], [s('path', { class: 'cross', d: `M2,${y - 8}l8,8m0,-8l-8,8` }), 'failed'], [s('path', { class: 'pareto-line', d: `M0,${y - 4}H12` }), narrow ? 'least' : 'least so far']];
  let x = 4;
  for (const [mark, name] of marks) {
    drawing.append(s('g', { transform: `translate(${x},0)` }, mark), s('text', { x: x + 16, y }, name));
    x += (narrow ? 26 : 34) + widthOf(name);
  }
}

// Governors' lines, names at the right end above or below them: first the one that the sentence compares with; where
// there is no room left, only the line stands.
function drawGovernors(drawing: SVGSVGElement, search: Search, y: Scale, box: Box): void {
  const taken: number[] = [];
  const first = search.governors.find((one) => one.cost !== null && one.name === search.saving?.against) ?? search.governors.find((one) => one.cost !== null);
  const shown = search.governors.filter((one) => one.cost !== null).sort((a, b) => Number(b === first) - Number(a === first) || y(a.cost!) - y(b.cost!));
  for (const { name, cost } of shown) {
    const at = y(cost!);
    drawing.append(s('path', { class: 'governor', d: `M${box.left},${at.toFixed(1)}H${box.right}`, 'data-baseline': name, 'data-cost': cost! }));
    const place = [at - 5, at + 13].find((one) => one > box.top && one < box.bottom - 3 && taken.every((other) => Math.abs(other - one) >= 13));
    if (place === undefined) continue;
    taken.push(place);
    drawing.append(s('text', { class: 'governor-name', x: box.right - 2, y: place, 'text-anchor': 'end', style: 'paint-order: stroke; stroke: var(--paper); stroke-width: 3px' }, fitted(`'${name}' ${costText(search, cost!)}`, 200)));
  }
}

function draw(view: View, width: number, say: (text: string | null) => void): Drawn | string {
  const search = searchOf(view);
  const costs = search ? measured(search) : [];
  if (!search || !costs.length) return 'No probe of this search has a cost.';
  const all = [...costs, ...search.governors.map((one) => one.cost).filter((cost): cost is number => cost !== null)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const box = { left: 58, top: 66, right: width - 14, bottom: Math.round(Math.min(360, 220 + width * 0.18)) - 20 };
  const drawing = canvas(view, width, box.bottom + 46, `Progress of the search. ${sentence(view)} Arrow keys read out the probes.`);
  const x = scaleLinear([0.5, Math.max(search.probes.length, 2) + 0.5], [box.left, box.right]);
  const room = 0.06 * (high - low) || 0.05 * high;
  const y = (low > 0 && high / low > 2.5 ? scaleLog([low / 1.15, high * 1.15], [box.bottom, box.top]) : scaleLinear([Math.max(0, low - room), high + room], [box.bottom, box.top])) as unknown as Scale;
  drawAxes(drawing, search, box, x, y);
  drawKey(drawing, 48, width < 460);
  drawGovernors(drawing, search, y, box);
  const stair = search.probes.flatMap((probe, i) => (probe.least === null ? [] : [{ x: x(i + 1), y: y(probe.least) }]));
  drawing.append(s('path', { class: 'pareto-line', d: stair.map((at, i) => (i ? `H${at.x.toFixed(1)}V${at.y.toFixed(1)}` : `M${at.x.toFixed(1)},${at.y.toFixed(1)}`)).join('') }));
  const spots: Spot[] = search.probes.map((probe, i) => ({ x: x(i + 1), y: probe.cost === null ? box.top - 6 : y(probe.cost), text: probeText(search, probe, i) }));
  search.probes.forEach((probe, i) => {
    const { x: px, y: py } = spots[i]!;
    const data = { 'data-probe': i + 1, 'data-cost': probe.cost };
    if (probe.cost === null) drawing.append(s('path', { class: 'cross', d: `M${(px - 4).toFixed(1)},${py - 4}l8,8m0,-8l-8,8`, ...data }));
    else drawing.append(s('circle', { class: probe.within_limits === false ? 'open' : 'tone0', cx: px.toFixed(1), cy: py.toFixed(1), r: search.probes.length > 150 ? 2.4 : 3.6, ...data }));
  });
  addPicking(drawing, spots, say, { along: true });
  return { drawing, readout: "Point at a probe, or use the arrow keys, to read it and the optimiser's words." };
}

function table(view: View): Table {
  const search = searchOf(view);
  const rows = (search?.probes ?? []).map((probe, i) => [i + 1, probe.run, settingText(probe.setting).replace(/[\u00a0\u202f]/g, ' '), probe.cost, search!.unit, probe.energy_j, probe.latency_s, probe.batch_latency_s, probe.least, probe.within_limits === null ? null : String(probe.within_limits), probe.why, probe.failure, String(view.study.simulated)]);
  return { header: ['probe', 'run', 'setting', 'cost', 'cost_unit', 'energy_per_inference_j', 'latency_per_inference_s', 'batch_latency_s', 'least_cost_so_far', 'within_limits', 'why', 'failure', 'simulated'], rows };
}

export const search: Figure = {
  id: 'search', scope: 'study', wide: true, title: () => 'How the search went', sentence, draw, table,
  applies: (study) => (study.search?.probes.length ?? 0) > 0,
};

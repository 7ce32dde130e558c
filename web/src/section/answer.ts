// The answer first: for each network and batch size the best setting, what it saves, what it costs.
import type { Comparison, Minimum } from '../data';
import { h, replace, type Child } from '../dom';
import { batchText, count, governorsText, interval, joule, kCoverage, percent, plusMinus, second, settingText } from '../format';
import { leadingComparison } from '../grid';
import { isShown, leadingMinimum } from '../lead';
import type { View } from '../view';
import { searchAnswer } from './search_answer';
import { pager } from './table';

function settingLines(view: View, minimum: Minimum): Node[] {
  const { setting } = view.study.points[minimum.best]!;
  return Object.entries(setting).filter(([key]) => key !== 'batch').map(([key, value]) => h('span', {}, settingText({ [key]: value })));
}

// "24.1 % less energy than the default governors", or the truth where there is no saving.
function savingBlock(minimum: Minimum): HTMLElement {
  const leading = leadingComparison(minimum);
  if (!leading) return h('p', { class: 'saving' }, h('span', { class: 'than' }, 'No governors were measured to compare with.'));
  const half = kCoverage * leading.saving_uncertainty_percent;
  const what = leading.saving_percent >= 0 ? 'less energy' : 'more energy';
  const note = isShown(leading) ? '' : ': within its uncertainty, so no difference was shown';
  return h('p', { class: 'saving' }, h('strong', {}, percent(Math.abs(leading.saving_percent))), h('span', { class: 'what' }, `\u00a0${what}`),
    h('span', { class: 'than' }, `than ${governorsText(leading.baseline)}, ±\u00a0${percent(half)}${note}`));
}

function latencyText(view: View, minimum: Minimum): string {
  const leading = leadingComparison(minimum);
  const latency = view.study.points[minimum.best]!.latency_s;
  if (!latency) return 'absent';
  if (!leading) return second(latency.value);
  const change = leading.latency_change_percent;
  return `${second(latency.value)}, ${percent(Math.abs(change))} ${change >= 0 ? 'longer' : 'shorter'}`;
}

function card(view: View, minimum: Minimum): HTMLElement {
  const point = view.study.points[minimum.best]!;
  const { network, batch } = minimum;
  const energy = point.energy_j;
  const fact = (name: string, ...value: Child[]) => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));
  const button = h('button', { type: 'button', class: 'show', click: () => view.choose({ network, batch, baseline: leadingComparison(minimum)?.baseline ?? '', cpu: null, gpu: null }) }, 'Show below');
  const element = h('article', { class: 'card', 'data-network': network, 'data-batch': batch },
    h('h3', {}, network, h('span', {}, ` ${batchText(batch)}`)), savingBlock(minimum),
    h('dl', {}, fact('Best setting', ...settingLines(view, minimum)), fact('Energy', energy ? interval(energy, 'J') : `absent: ${point.why_absent}`),
      energy && point.inferences ? fact('Per inference', joule(energy.value / point.inferences, 3)) : null, fact('Latency', latencyText(view, minimum)),
      fact('Within 1 %', `${minimum.within_one_percent} of ${minimum.grid_points} settings`)), h('footer', {}, button, view.study.simulated && h('span', { class: 'tag' }, 'simulated')));
  const mark = () => {
    const chosen = view.choice.network === network && view.choice.batch === batch;
    element.classList.toggle('chosen', chosen);
    button.setAttribute('aria-pressed', String(chosen));
    button.textContent = chosen ? 'Shown below' : 'Show below';
  };
  mark();
  view.subscribe(mark);
  return element;
}

// "Over all 4 networks and batch sizes the saving is 1.2 % to 20.0 %; 2 of them lie within their uncertainty."
function othersText(rows: Comparison[]): string {
  if (rows.length < 2) return '';
  const savings = rows.map((row) => row.saving_percent);
  const unsure = rows.filter((row) => !isShown(row)).length;
  const within = unsure ? `; ${unsure} of them ${unsure > 1 ? 'lie within their' : 'lies within its'} uncertainty` : '';
  return ` Over all ${rows.length} networks and batch sizes the saving is ${percent(savings.reduce((a, b) => Math.min(a, b)))} to ${percent(savings.reduce((a, b) => Math.max(a, b)))}${within}.`;
}

// The answer in a sentence: where most is saved, how sure that is, what it costs in time.
function leadText(view: View): string {
  const rows = view.study.minima.flatMap((minimum) => leadingComparison(minimum) ?? []);
  const most = leadingMinimum(view.study)!;
  const { setting } = view.study.points[most.best]!;
  const name = `${most.network}${most.batch > 0 ? ` (batch ${most.batch})` : ''}`;
  const leading = leadingComparison(most);
  const best = settingText(setting, ['batch']);
  if (!leading) return `${name} uses least energy at ${best}. No governors were measured to compare with.`;
  const half = kCoverage * leading.saving_uncertainty_percent;
  if (leading.saving_percent <= half) return `No setting was shown to use less energy than ${governorsText(leading.baseline)}: the best, ${name} at ${best}, differs by ${percent(leading.saving_percent)} ± ${percent(half)}.`;
  const time = leading.latency_change_percent;
  return `${name} at ${best} uses ${percent(leading.saving_percent)} ± ${percent(half)} less energy than ${governorsText(leading.baseline)}, and takes ${percent(Math.abs(time))} ${time >= 0 ? 'longer' : 'less time'}.${othersText(rows)}`;
}

const kCards = 24; // at a time

export function answer(view: View): HTMLElement {
  const { minima } = view.study;
  const section = h('section', { id: 'answer', 'aria-labelledby': 'answer-title' }, h('h2', { id: 'answer-title' }, 'The answer'));
  const { search } = view.study;
  if (search) section.append(searchAnswer(view, search));
  else if (!minima.length) section.append(withoutMinimum(view));
  else section.append(h('p', { class: 'lead' }, leadText(view), view.study.simulated && ' (Simulated.)'));
  const cards = h('div', { class: 'cards' });
  const show = (page: number) => replace(cards, ...minima.slice(page * kCards, (page + 1) * kCards).map((minimum) => card(view, minimum)));
  show(0);
  section.append(cards, minima.length > kCards ? pager(minima.length, show, kCards, 'Answers') : '',
    h('p', { class: 'note' }, 'Every interval on this page is the mean ± 2 standard uncertainties (k = 2, about 95 %); what is called a standard uncertainty, in the uncertainty budget and in CSV files, is one (k = 1). Energy is that of the inference phase at the whole module, idle power included.'));
  return section;
}

// Of a study that swept no clocks: what of it used least, and most.
function withoutMinimum(view: View): HTMLElement {
  const { points, simulated } = view.study;
  const known = points.flatMap((point) => (point.baseline === null && point.energy_j && point.inferences > 0 ? [{ point, each: point.energy_j.value / point.inferences, u: point.energy_j.uncertainty / point.inferences }] : []));
  const sorted = known.sort((a, b) => a.each - b.each);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || least === most) return h('p', { class: 'nothing' }, noMinimum(view));
  const text = ({ point, each, u }: typeof least) => `${point.network} ${settingText(point.setting)} with ${each < 1 ? plusMinus(1000 * each, 1000 * kCoverage * u, 'mJ') : plusMinus(each, kCoverage * u, 'J')} an inference`;
  const shown = most.each - least.each > kCoverage * Math.hypot(least.u, most.u);
  return h('p', { class: 'lead' }, `CPU and GPU clocks were not swept together, so there is no map. Of ${count(known.length)} settings measured, least energy has ${text(least)}, most ${text(most)}${shown ? '' : ': no difference was shown'}.`, simulated && ' (Simulated.)');
}

function noMinimum(view: View): string {
  const reasons = [...new Set(view.study.points.filter((point) => !point.energy_j).map((point) => point.why_absent))].filter(Boolean);
  const why = reasons.length ? ` Energy is absent: ${reasons.slice(0, 3).join('; ')}.` : ' It did not sweep CPU and GPU clocks together.';
  return `This study names no best setting.${why}`;
}

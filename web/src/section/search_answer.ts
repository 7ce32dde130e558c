// The answer of a search (`isojoule tune`): its best setting, the saving over the governors, what that rests on.
import type { Search, SearchBest } from '../data';
import { h, type Child } from '../dom';
import { governorsText, percent, second, settingText, significant } from '../format';
import type { View } from '../view';
import { readable } from '../figure/jobs';

function costText(search: Search, cost: number): string {
  const unit = readable(cost, search.unit);
  return `${significant(cost * unit.factor)}${unit.unit ? `\u00a0${unit.unit}` : ''}`;
}

// "18.2 % (95 %: 17.9 % to 18.6 %) less than ..."; the truth where it is none.
function savingText(search: Search): string {
  const { saving } = search;
  if (!saving) return 'No governors were measured beside it to compare with.';
  const bounds = saving.percent_low === null || saving.percent_high === null ? ', measured too seldom for an interval' : ` (95 %: ${percent(saving.percent_low)} to ${percent(saving.percent_high)})`;
  const shown = saving.percent_low === null || saving.percent_low > 0 || (saving.percent_high ?? 0) < 0;
  const what = `${percent(Math.abs(saving.percent))} ${saving.percent >= 0 ? 'less' : 'more'} than ${governorsText(saving.against)}${bounds}`;
  return shown ? `That is ${what}.` : `That is ${what}: no difference was shown.`;
}

function timeText(search: Search, best: SearchBest): string {
  const governed = search.saving?.latency_s;
  if (!best.latency_s) return '';
  if (!governed) return ` One inference takes ${second(best.latency_s)}.`;
  const change = 100 * (best.latency_s / governed - 1);
  return ` One inference takes ${second(best.latency_s)}, ${percent(Math.abs(change))} ${change >= 0 ? 'longer' : 'less time'}.`;
}

export function searchAnswer(view: View, search: Search): HTMLElement {
  const lead = (...words: Child[]) => h('p', { class: 'lead', 'data-from': 'search' }, ...words, view.study.simulated && ' (Simulated.)');
  const limits = search.limits.length ? ` within ${search.limits.join(', ')}` : '';
  const { best } = search;
  if (!best || best.cost === null) return lead(`The search for the least ${search.minimise}${limits} found no setting.`);
  const network = view.study.points.find((point) => point.baseline === null)?.network ?? '';
  const at = `${network} at ${settingText(best.setting)}`;
  const cost = `${costText(search, best.cost)}${search.unit === 'J' ? ' an inference' : ''}`;
  const head = best.within_limits === false ? `None of ${search.probes.length} probes keeps ${search.limits.join(', ')}. The nearest is ${at}: ${cost}.` : `${at} has the least ${search.minimise}${limits} of ${search.probes.length} probes: ${cost}.`;
  return lead(`${head} ${savingText(search)}${timeText(search, best)}`);
}

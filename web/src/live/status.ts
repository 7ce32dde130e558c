// How things stand: a line that eyes read at once and screen readers are told politely, at most every
// few seconds.
import { h, set } from '../dom';
import { joule, watt } from '../format';
import type { History } from './history';
import type { Link } from './stream';

const kSay_ms = 15_000; // how often numbers are said
const kAtMost_ms = 3000; // how often anything is

export class Status {
  private readonly light = h('span', { class: 'light', 'aria-hidden': 'true' });
  private readonly words = h('span', { class: 'words' });
  private readonly said = h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  readonly element = h('div', { class: 'live-status' }, this.light, this.words, this.said);
  private link: Link = 'connecting';
  private fault = '';
  private lastFrame_ms = 0;
  private lastSaid_ms = -Infinity;
  private lastNumbers_ms = 0;
  private lastWords = '';

  onLink(link: Link): void { this.link = link; this.fault = ''; }
  onFrame(): void { this.lastFrame_ms = performance.now(); this.link = 'open'; this.fault = ''; }
  onFault(fault: string): void { this.fault = fault; }

  // [state, words]; `state` colours the light.
  private state(history: History | null, isPaused: boolean): [string, string] {
    const age_s = this.lastFrame_ms > 0 ? (performance.now() - this.lastFrame_ms) / 1000 : 0;
    const old = this.lastFrame_ms > 0 ? ` The newest reading is ${Math.round(age_s)} s old.` : '';
    if (this.fault) return ['bad', this.fault];
    if (this.link === 'refused') return ['bad', `The program refused this page; it is asked again. Where it was started anew, open the address that it printed.${old}`];
    if (this.link === 'lost') return ['bad', `The connection is lost; the browser comes again by itself.${old}`];
    if (!history?.last) return ['waits', 'Waiting for the first readings.'];
    if (age_s > Math.max(1.5, 4 * history.head.frame_period_s)) return ['bad', `Connected, but nothing new comes.${old}`];
    return isPaused ? ['waits', 'Paused. Readings go on in the background.'] : ['good', 'Live'];
  }

  show(history: History | null, isPaused: boolean): void {
    const [state, words] = this.state(history, isPaused);
    this.light.className = `light ${state}`;
    this.element.dataset['state'] = state;
    set(this.words, words);
    this.say(words, history);
  }

  // What changes by the second (an age) is no news.
  private say(words: string, history: History | null): void {
    const now = performance.now();
    const bare = words.replace(/\d+/g, '');
    const isNews = bare !== this.lastWords, isTime = words === 'Live' && now - this.lastNumbers_ms > kSay_ms;
    if (now - this.lastSaid_ms < kAtMost_ms || !(isNews || isTime)) return;
    this.lastSaid_ms = now;
    this.lastWords = bare;
    const numbers = words === 'Live' ? numbersText(history) : '';
    if (numbers) this.lastNumbers_ms = now;
    set(this.said, `${words} ${numbers}`.trim());
  }
}

// Of the total, or of the first rail where there is none.
function numbersText(history: History | null): string {
  const frame = history?.last;
  if (!history || !frame || history.head.rails.length === 0) return '';
  const total = history.head.rails.findIndex((rail) => rail.name === 'total');
  const at = total < 0 ? 0 : total;
  const power = frame.power_w[at] ?? null, energy = frame.energy_j[at] ?? null;
  const name = history.head.rails[at]!.name.slice(0, 60);
  const throttled = frame.throttled ? ' The board throttles.' : '';
  return `${name}: ${power === null ? 'no reading' : watt(power)}, ${energy === null ? '' : `${joule(energy)} since start.`}${throttled}`;
}

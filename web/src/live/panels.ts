// What stands beside the charts: the rails' cards, what the board says, what was counted.
import { h, replace, set } from '../dom';
import { joule, megahertz, percent, second, significant, watt } from '../format';
import type { Frame, Head, Value, WatchHead } from './stream';

const kAbsent = '—';
const kGap = '\u00a0';

export function watchText(watch: WatchHead, value: Value): string {
  if (value === null) return 'not read';
  if (watch.unit === 'Hz') return megahertz(value);
  if (watch.unit === '%') return percent(value, 0);
  if (watch.unit === 'C' || watch.unit === '°C') return `${value.toFixed(1)}${kGap}°C`;
  return watch.unit ? `${significant(value)}${kGap}${watch.unit}` : significant(value, 6);
}

export class Rails {
  readonly element = h('section', { class: 'cards live-rails', 'aria-label': 'Rails now' });
  private readonly cards: { power: Element; span: Element; energy: Element }[];

  constructor(head: Head) {
    this.cards = head.rails.map((rail) => {
      const power = h('strong', {}, kAbsent), span = h('span', { class: 'than' }), energy = h('dd', {}, kAbsent);
      const about = [rail.what, rail.parent && `within ${rail.parent}`, rail.sensor].filter(Boolean).join(' · ');
      const isTotal = rail.name === 'total';
      this.element.append(h('article', { class: isTotal ? 'card chosen' : 'card' },
        h('h2', { class: 'clamp', title: rail.name }, isTotal ? 'Total' : rail.name),
        h('p', { class: 'note clamp', title: about }, isTotal && head.total ? head.total : about),
        h('p', { class: 'saving' }, power, span),
        h('dl', {}, h('div', {}, h('dt', {}, 'since start'), energy))));
      return { power, span, energy };
    });
  }

  show(frame: Frame): void {
    this.cards.forEach(({ power, span, energy }, i) => {
      const now = frame.power_w[i] ?? null, least = frame.least_w[i] ?? null, most = frame.most_w[i] ?? null, since = frame.energy_j[i] ?? null;
      set(power, now === null ? kAbsent : watt(now));
      set(span, now === null ? 'no reading came' : least !== null && most !== null ? `${watt(least)} to ${watt(most)}` : kGap);
      set(energy, since === null ? kAbsent : joule(since, 5));
    });
  }
}

// Phase, throttling, the fan and the like, and how well the program keeps up.
export class Board {
  readonly element = h('section', { id: 'board' }, h('h2', {}, 'The board'));
  private readonly rows: { cell: Element; text: (frame: Frame) => string }[] = [];

  constructor(head: Head, private readonly missed: () => number) {
    const list = h('dl', { class: 'facts' });
    const add = (name: string, text: (frame: Frame) => string) => {
      const cell = h('dd', {});
      list.append(h('div', {}, h('dt', { class: 'clamp', title: name }, name), cell));
      this.rows.push({ cell, text });
    };
    add('Phase', (frame) => frame.phase || 'nobody tells');
    add('Throttled', (frame) => (frame.throttled === null ? 'the board does not tell' : frame.throttled ? 'yes, now' : 'no'));
    head.watches.forEach((watch, i) => add(watch.name, (frame) => watchText(watch, frame.watches[i] ?? null)));
    add('Latest tick', (frame) => (frame.late_s === null ? 'not known' : `${second(frame.late_s)} late`));
    add('Cost of this program', (frame) => (frame.cost_percent === null ? 'not known' : `${percent(frame.cost_percent)} of one core`));
    add('Frames missed here', () => String(this.missed()));
    this.element.append(list);
  }
  show(frame: Frame): void {
    for (const { cell, text } of this.rows) set(cell, text(frame));
  }
}

// The energy of each phase, where a program tells its phases.
export class Phases {
  readonly element = h('section', { id: 'phases', hidden: true }, h('h2', {}, 'Energy by phase'));
  private readonly host = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Energy by phase' });
  private shown = '';

  constructor(private readonly head: Head) { this.element.append(this.host); }

  show(frame: Frame): void {
    if (frame.phase_energy_j.length === 0) return;
    this.element.hidden = false;
    const key = frame.phase_energy_j.map(([phase]) => phase).join('\n');
    if (key !== this.shown) this.make(frame);
    this.shown = key;
    const cells = this.host.querySelectorAll('td.number');
    frame.phase_energy_j.flatMap(([, joules]) => this.head.rails.map((_, i) => joules[i] ?? null)).forEach((value, i) => set(cells[i]!, value === null ? kAbsent : joule(value, 5)));
  }

  private make(frame: Frame): void {
    const top = h('tr', {}, h('th', { scope: 'col' }, 'Phase'), ...this.head.rails.map(({ name }) => h('th', { scope: 'col', class: 'number' }, name === 'total' ? 'Total' : name)));
    const rows = frame.phase_energy_j.map(([phase]) => h('tr', {}, h('th', { scope: 'row' }, phase === 'none' ? 'between phases' : phase), ...this.head.rails.map(() => h('td', { class: 'number' }))));
    replace(this.host, h('table', {}, h('caption', {}, 'Since the start'), h('thead', {}, top), h('tbody', {}, ...rows)));
  }
}

export interface CounterMeaning { name: string; severity: string; meaning: string; remedy: string }

// From the page itself; what a page without the program's table does not know, it shows by name.
export function counterMeanings(): Map<string, CounterMeaning> {
  try {
    const rows: unknown = JSON.parse(document.getElementById('counter-meanings')?.textContent ?? '');
    return new Map((rows as CounterMeaning[]).map((row) => [row.name, row]));
  } catch {
    return new Map();
  }
}

export class Counters {
  readonly element = h('section', { id: 'counters' }, h('h2', {}, 'What was counted'));
  private readonly host = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Counters raised' });
  private readonly meanings = counterMeanings();
  private shown = 'never';

  constructor() { this.element.append(this.host); }

  show(frame: Frame): void {
    const raised = Object.entries(frame.counters).filter(([, times]) => times > 0);
    const key = raised.map(([name]) => name).join('\n');
    if (key !== this.shown) this.make(raised.map(([name]) => name));
    this.shown = key;
    raised.forEach(([, times], i) => set(this.host.querySelectorAll('td.number')[i]!, String(times)));
  }

  private make(names: string[]): void {
    if (names.length === 0) return replace(this.host, h('p', {}, 'No counter was raised since the start.'));
    const head = h('tr', {}, ...['Counter', 'Severity', 'Times', 'Meaning', 'Remedy'].map((name) => h('th', { scope: 'col', class: name === 'Times' ? 'number' : null }, name)));
    const rows = names.map((name) => {
      const { severity, meaning, remedy } = this.meanings.get(name) ?? { severity: 'not known', meaning: '', remedy: '' };
      return h('tr', {}, h('td', {}, h('code', {}, name)), h('td', {}, h('span', { class: `severity ${severity === 'data loss' ? 'data-loss' : severity === 'warning' ? 'warning' : ''}` }, severity)), h('td', { class: 'number' }), h('td', {}, meaning), h('td', {}, remedy));
    });
    replace(this.host, h('table', {}, h('caption', {}, 'Counters raised since the start'), h('thead', {}, head), h('tbody', {}, ...rows)));
  }
}

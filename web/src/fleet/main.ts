// A fleet's page: who is there, what they do, how far the studies are. It only looks.
import '../style.css';
import '../live/live.css';
import './fleet.css';
import { h, replace, set } from '../dom';
import { count } from '../format';
import { connect, type Link } from '../live/stream';
import { Minutes } from './minutes';
import { Fleet, kStates, type Board, type State } from './stream';
import { Studies } from './studies';
import { Wall } from './wall';
import { kShape, utc } from './words';

const kShow_ms = 500; // what changes more often cannot be read
const kSay_ms = 5000; // how often screen readers are told
const kSilence_ms = 10_000; // the program says something every two seconds

class FleetPage {
  private readonly fleet = new Fleet();
  private readonly title = h('h1', {}, 'Waiting for the fleet');
  private readonly under = h('p', { class: 'under clamp' });
  private readonly simulated = h('p', { class: 'simulated', role: 'note', hidden: true });
  private readonly light = h('span', { class: 'light', 'aria-hidden': 'true' });
  private readonly words = h('span', { class: 'words' });
  private readonly said = h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  private readonly states = h('ul', { class: 'states', 'aria-label': 'Boards by state' });
  private readonly filter = h('input', { type: 'search', id: 'filter', placeholder: 'name, type, state, study, trouble', autocomplete: 'off', spellcheck: 'false' });
  private readonly shown = h('p', { class: 'note', id: 'shown' });
  private readonly wall = new Wall();
  private readonly studies = new Studies();
  private readonly minutes = new Minutes();
  private readonly foot = h('footer', {});
  private readonly again: () => void;
  private link: Link = 'connecting';
  private fault = '';
  private hasHead = false;
  private lastCame_ms = 0;
  private changed = new Map<string, Board>();
  private gone = new Set<string>();
  private isPlanned = false;
  private news: string[] = [];
  private lastSaid_ms = 0;
  private stateOf = new Map<string, State>();

  constructor(host: Element) {
    const top = h('header', { class: 'masthead' }, h('p', { class: 'wordmark' }, 'isojoule fleet'), this.title, this.under, this.simulated,
      h('nav', { class: 'contents', 'aria-label': 'On this page' }, h('ul', {}, ...['boards', 'studies', 'history'].map((id, i) => h('li', {}, h('a', { href: `#${id}` }, ['Boards', 'Studies', 'Runs a minute'][i]))))));
    const bar = h('div', { class: 'bar' },
      h('div', { class: 'live-status' }, this.light, this.words, this.said),
      h('label', { class: 'select', for: 'filter' }, 'Filter', this.filter));
    const part = (id: string, title: string, ...children: Node[]) => h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), ...children);
    replace(host, top, h('main', {}, bar, part('boards', 'Boards', this.states, this.shown, this.wall.element), part('studies', 'Studies', this.studies.element), part('history', 'Runs a minute', this.minutes.element)), this.foot);
    this.filter.addEventListener('input', () => {
      this.wall.select(this.filter.value);
      this.tellShown();
    });
    this.again = connect('events', (data) => this.onText(data), (link) => {
      this.link = link;
      this.fault = '';
      this.tellStatus();
    });
    setInterval(() => this.tellStatus(), 1000);
    document.addEventListener('visibilitychange', () => this.plan());
  }

  private onText(data: string): void {
    const taken = this.fleet.take(data);
    if (taken === 'missed') return this.again();
    this.lastCame_ms = performance.now();
    this.link = 'open';
    if ('fault' in taken) {
      this.fault = taken.fault;
      return this.tellStatus();
    }
    this.fault = '';
    this.hasHead = true;
    for (const board of taken.boards) {
      this.changed.set(board.name, board);
      this.gone.delete(board.name);
    }
    for (const name of taken.gone) {
      this.changed.delete(name);
      this.gone.add(name);
    }
    this.note(taken.boards, taken.head);
    this.plan();
  }

  // For who does not see the tiles move: what became of whom.
  private note(boards: Board[], isHead: boolean): void {
    for (const { name, state } of boards) {
      const before = this.stateOf.get(name);
      this.stateOf.set(name, state);
      if (!isHead && before !== state && (state === 'lost' || state === 'out' || before === 'lost' || before === 'out')) this.news.push(`${name} is ${state}.`);
    }
  }

  private plan(): void {
    if (this.isPlanned || document.hidden) return;
    this.isPlanned = true;
    setTimeout(() => requestAnimationFrame(() => {
      this.isPlanned = false;
      this.show();
    }), this.wall.shown === 0 ? 0 : kShow_ms);
  }

  private show(): void {
    if (!this.hasHead) return;
    const { fleet } = this;
    this.wall.show(this.changed.values(), this.gone);
    this.changed.clear();
    this.gone.clear();
    const boards = [...fleet.boards.values()];
    set(this.title, `${count(boards.length)} ${boards.length === 1 ? 'board' : 'boards'}`);
    set(this.under, [fleet.server, fleet.time_unix_s !== null && `${utc(fleet.time_unix_s)} by its clock`].filter(Boolean).join(' · '));
    this.tellSimulated(boards);
    this.tellStates(boards);
    this.tellShown();
    this.studies.show(fleet.studies);
    this.minutes.show(fleet.minutes, fleet.time_unix_s);
    if (this.foot.childElementCount === 0 && fleet.version) replace(this.foot, h('p', {}, `isojoule ${fleet.version}. This page only looks; drain and resume boards with isojoule fleet. It asks nothing from anywhere but the program that it came from.`));
    document.title = `${boards.length} boards · isojoule fleet`;
    this.tellStatus();
  }

  private tellSimulated(boards: Board[]): void {
    const twins = boards.filter((board) => board.simulated).length;
    this.simulated.hidden = twins === 0;
    const who = twins === boards.length ? 'Every board here is a twin' : `${count(twins)} of these boards are twins`;
    if (twins > 0) set(this.simulated, `Simulated. ${who}, a model of a board: what it measures is no evidence about a real one.`);
  }

  private tellStates(boards: Board[]): void {
    const counts = new Map<State, number>();
    for (const { state } of boards) counts.set(state, (counts.get(state) ?? 0) + 1);
    const key = JSON.stringify([...counts].sort());
    if (this.states.dataset['key'] === key) return;
    this.states.dataset['key'] = key;
    replace(this.states, ...kStates.filter((state) => counts.has(state)).map((state) => h('li', { 'data-state': state }, h('span', { class: 'shape', 'aria-hidden': 'true' }, kShape[state]), ` ${count(counts.get(state)!)} ${state}`)));
  }

  private tellShown(): void {
    const all = this.fleet.boards.size;
    const none = this.fleet.isSetUp ? 'No board has announced itself: start isojoule agent on one.' : 'This server has no fleet yet: start isojoule agent on a board.';
    set(this.shown, all === 0 && this.hasHead ? none : this.filter.value ? `${count(this.wall.shown)} of ${count(all)} boards are shown` : 'Those with troubles first.');
  }

  private status(): [string, string] {
    const age_s = this.lastCame_ms > 0 ? Math.round((performance.now() - this.lastCame_ms) / 1000) : 0;
    const old = this.hasHead ? ` What is shown is ${age_s} s old.` : '';
    if (this.fault) return ['bad', this.fault];
    if (this.link === 'refused') return ['bad', `The program refused this page; it is asked again. Where it was started anew, open the address that it printed.${old}`];
    if (this.link === 'lost') return ['bad', `The connection to the program is lost; the browser comes again by itself.${old}`];
    if (!this.hasHead) return ['waits', 'Waiting for the fleet.'];
    if (performance.now() - this.lastCame_ms > kSilence_ms) return ['bad', `Connected, but nothing new comes.${old}`];
    if (!this.fleet.reachable) return ['bad', `The program does not reach the fleet's server: ${this.fleet.trouble.slice(0, 300)} What is shown is old.`];
    return ['good', 'Live'];
  }

  private tellStatus(): void {
    const [state, words] = this.status();
    this.light.className = `light ${state}`;
    set(this.words, words);
    const bare = words.replace(/\d+/g, '');
    const now = performance.now();
    if (now - this.lastSaid_ms < kSay_ms || (bare === this.said.dataset['bare'] && this.news.length === 0)) return;
    this.lastSaid_ms = now;
    this.said.dataset['bare'] = bare;
    const rest = this.news.length > 5 ? ` And ${this.news.length - 5} other changes.` : '';
    set(this.said, `${words} ${this.news.slice(0, 5).join(' ')}${rest}`.trim());
    this.news = [];
  }
}

new FleetPage(document.getElementById('page')!);

// The live view: a board's rails, clocks and temperatures as a monitor reads them.
import '../style.css';
import './live.css';
import { toCsv } from '../csv';
import { download, fileName, h, replace } from '../dom';
import { watt } from '../format';
import { Chart, type Line } from './chart';
import { tableOf } from './csv';
import { History } from './history';
import { Board, Counters, Phases, Rails, watchText } from './panels';
import { Status } from './status';
import { connect, readMessage, type Frame, type Head } from './stream';

const kWindows_s = [60, 300, 1800];
const kText_ms = 250; // numbers that change more often cannot be read
// A longer window moves less for a frame, and costs more to draw.
const kDraw_ms: Record<number, number> = { 60: 90, 300: 400, 1800: 1000 };

function powerLines(history: History): Line[] {
  const { rails } = history.head;
  return rails.map((rail, i): Line => {
    const isTotal = rail.name === 'total';
    return { name: isTotal ? 'Total' : rail.name, hint: `${rail.name}: show or hide`, column: history.power[i]!, format: (value) => watt(value), wide: isTotal, ...(isTotal || rails.length === 1 ? { band: [history.least[i]!, history.most[i]!] as [never[], never[]] } : {}) };
  });
}

function watchLines(history: History, kind: string, unit?: string): Line[] {
  return history.head.watches.flatMap((watch, i): Line[] => {
    if (watch.kind !== kind || (unit !== undefined && watch.unit !== unit)) return [];
    return [{ name: watch.name, hint: `${watch.name}: show or hide`, column: history.watches[i]!, format: (value) => watchText(watch, value) }];
  });
}

class Shown {
  readonly element = h('div', {});
  private readonly rails: Rails;
  private readonly board: Board;
  private readonly phases: Phases;
  private readonly counters = new Counters();
  readonly charts: Chart[] = [];
  private pausedAt: number | undefined;

  constructor(readonly history: History) {
    const { head } = history;
    this.rails = new Rails(head);
    this.phases = new Phases(head);
    this.board = new Board(head, () => history.missed);
    const add = (id: string, title: string, unit: string, lines: Line[], look = {}) => lines.length > 0 && this.charts.push(new Chart(id, title, unit, lines, look));
    const power = powerLines(history);
    add('power', 'Power', 'W', power, power.some((line) => line.band) ? { note: 'band: least to most of the readings within a frame' } : {});
    add('clocks', 'Clocks', 'MHz', watchLines(history, 'clock'), { perUnit: 1e6 });
    add('temperatures', 'Temperatures', '°C', watchLines(history, 'temperature'), { isFromZero: false });
    add('loads', 'Load', '%', watchLines(history, 'load', '%')); // a load of another unit stands among the board's facts
    const notes = head.notes.length > 0 && h('section', { id: 'notes' }, h('h2', {}, 'What is not there'), h('ul', {}, ...head.notes.map((note) => h('li', { class: 'clamp' }, note))));
    this.element.append(this.rails.element, h('div', { class: 'live-charts' }, ...this.charts.map((chart) => chart.element)), this.board.element, this.phases.element, this.counters.element, notes || '');
  }

  // Up to the newest row, or to the one at which the page was paused.
  rows(window_s: number): [first: number, end: number, to: number] {
    const to = this.pausedAt ?? this.history.time.at(-1) ?? 0;
    return [this.history.rowAt(to - window_s), this.history.rowAt(to) + 1, to];
  }
  pause(isPaused: boolean): void { this.pausedAt = isPaused ? this.history.time.at(-1) : undefined; }
  text(): void {
    const frame = this.history.last;
    if (!frame) return;
    this.rails.show(frame);
    this.board.show(frame);
    this.phases.show(frame);
    this.counters.show(frame);
  }
  draw(window_s: number): void {
    const [first, end, to] = this.rows(window_s);
    for (const chart of this.charts) chart.draw(this.history.time, first, end, to - window_s, to);
  }
}

function masthead(head: Head | null): Node[] {
  if (!head) return [h('p', { class: 'wordmark' }, 'isojoule monitor'), h('h1', {}, 'Waiting for the board')];
  const line = [head.release, `read every ${+(head.sampling_period_s * 1000).toPrecision(3)} ms`, `since ${new Date(head.start_unix_s * 1000).toLocaleString('en-GB')}`].filter(Boolean).join(' · ');
  const simulated = h('p', { class: 'simulated', role: 'note' }, h('strong', {}, 'Simulated. '), 'Every number on this page comes from a twin, a model of the board. None is evidence about a real board.');
  return [h('p', { class: 'wordmark' }, 'isojoule monitor'), h('h1', { class: 'clamp', title: head.board }, head.board || 'An unnamed board'), h('p', { class: 'under clamp' }, line), ...(head.simulated ? [simulated] : [])];
}

class LivePage {
  private readonly top = h('header', { class: 'masthead' });
  private readonly status = new Status();
  private readonly body = h('div', {});
  private readonly foot = h('footer', {});
  private shown: Shown | null = null;
  private window_s = kWindows_s[0]!;
  private isPaused = false;
  private isDirty = false;
  private lastText_ms = 0;
  private lastDraw_ms = 0;

  constructor(host: Element) {
    replace(this.top, ...masthead(null));
    replace(host, this.top, h('main', {}, this.controls(), this.body), this.foot);
    connect('events', (data) => this.onText(data), (link) => { this.status.onLink(link); this.tellStatus(); });
    setInterval(() => this.tellStatus(), 1000);
    document.addEventListener('visibilitychange', () => this.plan());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.shown?.charts.forEach((chart) => chart.restyle()));
  }

  private controls(): HTMLElement {
    const windows = kWindows_s.map((window_s) => h('button', { type: 'button', 'aria-pressed': String(window_s === this.window_s), click: (event: Event) => {
      this.window_s = window_s;
      for (const one of windows) one.setAttribute('aria-pressed', String(one === event.currentTarget));
      this.drawNow();
    } }, `${window_s / 60} min`));
    const pause = h('button', { type: 'button', id: 'pause', 'aria-pressed': 'false', click: () => {
      this.isPaused = !this.isPaused;
      pause.setAttribute('aria-pressed', String(this.isPaused));
      this.shown?.pause(this.isPaused);
      this.tellStatus();
      this.drawNow();
    } }, 'Pause');
    const save = h('button', { type: 'button', id: 'csv', click: () => this.save() }, 'CSV');
    return h('div', { class: 'bar' }, this.status.element, h('div', { class: 'choices' }, h('div', { class: 'toolbar', role: 'group', 'aria-label': 'Time shown' }, ...windows), pause, save));
  }

  private onText(data: string): void {
    const message = readMessage(data, this.shown?.history.head ?? null);
    if (message.event === 'fault') this.status.onFault(message.fault);
    else if (message.event === 'head') this.onHead(message.head, message.before);
    else if (this.shown?.history.add(message.frame)) {
      this.status.onFrame();
      this.plan();
    }
  }

  // After a break the same program goes on where it was; another one begins anew.
  private onHead(head: Head, before: Frame[]): void {
    if (!this.shown || JSON.stringify(head) !== JSON.stringify(this.shown.history.head)) this.begin(head);
    for (const frame of before) this.shown!.history.add(frame, true); // those of a break, too
  }
  private begin(head: Head): void {
    this.shown?.charts.forEach((chart) => chart.end());
    this.shown = new Shown(new History(head));
    if (this.isPaused) this.shown.pause(true);
    replace(this.top, ...masthead(head));
    replace(this.body, this.shown.element);
    replace(this.foot, h('p', {}, `isojoule ${head.version}. This page asks nothing from anywhere but the program that it came from.`));
    document.title = `${head.board.slice(0, 80)} · isojoule monitor`;
  }

  private tellStatus(): void { this.status.show(this.shown?.history ?? null, this.isPaused); }

  // One picture at most is on its way; a tab that nobody sees draws none.
  private plan(): void {
    if (this.isDirty || document.hidden) return;
    this.isDirty = true;
    requestAnimationFrame(() => {
      this.isDirty = false;
      this.show(performance.now());
    });
  }

  private show(now: number): void {
    if (!this.shown || this.isPaused) return;
    if (now - this.lastText_ms >= kText_ms) {
      this.lastText_ms = now;
      this.shown.text();
      this.tellStatus();
    }
    if (now - this.lastDraw_ms >= kDraw_ms[this.window_s]!) this.drawNow();
  }
  private drawNow(): void {
    this.lastDraw_ms = performance.now();
    this.shown?.draw(this.window_s);
  }

  private save(): void {
    if (!this.shown) return;
    const [first, end] = this.shown.rows(this.window_s);
    const { head } = this.shown.history;
    download(`${fileName(head.board || 'board', 'live')}.csv`, new Blob([toCsv(tableOf(this.shown.history, first, end))], { type: 'text/csv' }));
  }
}

new LivePage(document.getElementById('page')!);

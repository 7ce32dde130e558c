// How it was measured, so that someone else can do it again.
import { h, type Child } from '../dom';
import { shortenedNames } from '../names';
import type { View } from '../view';
import { tableElement } from './table';

const kUnit: [RegExp, string][] = [[/_hz$/, 'Hz'], [/_ms$/, 'ms'], [/_s$/, 's'], [/_c$/, '°C'], [/_percent$/, '%'], [/_w$/, 'W'], [/_j$/, 'J']];

// "sampling_period_s", 0.1 -> "sampling period", "0.1 s"
export function named(key: string, value: unknown): [string, string] {
  const unit = kUnit.find(([ending]) => ending.test(key));
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return [key.replace(unit?.[0] ?? /$^/, '').replace(/_/g, ' '), unit ? `${text} ${unit[1]}` : text];
}

function list(facts: [string, Child][]): HTMLElement {
  return h('dl', { class: 'facts' }, ...facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function commandLine(command: string): HTMLElement {
  const done = h('span', { role: 'status' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      done.textContent = 'copied';
    } catch {
      done.textContent = 'select the text to copy it';
    }
  };
  return h('div', { class: 'command' }, h('pre', {}, h('code', {}, command)), h('button', { type: 'button', class: 'quiet', 'aria-label': 'Copy the command', click: () => void copy() }, 'Copy'), done);
}

// What stands behind the numbers of each channel: what it was calibrated against, or that it was not.
function calibrationList(view: View): HTMLElement {
  const all = Object.entries(view.study.calibrations ?? {});
  if (!all.length) return h('p', {}, 'None was used: the sensors are taken at the accuracy that their makers state.');
  return list(all.map(([channel, notes]) => [channel.replace(/^calibration /, ''), notes.join('; ')]));
}

function shortenedList(): HTMLElement | null {
  const names = shortenedNames();
  if (!names.length) return null;
  return h('details', {}, h('summary', {}, `Names shortened on this page (${names.length})`), ...names.slice(0, 200).map(([short, whole]) => h('details', {}, h('summary', {}, short), h('p', { class: 'whole-name' }, h('bdi', {}, whole)))));
}

export function method(view: View): HTMLElement {
  const { study, generator, simulated, totals, schema } = view.study;
  const facts: [string, Child][] = [
    ['Board', `${study.board}${simulated ? ' (a twin: simulated)' : ''}`], ['Release', study.release || 'unknown'], ['Engine', study.engine || 'none named'], ['Measured with', `isojoule ${study.program_version}`], ['Page made by', generator],
    ['Begun', study.created], ['Runs', study.planned_runs > 0 ? `${totals.runs} of ${study.planned_runs} planned` : String(totals.runs)], ['Total', study.total || 'none'], ['Schema of the data', String(schema)],
  ];
  const protocol = Object.entries(study.protocol ?? {});
  return h('section', { id: 'method', 'aria-labelledby': 'method-heading' }, h('h2', { id: 'method-heading' }, 'How it was measured'), list(facts),
    h('h3', {}, 'Protocol'), protocol.length ? list(protocol.map(([key, value]) => named(key, value))) : h('p', {}, 'None was written with the study.'),
    h('h3', {}, 'Sensors'), study.rails.length ? tableElement('Power rails', [
      { name: 'Rail', cell: (rail: (typeof study.rails)[0]) => h('code', {}, rail.name) }, { name: 'Fed by', cell: (rail) => rail.parent || 'the supply' }, { name: 'What', cell: (rail) => rail.what },
    ], study.rails) : h('p', {}, 'No power rail was measured.'),
    h('h3', {}, 'Calibrations'), calibrationList(view),
    h('h3', {}, 'To repeat it'), commandLine(study.command), h('details', {}, h('summary', {}, 'The plan'), h('pre', { class: 'plan', tabindex: 0 }, h('code', {}, study.plan_toml))), shortenedList());
}

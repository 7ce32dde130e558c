// How it was measured, so that someone else can do it again.
import { h, type Child } from '../dom';
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

export function method(view: View): HTMLElement {
  const { study, generator, simulated, totals } = view.study;
  const facts: [string, Child][] = [
    ['Board', `${study.board}${simulated ? ' (a twin: simulated)' : ''}`], ['Release', study.release || 'unknown'], ['Engine', study.engine], ['Program', generator], ['Measured with', study.program_version],
    ['Begun', study.created], ['Runs', `${totals.runs} of ${study.planned_runs} planned`], ['Total', study.total || 'none'],
  ];
  return h('section', { id: 'method' }, h('h2', {}, 'How it was measured'), list(facts),
    h('h3', {}, 'Protocol'), list(Object.entries(study.protocol ?? {}).map(([key, value]) => named(key, value))),
    study.rails.length ? tableElement('Power rails', [
      { name: 'Rail', cell: (rail: (typeof study.rails)[0]) => h('code', {}, rail.name) }, { name: 'Fed by', cell: (rail) => rail.parent || 'the supply' }, { name: 'What', cell: (rail) => rail.what },
    ], study.rails) : h('p', {}, 'No power rail was measured.'),
    h('h3', {}, 'To repeat it'), commandLine(study.command), h('details', {}, h('summary', {}, 'The plan'), h('pre', { class: 'plan', tabindex: 0 }, h('code', {}, study.plan_toml))));
}

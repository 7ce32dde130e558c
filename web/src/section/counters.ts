// Everything that went wrong with the data, with its meaning and its remedy.
import type { CounterRow } from '../data';
import { h } from '../dom';
import { count } from '../format';
import type { View } from '../view';
import { tableElement } from './table';

const kOrder = ['data loss', 'warning', 'info'];

export function counters(view: View): HTMLElement {
  const { counters: all, totals } = view.study;
  const raised = all.filter((counter) => counter.count > 0).sort((a, b) => kOrder.indexOf(a.severity) - kOrder.indexOf(b.severity) || b.count - a.count);
  const summary = `${count(totals.runs)} runs, ${count(totals.failed)} failed, ${count(totals.throttled)} throttled.${totals.failed + totals.throttled ? ' Those are not in the means.' : ''}`;
  const table = raised.length
    ? tableElement('Counters raised', [
        { name: 'Counter', cell: (row: CounterRow) => h('code', {}, row.name) },
        { name: 'Severity', cell: (row) => h('span', { class: `severity ${row.severity.replace(' ', '-')}` }, row.severity) },
        { name: 'Times', number: true, cell: (row) => count(row.count) },
        { name: 'Meaning', cell: (row) => row.meaning },
        { name: 'Remedy', cell: (row) => row.remedy },
      ], raised)
    : h('p', {}, 'No counter was raised.');
  return h('section', { id: 'counters', 'aria-labelledby': 'counters-heading' }, h('h2', { id: 'counters-heading' }, 'What was counted'), h('p', { class: 'sentence' }, summary), table);
}

// A real table, in pages where it is long, with its numbers as CSV.
import { toCsv, type Table } from '../csv';
import { download, h, replace, type Child } from '../dom';

export interface Column<Row> {
  name: string;
  number?: boolean; // aligned to the right
  cell: (row: Row) => Child;
}

const kPage = 50;

export function tableElement<Row>(caption: string, columns: Column<Row>[], rows: Row[], marked: (row: Row) => boolean = () => false): HTMLElement {
  const body = h('tbody');
  const head = h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col', class: column.number ? 'number' : null }, column.name))));
  const table = h('table', {}, h('caption', {}, caption), head, body);
  const show = (page: number) =>
    replace(body, ...rows.slice(page * kPage, (page + 1) * kPage).map((row) =>
      h('tr', { class: marked(row) ? 'marked' : null }, ...columns.map((column, i) => h(i ? 'td' : 'th', { scope: i ? null : 'row', class: column.number ? 'number' : null }, column.cell(row))))));
  show(0);
  return h('div', {}, h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption }, table), rows.length > kPage ? pager(rows.length, show) : null);
}

export function pager(rows: number, show: (page: number) => void, each = kPage, what = 'Rows'): HTMLElement {
  let page = 0;
  const last = Math.ceil(rows / each) - 1;
  const where = h('span', { 'aria-live': 'polite' });
  const go = (to: number) => {
    page = Math.min(Math.max(to, 0), last);
    show(page);
    where.textContent = `${what} ${page * each + 1} to ${Math.min(rows, (page + 1) * each)} of ${rows}`;
  };
  go(0);
  return h('div', { class: 'pager' }, h('button', { type: 'button', class: 'quiet', click: () => go(page - 1) }, 'Previous'), where, h('button', { type: 'button', class: 'quiet', click: () => go(page + 1) }, 'Next'));
}

export function csvButton(name: string, what: string, table: () => Table): HTMLElement {
  return h('button', { type: 'button', class: 'quiet', 'aria-label': `Download ${what} as CSV`, click: () => download(`${name}.csv`, new Blob([toCsv(table())], { type: 'text/csv' })) }, 'CSV');
}

// What is shown, as comma-separated values: one row a frame, absent values as empty fields.
import type { Cell, Table } from '../csv';
import type { History } from './history';

const kSuffix: Record<string, string> = { Hz: '_hz', '%': '_percent', C: '_c', '°C': '_c', W: '_w', V: '_v', A: '_a', s: '_s', rpm: '_rpm' };

export function tableOf(history: History, first: number, end: number): Table {
  const { head } = history;
  const header = ['time_unix_s', 'phase',
    ...head.rails.flatMap(({ name }) => [`${name}_power_w`, `${name}_least_w`, `${name}_most_w`, `${name}_energy_j`]),
    ...head.watches.map(({ name, unit }) => name + (kSuffix[unit] ?? ''))];
  const rows: Cell[][] = [];
  for (let row = first; row < end; ++row) {
    if (history.phase[row] === null) continue; // no frame came
    rows.push([history.time[row], history.phase[row],
      ...head.rails.flatMap((_, i) => [history.power[i]![row], history.least[i]![row], history.most[i]![row], history.energy[i]![row]]),
      ...head.watches.map((_, i) => history.watches[i]![row])]);
  }
  return { header, rows };
}

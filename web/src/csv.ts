// Comma-separated values after RFC 4180, one header line with units in the names.
import { wholeName } from './names';

export type Cell = string | number | null | undefined;
export interface Table {
  header: string[];
  rows: Cell[][];
}

// An absent value is an empty field, never 0. Numbers are written so that they read back the same.
function field(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  const text = wholeName(String(cell));
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function toCsv(table: Table): string {
  return [table.header, ...table.rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n';
}

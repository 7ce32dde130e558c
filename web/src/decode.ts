// The page holds the runs as columns (src/report/packed_runs.h), for there are tens of thousands of them;
// everything else sees Run[]. `show --json` writes Run[] itself.
import type { Run } from './data';

type Cell = number | string | null;
// A value for each run, texts by index, or one value that all runs have.
type RunColumn = Cell | Cell[] | { texts: string[]; index: number[] };
export interface PackedRuns {
  rows: number;
  columns: Record<string, RunColumn>;
  phases: Record<string, RunColumn>;
  counters: Record<string, RunColumn>;
}

function reader(column: RunColumn, rows: number): (row: number) => Cell {
  if (column === null || typeof column !== 'object') return () => column;
  const cells = Array.isArray(column) ? column : column.index;
  if (cells.length !== rows) throw new Error(`a column of the runs has ${cells.length} values, not ${rows}`);
  if (Array.isArray(column)) return (row) => column[row]!;
  return (row) => column.texts[column.index[row]!] ?? '';
}

const readers = (columns: Record<string, RunColumn>, rows: number) => Object.entries(columns).map(([name, column]) => [name, reader(column, rows)] as const);

// Of `phases` and `counters` only those that the run has.
function present(columns: ReturnType<typeof readers>, row: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, at] of columns) {
    const value = at(row);
    if (typeof value === 'number') found[name] = value;
  }
  return found;
}

// Throws an Error that says what is wrong where the columns do not fit one another.
export function unpackRuns(runs: Run[] | PackedRuns): Run[] {
  if (Array.isArray(runs)) return runs;
  const { rows } = runs;
  // Ids differ, so that they are a column wherever there are two runs: no count without its values is believed.
  if (rows > 1 && !Array.isArray(runs.columns.id)) throw new Error(`it names ${rows} runs and holds none`);
  const [columns, phases, counters] = [readers(runs.columns, rows), readers(runs.phases, rows), readers(runs.counters, rows)];
  return Array.from({ length: rows }, (_, row) => {
    const run: Record<string, unknown> = { phases: present(phases, row), counters: present(counters, row) };
    for (const [name, at] of columns) run[name] = at(row);
    return run as unknown as Run;
  });
}

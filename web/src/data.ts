// The study as the program writes it (src/report/summary_json.h). Keys carry their units.

export interface Estimate {
  value: number;
  uncertainty: number; // k = 1
  spread_percent: number;
  count: number;
}
export type Setting = Record<string, number | string>;

export interface Point {
  network: string;
  baseline: string | null; // null: a point of the grid
  setting: Setting;
  job: string; // engine axes without the batch, 'accelerator=dla precision=int8'; '' where none was turned
  energy_j: Estimate | null;
  net_energy_j: Estimate | null;
  power_w: Estimate | null;
  latency_s: Estimate | null; // of the whole inference phase
  why_absent: string;
  inferences: number;
  residency_percent: Record<string, [number, number][]>;
  counters: Record<string, number>;
  runs: number;
  failed: number;
  throttled: number;
}
export interface Comparison {
  baseline: string;
  point: number;
  saving_percent: number;
  saving_uncertainty_percent: number;
  latency_change_percent: number;
}
export interface Minimum {
  network: string;
  job: string;
  batch: number;
  best: number;
  grid_points: number;
  within_one_percent: number;
  comparisons: Comparison[];
}
export interface Run {
  id: number;
  sequence: number;
  block: number;
  repeat: number;
  point: number | null; // null: a run that belongs to no point
  state: string;
  failure: string;
  energy_j: number | null;
  energy_u_j: number | null; // k = 1
  latency_s: number | null;
  phases: Record<string, number>;
  counters: Record<string, number>;
}
export interface CounterRow {
  name: string;
  severity: string;
  meaning: string;
  remedy: string;
  count: number;
}
export interface Study {
  schema: number;
  generator: string;
  simulated: boolean;
  study: {
    name: string;
    board: string;
    release: string;
    engine: string;
    program_version: string;
    command: string;
    created: string;
    planned_runs: number;
    total: string;
    rails: { name: string; parent: string; what: string }[];
    protocol: Record<string, unknown>;
    plan_toml: string;
  };
  points: Point[];
  minima: Minimum[];
  runs: Run[];
  counters: CounterRow[];
  totals: { runs: number; failed: number; throttled: number };
}

export const kSchema = 1;

// The study embedded in the page, or why there is none. A network under other engine axes is another one to
// the figures: each has its own map and its own least energy.
export function readStudy(text: string | null): Study | string {
  if (!text || text.startsWith('@ISOJOULE')) return 'This page holds no study yet. `isojoule report FILE.study -o report.html` fills it.';
  try {
    const study = JSON.parse(text) as Study;
    if (study.schema !== kSchema) return `This page reads studies of schema ${kSchema}; the data in it has schema ${study.schema}.`;
    for (const row of [...study.points, ...study.minima]) if (row.job) row.network += ` ${row.job}`;
    return study;
  } catch (error) {
    return `The study's data in this page is damaged: ${(error as Error).message}`;
  }
}

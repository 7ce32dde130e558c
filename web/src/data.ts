// The study as the program writes it (src/report/summary_json.h). Keys carry their units.

export interface Estimate {
  value: number;
  uncertainty: number; // k = 1
  spread_percent: number;
  count: number;
}
export type Setting = Record<string, number | string>;

export interface ConfidenceInterval {
  low: number | null;
  high: number | null;
  level: number;
  method: string;
  note: string; // why there are no bounds, or what was done instead of the usual
}
export interface Outlier {
  run: number;
  block: number;
  energy_j: number;
  deviation_percent: number; // from the median
  causes: string[]; // empty: none known
}
// What the repeats say of energy_j.
export interface Repeats {
  count: number;
  median_j: number;
  mean_interval_j: ConfidenceInterval;
  median_interval_j: ConfidenceInterval;
  spread_percent: number;
  criterion_percent: number;
  within_criterion: boolean;
  outliers: Outlier[];
}
export interface Drift {
  why_absent: string; // why it was not tested; then what follows is null
  shown: boolean | null;
  p: number | null;
  runs: number;
  settings: number;
  blocks: number;
  kind: 'trend' | 'jump' | null;
  trend: { percent_over_study: number; percent_low: number; percent_high: number; percent_per_hour: number | null };
  jump: { percent: number; sequence: number; block: number };
}

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
  repeats?: Repeats | null; // absent from older programs
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
  drift?: Drift; // absent from older programs
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

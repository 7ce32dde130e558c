// The study as the program writes it (src/report/summary_json.h). Keys carry their units.
// web/schema/study.schema.json is the same as a schema: the program's tests and this page check the data with it.
import { unpackRuns, type PackedRuns } from './decode';
import kStudySchema from '../schema/study.schema.json';
import { keepName, showName } from './names';
import { firstFault } from './schema_check';

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
  watched?: Record<string, { mean: number | null; least: number; most: number }>; // what took too many values for residency
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
// Integers of a long column, packed: value[i] = scale * n[i]. `data` is base64 of LEB128 varints, each a zigzag
// integer; summed up `order` times (1: differences, 2: differences of differences) from `first` they give n.
// `first`: the integers that the sums begin with, `order` of them. src/report/column.h writes it.
export interface Column {
  count: number;
  scale: number;
  order: 0 | 1 | 2;
  first: number[];
  data: string;
}
export type SeriesKind = 'power' | 'total' | 'clock' | 'temperature' | 'other';
export interface Series {
  name: string; // "VDD_IN", "gpu_frequency", "temperature_cpu"
  kind: SeriesKind;
  unit: string; // "W", "Hz", "°C", "%"
  time: Column | number; // s from the run's begin, or the index of the series that has the same times
  value: Column;
}
export interface Timeline {
  run: number; // its id
  point: number | null;
  label: string; // "alexnet, best", "alexnet, default"
  duration_s: number;
  series: Series[];
  phases: { name: string; begin_s: number; end_s: number }[];
  batches: { begin_s: Column; end_s: Column } | null;
  why_absent: string; // why there are no series
}
// Energy since the program's start, at the ends of phases and batches (thinned to some hundreds).
export interface Cumulative {
  point: number;
  run: number;
  time_s: number[];
  energy_j: number[];
  inferences: number[]; // done by then
}
export interface BudgetCause {
  cause: string;
  type: string; // "A" (statistics) or "B"
  u_j: number;
  percent_of_variance: number;
}
export interface Budget {
  point: number;
  energy_j: number | null;
  combined_u_j: number | null;
  causes: BudgetCause[];
  why_absent: string;
}
export interface Profile {
  network: string;
  setting: Setting;
  profiler_slowdown: number | null;
  why_absent: string;
  layers: { layer: string; operation: string; device: string; time_s: number; share: number; energy_j: number | null; energy_u_j: number | null }[];
}
// One probe of a search, in order.
export interface Probe {
  run: number | null; // its id
  setting: Setting;
  cost: number | null; // of what is minimised; null: failed, or nothing was measured
  energy_j: number | null; // of one inference
  latency_s: number | null; // of one inference
  batch_latency_s?: number | null; // of a batch: what the search calls latency
  least: number | null; // the least cost so far among those within the limits
  within_limits: boolean | null;
  why: string; // the optimiser's words
  failure: string;
}
export interface Search {
  minimise: string;
  unit: string; // of cost: "J", "J s", ""
  limits: string[];
  optimiser: string;
  probes: Probe[];
  governors: { name: string; cost: number | null }[];
  best: SearchBest | null;
  // Of the best over the governors with its batch and the like; bounds of 95 %.
  saving?: { against: string; percent: number; percent_low: number | null; percent_high: number | null; latency_s: number | null } | null;
}
export interface SearchBest {
  setting: Setting;
  cost: number | null;
  run: number | null;
  cost_low?: number | null; // 95 %
  cost_high?: number | null;
  within_limits?: boolean;
  runs?: number;
  latency_s?: number | null; // of one inference
}
// Another study beside this one: its minima alone.
export interface BoardRow {
  study: string;
  board: string;
  simulated: boolean;
  network: string;
  job: string;
  batch: number;
  setting: Setting;
  energy_per_inference_j: Estimate | null;
  latency_per_inference_s: Estimate | null;
  baseline: string | null; // the leading one
  baseline_energy_per_inference_j: number | null;
  saving_percent: number | null;
  saving_uncertainty_percent: number | null;
  why_absent: string;
}
// Of a fleet: one network, job and batch size on several boards of one type (src/report/board_effects_json.h).
export interface VariancePart {
  percent: number | null; // a standard deviation
  low_percent: number | null; // 95 %
  high_percent: number | null; // beside a low: there is no upper bound
  method: string;
  note: string;
}
export type VarianceParts = Record<'board' | 'interaction' | 'block' | 'error', VariancePart>;
export interface FleetBoard {
  board: string;
  settings: number;
  runs: number;
  effect_percent: number | null;
  effect_u_percent: number | null; // k = 1
  raw_percent: number | null;
  best: { setting: Setting; probability: number; loss_percent: number | null; measured: boolean } | null;
}
export interface BoardEffects {
  network: string;
  job: string;
  batch: number;
  settings: number;
  runs: number;
  left_out: number;
  why_left_out: string;
  why_absent: string;
  components: VarianceParts;
  error_in_interaction: boolean;
  gain_percent: number | null;
  interaction_test: { f: number | null; p: number | null; freedom: number; error_freedom: number; note: string };
  boards: FleetBoard[];
  best: {
    why_absent: string; setting: Setting | null; rivals: number; share_best: number; share_best_low: number; share_best_high: number; share_within: number; share_within_low: number; share_within_high: number;
    loss_median_percent: number | null; loss_90_percent: number | null; loss_most_percent: number | null;
  };
  savings: { baseline: string; mean_percent: number | null; low_percent: number | null; high_percent: number | null; spread_percent: number | null; least_percent: number | null; most_percent: number | null; boards: { board: string; saving_percent: number | null; blocks: number }[] }[];
  needed: { why_absent: string; repeats: number; widths: { half_width_percent: number; energy: number | null; difference: number | null; saving: number | null }[]; best: number | null; best_reach: number | null; best_note: string };
  outliers: { board: string; kind: string; percent: number | null; usual_percent: number | null; score: number | null; threshold: number | null; sentence: string }[];
  others: { quantity: string; components: VarianceParts }[];
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
  profiles?: Profile[];
  timelines?: Timeline[]; // of the runs that stand for best settings and governors
  cumulative?: Cumulative[];
  budgets?: Budget[];
  search?: Search; // of a study that `isojoule tune` made
  calibrations?: Record<string, string[]>; // channel to what its numbers rest on, where any were used
  boards?: BoardRow[]; // where several studies are in one report: this one's rows first
  board_effects?: BoardEffects[]; // of a fleet's study: where several boards made it
  counters: CounterRow[];
  totals: { runs: number; failed: number; throttled: number };
}

export const kSchema = 2;

const kReferences = 'its points, minima and runs do not fit one another';

// Indices that lead nowhere: the schema cannot say this.
function danglingReference(study: Study): string | null {
  const isPoint = (index: number | null) => index === null || index < study.points.length;
  const bad = (what: string, i: number) => `${what}[${i}] names a setting that is not there: ${kReferences}`;
  for (const [i, minimum] of study.minima.entries()) if (!isPoint(minimum.best) || !minimum.comparisons.every((comparison) => isPoint(comparison.point))) return bad('minima', i);
  for (const part of ['runs', 'timelines', 'cumulative', 'budgets'] as const) for (const [i, row] of (study[part] ?? []).entries()) if (!isPoint(row.point)) return bad(part, i);
  return null;
}

const kMisfit = "The study's data in this page does not fit its schema:";

// Runs that stand as columns (the page's form) become runs (the schema's own form), once the columns fit.
function unpackedFault(study: Study): string | null {
  const packed = study?.runs as unknown;
  if (typeof packed !== 'object' || packed === null || Array.isArray(packed)) return null;
  const fault = firstFault(packed, { ...kStudySchema, $ref: '#/definitions/packed_runs' });
  if (fault) return `${kMisfit} ${['runs', fault.where].filter(Boolean).join('.')} ${fault.what}.`;
  try {
    study.runs = unpackRuns(packed as PackedRuns);
  } catch (error) {
    return `The study's data in this page is damaged: runs: ${(error as Error).message}.`;
  }
  return null;
}

function faultIn(study: Study): string | null {
  const schema = (study as Study | null)?.schema as unknown;
  if (typeof schema === 'number' && schema !== kSchema)
    return `The data in this page has schema ${schema}, this page reads schema ${kSchema}. ${schema > kSchema ? 'A newer program wrote it' : 'An older program wrote it'}: make the report again with one version of isojoule.`;
  const unpacked = unpackedFault(study);
  if (unpacked) return unpacked;
  const fault = firstFault(study, kStudySchema);
  if (fault) return `${kMisfit} ${fault.where || 'the whole'} ${fault.what}.`;
  const dangling = danglingReference(study);
  return dangling && `The study's data in this page does not fit together: ${dangling}.`;
}

// The study embedded in the page, or why there is none. A network under other engine axes is another one to
// the figures: each has its own map and its own least energy.
export function readStudy(text: string | null): Study | string {
  if (!text || text.startsWith('@ISOJOULE')) return 'This page holds no study yet. `isojoule report FILE.study -o report.html` fills it.';
  let study: Study;
  try {
    study = JSON.parse(text) as Study;
  } catch (error) {
    return `The study's data in this page is damaged: ${(error as Error).message}`;
  }
  const fault = faultIn(study);
  if (fault) return fault;
  for (const row of [...study.points, ...study.minima, ...(study.board_effects ?? [])]) if (row.job) row.network += ` ${row.job}`;
  nameForPage(study);
  return study;
}

// Names that anyone may have chosen, as they can stand beside others (names.ts).
function nameForPage(study: Study): void {
  for (const one of [keepName, showName]) renamed(study, one);
}
function renamed(study: Study, one: (name: string) => string): void {
  const change = (rows: object[], ...keys: string[]) => {
    for (const row of rows as Record<string, unknown>[]) for (const key of keys) if (typeof row[key] === 'string') row[key] = one(row[key] as string);
  };
  change([study.study], 'name', 'board', 'release', 'engine', 'total');
  change(study.study.rails, 'name', 'parent', 'what');
  change(study.points, 'network', 'job', 'baseline');
  change(study.points.map((point) => point.setting), ...new Set(study.points.flatMap((point) => Object.keys(point.setting))));
  change(study.minima, 'network', 'job');
  change(study.minima.flatMap((minimum) => minimum.comparisons), 'baseline');
  change(study.timelines ?? [], 'label');
  for (const timeline of study.timelines ?? []) change([...timeline.series, ...timeline.phases], 'name', 'unit');
  for (const profile of study.profiles ?? []) change([profile, ...profile.layers], 'network', 'layer', 'operation', 'device');
  change(study.boards ?? [], 'study', 'board', 'network', 'job', 'baseline');
  change(study.search?.governors ?? [], 'name');
  for (const effects of study.board_effects ?? []) {
    change([effects, ...effects.savings], 'network', 'job', 'baseline');
    // A sentence begins with its board's name, and is longer than a name may be.
    for (const outlier of effects.outliers) if (outlier.sentence.startsWith(outlier.board)) outlier.sentence = one(outlier.board) + outlier.sentence.slice(outlier.board.length);
    change([...effects.boards, ...effects.outliers, ...effects.savings.flatMap((saving) => saving.boards)], 'board');
    const settings = [effects.best.setting, ...effects.boards.map((board) => board.best?.setting)].filter((setting) => !!setting);
    change(settings, ...new Set(settings.flatMap((setting) => Object.keys(setting))));
  }
}

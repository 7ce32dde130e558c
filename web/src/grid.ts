// The study seen as grids: for one network and batch size, energy over CPU and GPU clock.
import type { Comparison, Estimate, Minimum, Point, Study } from './data';

export interface Cell {
  index: number; // into study.points
  point: Point; // its energy and latency of as many inferences as every other cell's (sameWork)
  cpu: number; // Hz
  gpu: number;
}
export interface Grid {
  cpus: number[]; // Hz, ascending
  gpus: number[];
  cells: (Cell | null)[][]; // [cpu][gpu]; null: not measured
  least: Cell | null; // of what is in `cells`
  thinned: string; // why clocks are left out, where there are too many to draw
  folded: number; // further settings that share a cell; the cell holds the one of least energy
  scaled: boolean; // the settings had different numbers of inferences; the cells have that of the least
}

export const batchOf = (point: Point) => Number(point.setting['batch'] ?? 0);
export const energyOf = (cell: Cell | null) => cell?.point.energy_j?.value ?? null;
const per = (estimate: Estimate | null, factor: number) => estimate && { ...estimate, value: estimate.value * factor, uncertainty: estimate.uncertainty * factor };

// The point as if it had done `inferences`: energies and latencies of whole phases can only then be held against each
// other. A search's first run and its batch sizes differ in it. Power stays; so does a point of an unknown number.
export function sameWork(point: Point, inferences: number | undefined): Point {
  if (!inferences || !(point.inferences > 0) || point.inferences === inferences) return point;
  const factor = inferences / point.inferences;
  return { ...point, inferences, energy_j: per(point.energy_j, factor), net_energy_j: per(point.net_energy_j, factor), latency_s: per(point.latency_s, factor) };
}
const frequency = (point: Point, key: string) => (typeof point.setting[key] === 'number' ? (point.setting[key] as number) : null);
const ascending = (values: Iterable<number>) => [...new Set(values)].sort((a, b) => a - b);

export function networksOf(study: Study): string[] {
  return [...new Set(study.points.map((point) => point.network))];
}
export function batchesOf(study: Study, network: string): number[] {
  return ascending(study.points.filter((point) => point.network === network).map(batchOf));
}

function gridCells(study: Study, network: string, batch: number): Cell[] {
  return study.points.flatMap((point, index) => {
    const cpu = frequency(point, 'cpu_frequency_hz');
    const gpu = frequency(point, 'gpu_frequency_hz');
    const wanted = point.baseline === null && point.network === network && batchOf(point) === batch;
    return wanted && cpu !== null && gpu !== null ? [{ index, point, cpu, gpu }] : [];
  });
}

function leastOf(cells: (Cell | null)[]): Cell | null {
  return cells.reduce((best, cell) => ((energyOf(cell) ?? Infinity) < (energyOf(best) ?? Infinity) ? cell : best), null);
}

const kMostClocks = 100; // of an axis; more could not be told apart in any figure

// Evenly picked, both ends and the one of least energy kept.
function drawable(clocks: number[], least: number | undefined): number[] {
  const step = Math.ceil(clocks.length / kMostClocks);
  return step < 2 ? clocks : clocks.filter((clock, i) => i % step === 0 || i === clocks.length - 1 || clock === least);
}

function thinnedText(all: { cpus: number[]; gpus: number[] }, cpus: number[], gpus: number[]): string {
  if (cpus.length === all.cpus.length && gpus.length === all.gpus.length) return '';
  return `Too many clocks to draw: the figures show ${cpus.length} of ${all.cpus.length} CPU and ${gpus.length} of ${all.gpus.length} GPU clocks, those of the least energy among them. The table and its CSV have all.`;
}

export function gridOf(study: Study, network: string, batch: number): Grid {
  const raw = gridCells(study, network, batch);
  const scaled = new Set(raw.flatMap(({ point }) => (point.energy_j && point.inferences > 0 ? [point.inferences] : []))).size > 1;
  const work = scaled ? leastOf(raw.map((cell) => ({ ...cell, point: sameWork(cell.point, 1) }))) : null;
  const inferences = work ? study.points[work.index]!.inferences : undefined;
  const found = scaled ? raw.map((cell) => ({ ...cell, point: sameWork(cell.point, inferences) })) : raw;
  const all = { cpus: ascending(found.map((cell) => cell.cpu)), gpus: ascending(found.map((cell) => cell.gpu)) };
  const least = leastOf(found);
  const [cpus, gpus] = [drawable(all.cpus, least?.cpu), drawable(all.gpus, least?.gpu)];
  const [rowOf, columnOf] = [new Map(cpus.map((cpu, i) => [cpu, i])), new Map(gpus.map((gpu, i) => [gpu, i]))];
  const cells: (Cell | null)[][] = cpus.map(() => gpus.map(() => null));
  let folded = 0;
  for (const cell of found) {
    const row = cells[rowOf.get(cell.cpu) ?? -1];
    const column = columnOf.get(cell.gpu);
    if (!row || column === undefined) continue;
    const present = row[column] ?? null;
    if (present) ++folded;
    row[column] = present ? (leastOf([present, cell]) ?? present) : cell;
  }
  return { cpus, gpus, cells, least, thinned: thinnedText(all, cpus, gpus), folded, scaled };
}

export function minimumOf(study: Study, network: string, batch: number): Minimum | undefined {
  return study.minima.find((minimum) => minimum.network === network && minimum.batch === batch);
}

export interface Baseline {
  name: string;
  point: Point;
}
// The first run of a search: it only finds how long the others should be (kTuneSizing in src/app/tune/tune_memory.h).
const kSizing = 'sizing';
export function baselinesOf(study: Study, network: string, batch: number): Baseline[] {
  return study.points
    .filter((point) => point.baseline !== null && !(study.search && point.baseline === kSizing) && point.network === network && batchOf(point) === batch)
    .map((point) => ({ name: point.baseline as string, point }))
    .sort((a, b) => Number(b.name === 'default') - Number(a.name === 'default') || a.name.localeCompare(b.name));
}

// The comparison that leads: against 'default', or the first there is.
export function leadingComparison(minimum: Minimum): Comparison | undefined {
  return minimum.comparisons.find((comparison) => comparison.baseline === 'default') ?? minimum.comparisons[0];
}

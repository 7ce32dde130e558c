// What the reader has chosen. Figures and tables that depend on it subscribe.
import type { Study } from './data';
import { baselinesOf, batchesOf, batchOf, gridOf, leadingComparison, minimumOf, networksOf, type Grid } from './grid';
import { leadingMinimum } from './lead';

export interface Choice {
  network: string;
  batch: number;
  baseline: string; // '' where the network and batch have none
  cpu: number | null; // Hz held fixed where the GPU clock varies; null: that of the least energy
  gpu: number | null;
}

// The clocks of the cell that the reader points at, in whichever map: the others mark it too.
export interface Pointed {
  cpu: number; // Hz
  gpu: number;
}

// Where a study names no minimum: the network and batch size of which most settings were measured.
function mostMeasured(study: Study): { network: string; batch: number } | null {
  const times = new Map<string, { network: string; batch: number; count: number }>();
  for (const point of study.points) {
    if (point.baseline !== null) continue;
    const key = `${batchOf(point)} ${point.network}`;
    const row = times.get(key) ?? { network: point.network, batch: batchOf(point), count: 0 };
    ++row.count;
    times.set(key, row);
  }
  return [...times.values()].reduce<{ network: string; batch: number; count: number } | null>((most, row) => (most && most.count >= row.count ? most : row), null);
}

// What a search found best, where there was one: its answer leads the page then.
function found(study: Study): { network: string; batch: number } | null {
  const batch = study.search?.best?.setting['batch'];
  const network = study.points.find((point) => point.baseline === null)?.network;
  return typeof batch === 'number' && network !== undefined && batchesOf(study, network).includes(batch) ? { network, batch } : null;
}

export class View {
  choice: Choice;
  pointed: Pointed | null = null;
  printing = false; // everything must be drawn at once
  private redrawListeners: ((figure: string) => void)[] = [];
  private pointListeners: ((cell: Pointed | null) => void)[] = [];
  private grids = new Map<string, Grid>();
  private listeners: (() => void)[] = [];

  constructor(readonly study: Study) {
    const { network, batch } = found(study) ?? leadingMinimum(study) ?? mostMeasured(study) ?? { network: networksOf(study)[0] ?? '', batch: 0 };
    const first = minimumOf(study, network, batch);
    this.choice = { network, batch, baseline: (first && leadingComparison(first)?.baseline) ?? '', cpu: null, gpu: null };
    this.settle();
  }

  subscribe(listener: () => void): void {
    this.listeners.push(listener);
  }

  // A cell pointed at in one map is marked in every other. A figure that is drawn anew subscribes once, not at
  // each drawing: listeners stay for the page's life.
  point(cell: Pointed | null): void {
    if (cell?.cpu === this.pointed?.cpu && cell?.gpu === this.pointed?.gpu) return;
    this.pointed = cell && { cpu: cell.cpu, gpu: cell.gpu };
    this.pointListeners.forEach((listener) => listener(this.pointed));
  }
  onPoint(listener: (cell: Pointed | null) => void): void {
    this.pointListeners.push(listener);
  }

  // One figure whose own choice (a run, a network of its own) has changed.
  redraw(figure: string): void {
    this.redrawListeners.forEach((listener) => listener(figure));
  }
  onRedraw(listener: (figure: string) => void): void {
    this.redrawListeners.push(listener);
  }

  choose(change: Partial<Choice>): void {
    this.choice = { ...this.choice, ...change };
    this.pointed = null;
    this.settle();
    this.listeners.forEach((listener) => listener());
  }

  // Makes the parts of the choice fit one another.
  private settle(): void {
    const { study, choice } = this;
    const batches = batchesOf(study, choice.network);
    if (!batches.includes(choice.batch)) choice.batch = batches[0] ?? 0;
    const names = this.baselines.map((baseline) => baseline.name);
    if (!names.includes(choice.baseline)) choice.baseline = names[0] ?? '';
    if (choice.cpu !== null && !this.grid.cpus.includes(choice.cpu)) choice.cpu = null;
    if (choice.gpu !== null && !this.grid.gpus.includes(choice.gpu)) choice.gpu = null;
  }

  gridFor(network: string, batch: number): Grid {
    const key = `${batch} ${network}`;
    const known = this.grids.get(key) ?? gridOf(this.study, network, batch);
    this.grids.set(key, known);
    return known;
  }
  get grid(): Grid {
    return this.gridFor(this.choice.network, this.choice.batch);
  }
  get baselines() {
    return baselinesOf(this.study, this.choice.network, this.choice.batch);
  }
  get baseline() {
    return this.baselines.find((baseline) => baseline.name === this.choice.baseline);
  }
  get minimum() {
    return minimumOf(this.study, this.choice.network, this.choice.batch);
  }
  // The clocks held fixed in the figures that vary the other one.
  get fixedCpu(): number | undefined {
    return this.choice.cpu ?? this.grid.least?.cpu ?? this.grid.cpus.at(-1);
  }
  get fixedGpu(): number | undefined {
    return this.choice.gpu ?? this.grid.least?.gpu ?? this.grid.gpus.at(-1);
  }
}

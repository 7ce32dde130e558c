// The figures for papers: a study's JSON in, each figure of the page as an SVG of its own and its numbers as CSV
// out, drawn by the very code of the page. Built to one script for a bare JavaScript engine, which has no page
// (src/app/figures/); it sets the one global `isojoulePaper`. Texts go in and out as JSON, so that it has no types
// to agree on.
import './paper/install'; // first: the figures look for a document when they are read
import { readStudy, type Study } from './data';
import { toCsv } from './csv';
import type { Figure } from './figure/frame';
import { kFigureGroups, type FigureGroup } from './figures';
import { batchesOf, networksOf } from './grid';
import { standaloneSvg } from './paper/svg';
import type { PaperElement } from './paper/dom';
import { View } from './view';

export interface PaperOptions {
  width_mm: number;
  only: string[]; // ids of figures; empty: all
  networks: string[]; // empty: all
}
// What is to be drawn: a figure of a network at a batch size, or of the whole study.
interface Task {
  figure: Figure;
  group: FigureGroup;
  network: string; // '' where the figure is of the study
  batch: number; // 0 likewise, or where the study has no batch sizes
}
export interface PaperFigure {
  id: string;
  scope: 'choice' | 'study';
  title: string;
  file_title: string; // with network, batch size and 'simulated': what the files are called inside
  sentence: string;
  network: string;
  batch: number;
  simulated: boolean;
  why_absent: string; // why there is no drawing; then svg and csv are empty
  fault: boolean; // it should have been drawn: a fault of ours
  width_mm: number;
  height_mm: number;
  svg: string;
  csv: string;
}

// 85 mm, a column of most journals, are drawn as 360 px: the page's 12 px letters become 8 pt ones.
const kPxPerMm = 360 / 85;

let study: Study | null = null;
let view: View | null = null;
let tasks: Task[] = [];
let options: PaperOptions = { width_mm: 85, only: [], networks: [] };
const seen = new Map<string, string>(); // drawings of one network, and where each came first
let seenOf = ''; // the network

const scopeOf = (figure: Figure) => figure.scope ?? 'choice';
// The page may put marks of direction round a name; a user does not type them.
const bare = (network: string) => network.replace(/[\u2066-\u2069]/g, '');
const named = (network: string, wanted: string) => bare(network) === wanted || bare(network).startsWith(`${wanted} `);

function tasksOf(study: Study): Task[] {
  const all = kFigureGroups.flatMap((group) => group.figures.filter((figure) => figure.applies?.(study) ?? true).map((figure) => ({ group, figure })));
  const wanted = all.filter(({ figure }) => !options.only.length || options.only.includes(figure.id));
  const networks = networksOf(study).filter((network) => !options.networks.length || options.networks.some((name) => named(network, name)));
  const ofStudy = wanted.filter(({ figure }) => scopeOf(figure) === 'study').map((one) => ({ ...one, network: '', batch: 0 }));
  const ofChoice = networks.flatMap((network) => batchesOf(study, network).flatMap((batch) =>
    wanted.filter(({ figure }) => scopeOf(figure) === 'choice').map((one) => ({ ...one, network, batch }))));
  return [...ofChoice, ...ofStudy];
}

// The first of the asked names that nothing has.
function unknownName(study: Study): string {
  const ids = kFigureGroups.flatMap((group) => group.figures.map((figure) => figure.id));
  const figure = options.only.find((id) => !ids.includes(id));
  if (figure !== undefined) return `there is no figure '${figure}'; there are ${ids.join(', ')}`;
  const networks = networksOf(study);
  const network = options.networks.find((name) => !networks.some((known) => named(known, name)));
  return network === undefined ? '' : `the study has no network '${network}'; it has ${networks.map(bare).join(', ') || 'none'}`;
}

// Takes the study; answers {"figures": how many there may be, ...} or {"error": why there can be none}.
function open(json: string, asked: string): string {
  const read = readStudy(json);
  if (typeof read === 'string') return JSON.stringify({ error: read });
  options = { ...options, ...(JSON.parse(asked) as Partial<PaperOptions>) };
  const unknown = unknownName(read);
  if (unknown) return JSON.stringify({ error: unknown });
  [study, view, tasks] = [read, new View(read), tasksOf(read)];
  seen.clear();
  const { name, board, created } = read.study;
  return JSON.stringify({ figures: tasks.length, study: name, board, created, simulated: read.simulated, generator: read.generator }, whole);
}

function emptyFigure({ figure, network, batch }: Task): PaperFigure {
  return {
    id: figure.id, scope: scopeOf(figure), title: '', file_title: '', sentence: '', network: bare(network), batch, simulated: study!.simulated,
    why_absent: '', fault: false, width_mm: 0, height_mm: 0, svg: '', csv: '',
  };
}

function drawInto(made: PaperFigure, { figure, group }: Task, view: View): void {
  made.title = figure.title(view);
  made.sentence = figure.sentence(view);
  if (group.needsGrid && !view.grid.cpus.length) made.why_absent = 'The clocks were not varied here.';
  else {
    const drawn = figure.draw(view, Math.round(options.width_mm * kPxPerMm), () => {});
    if (typeof drawn === 'string') made.why_absent = drawn;
    else {
      made.file_title = [made.title, made.network, made.batch ? `batch ${made.batch}` : ''].filter(Boolean).join(', ') + (made.simulated ? ' (simulated)' : '');
      Object.assign(made, standaloneSvg(drawn.drawing as unknown as PaperElement, options.width_mm, made.file_title, made.sentence));
      made.csv = toCsv(figure.table(view));
    }
  }
}

// A figure that shows all batch sizes is the same at each of them: it is written once. What is kept to see that
// goes with its network: a study may have thousands of them.
function leaveOutSecond(made: PaperFigure): void {
  if (made.network !== seenOf) seen.clear();
  seenOf = made.network;
  const key = `${made.id} ${made.network}\n${made.csv}\n${made.svg.replace(/<title>.*?<\/title><desc>.*?<\/desc>/, '')}`;
  const first = seen.get(key);
  if (first !== undefined) Object.assign(made, { why_absent: `It is the same as at ${first}.`, svg: '', csv: '' });
  else seen.set(key, `batch ${made.batch}`);
}

// A name that was cut may end in half a pair of UTF-16, which no other program reads.
const whole = (_: string, value: unknown) => (typeof value === 'string' ? value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd') : value);

// The figure of a number below what open() answered, as JSON of a PaperFigure.
function draw(number: number): string {
  const task = tasks[number]!;
  const made = emptyFigure(task);
  try {
    if (task.network) view!.choose({ network: task.network, batch: task.batch, baseline: '', cpu: null, gpu: null });
    drawInto(made, task, view!);
    if (made.svg && made.scope === 'choice') leaveOutSecond(made);
  } catch (error) {
    Object.assign(made, { why_absent: `${error}`, fault: true, svg: '', csv: '' });
  }
  return JSON.stringify(made, whole);
}

(globalThis as unknown as Record<string, unknown>)['isojoulePaper'] = { open, draw };

// What a monitor sends (src/app/monitor/live_frame.h), read and checked: a frame that is not whole is
// told, never drawn.

export const kSchema = 1;

export interface RailHead { name: string; parent: string; what: string; sensor: string }
export interface WatchHead { name: string; kind: string; unit: string }
export interface Head {
  board: string; release: string; version: string;
  simulated: boolean;
  start_unix_s: number; sampling_period_s: number; frame_period_s: number;
  total: string;
  rails: RailHead[];
  watches: WatchHead[];
  notes: string[];
}
export type Value = number | null;
export interface Frame {
  number: number;
  time_s: number;
  phase: string;
  power_w: Value[]; least_w: Value[]; most_w: Value[]; energy_j: Value[];
  watches: Value[];
  phase_energy_j: [phase: string, joules: Value[]][]; // by rail; empty where nobody tells phases
  counters: Record<string, number>;
  throttled: boolean | null;
  late_s: Value; cost_percent: Value;
}
// With a head may come frames of the time before, the older ones thinned out.
export type Message = { event: 'head'; head: Head; before: Frame[] } | { event: 'frame'; frame: Frame } | { event: 'fault'; fault: string };

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' ? value : '');
const number = (value: unknown): Value => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function headOf(json: Loose): Head {
  return {
    board: text(json['board']), release: text(json['release']), version: text(json['version']),
    simulated: json['simulated'] === true,
    start_unix_s: number(json['start_unix_s']) ?? 0,
    sampling_period_s: number(json['sampling_period_s']) ?? 0,
    frame_period_s: number(json['frame_period_s']) || 0.1,
    total: text(json['total']),
    rails: list(json['rails']).filter(isObject).map((rail) => ({ name: text(rail['name']), parent: text(rail['parent']), what: text(rail['what']), sensor: text(rail['sensor']) })),
    watches: list(json['watches']).filter(isObject).map((watch) => ({ name: text(watch['name']), kind: text(watch['kind']), unit: text(watch['unit']) })),
    notes: list(json['notes']).map(text).filter(Boolean),
  };
}

// Null where the frame does not fit the head: as many values as rails, a time and a number.
function frameOf(json: Loose, head: Head): Frame | null {
  const values = (key: string) => list(json[key]).map(number);
  const at = number(json['number']), time = number(json['time_s']);
  const frame = {
    power_w: values('power_w'), least_w: values('least_w'), most_w: values('most_w'), energy_j: values('energy_j'), watches: values('watches'),
  };
  const fits = [frame.power_w, frame.least_w, frame.most_w, frame.energy_j].every((column) => column.length === head.rails.length) && frame.watches.length === head.watches.length;
  if (at === null || time === null || !fits) return null;
  const counters = isObject(json['counters']) ? Object.entries(json['counters']).filter((pair): pair is [string, number] => number(pair[1]) !== null) : [];
  const phases = isObject(json['phase_energy_j']) ? Object.entries(json['phase_energy_j']) : [];
  return {
    ...frame, number: at, time_s: time, phase: text(json['phase']),
    phase_energy_j: phases.map(([phase, joules]) => [phase, list(joules).map(number)]),
    counters: Object.fromEntries(counters),
    throttled: typeof json['throttled'] === 'boolean' ? json['throttled'] : null,
    late_s: number(json['late_s']), cost_percent: number(json['cost_percent']),
  };
}

export function readMessage(data: string, head: Head | null): Message {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return { event: 'fault', fault: 'A message of the program could not be read.' };
  }
  if (!isObject(json)) return { event: 'fault', fault: 'A message of the program could not be read.' };
  if (json['event'] === 'head') {
    if (json['schema'] !== kSchema) return { event: 'fault', fault: `The program speaks version ${String(json['schema'])} of the stream, this page version ${kSchema}. Reload the page.` };
    const head = headOf(json);
    const before = list(json['frames']).filter(isObject).map((one) => frameOf(one, head)).filter((one): one is Frame => one !== null);
    return { event: 'head', head, before };
  }
  if (json['event'] !== 'frame') return { event: 'fault', fault: 'A message of an unknown kind came.' };
  const frame = head && frameOf(json, head);
  return frame ? { event: 'frame', frame } : { event: 'fault', fault: 'A frame that does not fit its board came, and is not shown.' };
}

export type Link = 'connecting' | 'open' | 'lost' | 'refused';

// Keeps the connection: the browser comes again by itself after a break; after a refusal (the program
// was started anew with another token, or has too many who look on) it is asked again every few seconds.
// What it returns asks for the stream from its beginning.
export function connect(path: string, onText: (data: string) => void, onLink: (link: Link) => void): () => void {
  const kAgain_ms = 2000;
  let source: EventSource;
  const open = () => {
    onLink('connecting');
    source = new EventSource(path);
    const own = source;
    source.onopen = () => onLink('open');
    source.onmessage = (event: MessageEvent<string>) => onText(event.data);
    source.onerror = () => {
      const isRefused = own.readyState === EventSource.CLOSED;
      onLink(isRefused ? 'refused' : 'lost');
      if (isRefused) setTimeout(open, kAgain_ms);
    };
  };
  open();
  return () => {
    source.onerror = source.onmessage = source.onopen = null;
    source.close();
    open();
  };
}

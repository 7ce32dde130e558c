// What the program sends of a fleet (src/app/fleet/fleet_server.h): all of it first, then what changed.
export const kSchema = 1;

export type State = 'lost' | 'out' | 'drained' | 'draining' | 'measuring' | 'idle';
export const kStates: readonly State[] = ['lost', 'out', 'draining', 'drained', 'measuring', 'idle'];

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' ? value : '');
const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const words = (value: unknown) => list(value).map(text).filter(Boolean);

export interface Board {
  name: string;
  state: State;
  rank: number; // 0: lost or out, 1: something is wrong, 2: drained, 3: well
  type: string; release: string; simulated: boolean;
  troubles: string[];
  drainWhy: string;
  study: string; block: number | null; blockDone: number; blockRuns: number;
  network: string; setting: string;
  runs: number | null; unsent: number;
  hottest_c: number | null; power_w: number | null;
  seen_unix_s: number | null;
}
export interface Lane { lane: number; boards: string[]; waiting: number | null; claimed: number | null }
export interface Study {
  id: string; name: string; type: string; simulated: boolean; closed: boolean; openEnd: boolean;
  planned: number; stored: number; deadly: number;
  perMinute: number | null; left_s: number | null;
  measuring: string[];
  lanes: Lane[];
  refused: { board: string; reason: string }[];
}

function boardOf(name: string, json: Loose): Board {
  const state = kStates.find((one) => one === json['state']) ?? 'out';
  const temperatures = isObject(json['temperatures_c']) ? Object.values(json['temperatures_c']).map(number).filter((value): value is number => value !== null) : [];
  return {
    name, state, rank: number(json['rank']) ?? 1,
    type: text(json['board']), release: text(json['release']), simulated: json['simulated'] === true,
    troubles: words(json['troubles']), drainWhy: json['drain'] === true ? text(json['drain_why']) : '',
    study: text(json['study_name']) || text(json['study']).slice(0, 8), block: number(json['block']),
    blockDone: number(json['block_done']) ?? 0, blockRuns: number(json['block_runs']) ?? 0,
    network: text(json['network']), setting: text(json['setting']),
    runs: number(json['runs']), unsent: number(json['unsent_runs']) ?? 0,
    hottest_c: temperatures.length > 0 ? Math.max(...temperatures) : null, power_w: number(json['power_w']),
    seen_unix_s: number(json['seen_unix_s']),
  };
}

function studyOf(json: Loose): Study {
  return {
    id: text(json['study']), name: text(json['name']) || text(json['study']).slice(0, 8), type: text(json['board']), simulated: json['simulated'] === true,
    closed: json['closed'] === true, openEnd: json['open_end'] === true,
    planned: number(json['planned']) ?? 0, stored: number(json['stored']) ?? 0, deadly: number(json['deadly_runs']) ?? 0,
    perMinute: number(json['runs_per_minute']), left_s: number(json['left_s']),
    measuring: words(json['measuring']),
    lanes: list(json['lanes']).filter(isObject).map((lane) => ({ lane: number(lane['lane']) ?? 0, boards: words(lane['boards']), waiting: number(lane['blocks_waiting']), claimed: number(lane['blocks_claimed']) })),
    refused: list(json['refused']).filter(isObject).map((one) => ({ board: text(one['board']), reason: text(one['reason']) })),
  };
}

// The fleet as it is told; `take` says what of it is new.
export interface News { boards: Board[]; gone: string[]; head: boolean }
export type Taken = News | { fault: string } | 'missed';

export class Fleet {
  readonly boards = new Map<string, Board>();
  studies: Study[] = [];
  minutes: [minute: number, runs: number][] = [];
  server = '';
  version = '';
  reachable = true;
  trouble = '';
  isSetUp = true;
  time_unix_s: number | null = null; // the server's clock
  private loose = new Map<string, Loose>();
  private last: number | null = null;

  take(data: string): Taken {
    let json: unknown;
    try {
      json = JSON.parse(data);
    } catch {
      json = null;
    }
    if (!isObject(json)) return { fault: 'A message of the program could not be read.' };
    const at = number(json['number']);
    if (json['event'] === 'head') {
      if (json['schema'] !== kSchema) return { fault: `The program speaks version ${String(json['schema'])} of the stream, this page version ${kSchema}. Reload the page.` };
      return this.takeHead(json, at);
    }
    if (json['event'] !== 'change' || at === null) return { fault: 'A message of an unknown kind came.' };
    if (this.last === null) return 'missed';
    if (at <= this.last) return { boards: [], gone: [], head: false }; // it was in the head already
    if (at !== this.last + 1) return 'missed';
    this.last = at;
    return this.takeChange(json);
  }

  private takeHead(json: Loose, at: number | null): News {
    const before = [...this.loose.keys()];
    this.loose.clear();
    this.boards.clear();
    this.last = at;
    this.studies = [];
    this.minutes = [];
    const news = this.takeChange(json);
    return { boards: news.boards, gone: before.filter((name) => !this.boards.has(name)), head: true };
  }

  private takeChange(json: Loose): News {
    this.takeRest(json);
    const changed: Board[] = [];
    for (const [name, changes] of Object.entries(isObject(json['boards']) ? json['boards'] : {})) {
      if (!isObject(changes)) continue;
      const loose = { ...this.loose.get(name), ...changes };
      for (const key of Object.keys(changes)) if (changes[key] === null) delete loose[key];
      this.loose.set(name, loose);
      const board = boardOf(name, loose);
      this.boards.set(name, board);
      changed.push(board);
    }
    const gone = words(json['gone']);
    for (const name of gone) {
      this.loose.delete(name);
      this.boards.delete(name);
    }
    return { boards: changed, gone, head: false };
  }

  private takeRest(json: Loose): void {
    if ('server' in json) this.server = text(json['server']);
    if ('version' in json) this.version = text(json['version']);
    if ('reachable' in json) this.reachable = json['reachable'] !== false;
    if ('trouble' in json) this.trouble = text(json['trouble']);
    if ('set_up' in json) this.isSetUp = json['set_up'] !== false;
    if ('server_unix_s' in json) this.time_unix_s = number(json['server_unix_s']);
    if ('studies' in json) this.studies = list(json['studies']).filter(isObject).map(studyOf);
    if ('minutes' in json) this.minutes = list(json['minutes']).map((pair): [number, number] => [number(list(pair)[0]) ?? 0, number(list(pair)[1]) ?? 0]);
  }
}

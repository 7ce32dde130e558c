// A fleet's program as the page sees it: the page and the stream, over real sockets.
import { EventServer, builtPage } from './event_server.mjs';

export const boardNow = (change = {}) => ({
  state: 'idle', alive: true, rank: 3, troubles: [], drain: false, drain_why: '', board: 'jetson-orin-nx', title: 'Jetson Orin NX', release: '36.4', variant: '',
  simulated: false, version: '0.9.0', protocol: 1, allow_command: false, runs: 12, blocks: 1, unsent_runs: 0, why: '', temperatures_c: { CPU: 51.5, GPU: 49 }, power_w: 6.25, ...change,
});
export const measuring = (change = {}) => boardNow({ state: 'measuring', study: 'a'.repeat(24), study_name: 'orin-night', block: 17, block_done: 5, block_runs: 12, network: 'resnet-18', setting: 'cpu_frequency_hz 1.5e9', ...change });
export const studyNow = (change = {}) => ({
  study: 'a'.repeat(24), name: 'orin-night', board: 'jetson-orin-nx', simulated: false, engine: 'trtexec', created: '2026-01-31T20:00:00Z', closed: false, open_end: false, needs_command: false,
  planned: 2000, stored: 412, blocks: 170, deadly_runs: 0, measuring: ['rack1-01'], lanes: [{ lane: 0, boards: ['rack1-01', 'rack1-02'], blocks_waiting: 63, blocks_claimed: 1, blocks_again: 0 }], refused: [], runs_per_minute: 12.5, left_s: 7600, ...change,
});

export class FleetServer extends EventServer {
  number = 1;
  head = { version: '0.9.0', server: 'lab 2.9.10 nats://lab:4222', reachable: true, trouble: '', set_up: true, server_unix_s: 1.7e9, boards: {}, studies: [], minutes: [] };

  constructor() {
    super(builtPage('fleet'));
  }
  greeting() {
    return { event: 'head', schema: 1, number: this.number, ...this.head };
  }
  // What is told to those who are there, and to those who come later.
  change(changes) {
    this.number += 1;
    const { boards = {}, gone = [], ...rest } = changes;
    for (const [name, one] of Object.entries(boards)) {
      const now = { ...this.head.boards[name], ...one };
      for (const key of Object.keys(now)) if (now[key] === null) delete now[key];
      this.head.boards[name] = now;
    }
    for (const name of gone) delete this.head.boards[name];
    Object.assign(this.head, rest);
    this.send({ event: 'change', number: this.number, ...changes });
  }
}

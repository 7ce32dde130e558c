// A monitor as the page sees it: the page and the stream, over real sockets, with frames that a test
// sends by hand or by the clock.
import { EventServer, builtPage } from './event_server.mjs';

const page = builtPage('live').replace('@ISOJOULE_COUNTERS@', () => JSON.stringify([
  { name: 'sample_gap', severity: 'warning', meaning: 'two samples further apart than 1.5 periods', remedy: 'a longer period' }]));

export const nanoHead = () => ({
  schema: 1, event: 'head', board: 'jetson-nano', release: 'L4T 32.7.1', version: '0.9.0', simulated: true,
  start_unix_s: 1.7e9, sampling_period_s: 0.001, frame_period_s: 0.1, total: 'POM_5V_IN',
  rails: [{ name: 'POM_5V_IN', parent: '', what: 'the module', sensor: 'ina3221' }, { name: 'POM_5V_GPU', parent: 'POM_5V_IN', what: 'GPU', sensor: 'ina3221' },
    { name: 'POM_5V_CPU', parent: 'POM_5V_IN', what: 'CPU', sensor: 'ina3221' }, { name: 'total', parent: '', what: '', sensor: '' }],
  watches: [{ name: 'cpu', kind: 'clock', unit: 'Hz' }, { name: 'gpu', kind: 'clock', unit: 'Hz' }, { name: 'CPU-therm', kind: 'temperature', unit: '°C' },
    { name: 'GPU-therm', kind: 'temperature', unit: '°C' }, { name: 'fan', kind: 'fan', unit: '%' }, { name: 'memory_activity', kind: 'load', unit: '' }],
  notes: ['No load: the board does not tell.'],
});

// Deterministic, and recognisable: the total is the first rail, power follows the number.
export function nanoFrame(number, change = {}) {
  const wave = Math.sin(number / 20), total = 4 + wave, gpu = 1 + 0.5 * wave;
  const power_w = [total, gpu, 0.8, total];
  return {
    event: 'frame', number, time_s: (number + 1) / 10, phase: number % 100 < 50 ? 'inference' : 'idle',
    power_w, least_w: power_w.map((value) => value * 0.9), most_w: power_w.map((value) => value * 1.2), energy_j: power_w.map((value) => value * (number + 1) * 0.1),
    watches: [1.4784e9, number % 80 < 40 ? 921.6e6 : 460.8e6, 45 + wave, 43.5 + wave / 2, 30, 253e6], counters: {}, throttled: false, late_s: 0.0001, cost_percent: 2.5, ...change,
  };
}

export class LiveServer extends EventServer {
  head = nanoHead();
  number = 0;
  before = []; // frames that a client gets with the head

  constructor() {
    super(page);
  }
  greeting() {
    return { ...this.head, ...(this.before.length ? { frames: this.before } : {}) };
  }
  frames(count, change) {
    for (let i = 0; i < count; ++i) this.send(nanoFrame(this.number++, change));
  }
}

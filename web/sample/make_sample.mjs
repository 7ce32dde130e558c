// Writes a made-up study of a Jetson Nano, in the form that src/report/summary_json.h defines, for
// building and testing the page without the program. The numbers are invented: no claim about a board.
// usage: node sample/make_sample.mjs OUT.json
import { writeFileSync } from 'node:fs';
import { column } from './column.mjs';

const cpuMhz = [102, 204, 307.2, 403.2, 518.4, 614.4, 710.4, 825.6, 921.6, 1036.8, 1132.8, 1224, 1326, 1428, 1479];
const gpuMhz = Array.from({ length: 12 }, (_, i) => Math.round(768 * (i + 1)) / 10);
const networks = { alexnet: { batches: [8, 16, 32], work: 1 }, 'resnet-18': { batches: [16], work: 1.7 } };
const inferences = 3200;
const repeats = 3;

let state = 12345;
const random = () => ((state = (state * 1103515245 + 12345) % 2147483648) / 2147483648);
const noise = (size) => 1 + size * (random() + random() + random() - 1.5);

function model(network, batch, cpu, gpu) {
  const work = networks[network].work;
  const latency = work * (0.30 + 1.1 / batch) * (52 / (gpu / 921.6) + 26 / (cpu / 1479) ** 0.6 + 60);
  const volt = 0.8 + 0.42 * (gpu / 921.6) ** 2;
  const power = 2.1 + 5.2 * (gpu / 921.6) * volt * volt * 0.55 + 0.9 * (cpu / 1479) ** 1.4;
  return { latency, power };
}

const points = [];
const runs = [];
function estimate(values) {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const spread = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1));
  return {
    value: mean, uncertainty: Math.hypot(spread / Math.sqrt(values.length), mean * 0.002),
    spread_percent: (100 * spread) / mean, count: values.length,
  };
}
function measure(network, baseline, setting, cpu, gpu, residency) {
  const index = points.length;
  const { latency, power } = model(network, setting.batch, cpu, gpu);
  const starved = network === 'alexnet' && setting.batch === 32 && setting.cpu_frequency_hz === 102e6 && gpu < 160;
  const point = {
    network, baseline, setting, job: '', energy_j: null, net_energy_j: null, power_w: null, latency_s: null,
    why_absent: '', inferences, residency_percent: residency, counters: {}, runs: repeats, failed: 0, throttled: 0,
  };
  const seen = [];
  for (let repeat = 0; repeat < repeats; ++repeat) {
    const t = latency * noise(0.004), p = power * noise(0.006);
    const run = {
      id: 0, sequence: 0, block: repeat, repeat, point: index, state: starved ? 'failed' : 'complete',
      failure: starved ? 'engine: out of memory at batch 32' : '',
      energy_j: starved ? null : t * p, energy_u_j: starved ? null : t * p * 0.004, latency_s: starved ? null : t,
      phases: { load_s: 3.1, graph_initialisation_s: 6.2, warm_up_s: t / 100, ...(starved ? {} : { inference_s: t }) },
      counters: starved ? { out_of_memory: 1 } : {},
    };
    if (!starved && random() < 0.01) run.counters.sample_gap = 1 + Math.floor(3 * random());
    for (const [name, n] of Object.entries(run.counters)) point.counters[name] = (point.counters[name] ?? 0) + n;
    if (!starved) seen.push({ t, p });
    runs.push(run);
  }
  if (starved) {
    point.failed = repeats;
    point.why_absent = 'every run failed: engine: out of memory at batch 32';
  } else {
    point.energy_j = estimate(seen.map((s) => s.t * s.p));
    point.net_energy_j = estimate(seen.map((s) => s.t * (s.p - 1.4)));
    point.power_w = estimate(seen.map((s) => s.p));
    point.latency_s = estimate(seen.map((s) => s.t));
  }
  points.push(point);
  return index;
}

const minima = [];
const spread = (table, top) => table.map((mhz, i) => [Math.round(mhz * 1e6), i === table.length - 1 ? top : (100 - top) / (table.length - 1)]);
for (const [network, { batches }] of Object.entries(networks)) {
  for (const batch of batches) {
    const grid = [];
    for (const cpu of cpuMhz) {
      for (const gpu of gpuMhz) {
        const setting = { batch, cpu_frequency_hz: Math.round(cpu * 1e6), gpu_frequency_hz: Math.round(gpu * 1e6) };
        grid.push(measure(network, null, setting, cpu, gpu, {}));
      }
    }
    const governors = [
      ['default', 'schedutil', 'nvhost_podgov', 1440, 890, 89], ['ondemand', 'ondemand', 'nvhost_podgov', 1380, 880, 81],
      ['performance', 'performance', 'performance', 1479, 921.6, 100], ['powersave', 'powersave', 'nvhost_podgov', 102, 860, 100],
    ];
    const baselines = governors.map(([name, cpu_governor, gpu_governor, cpu, gpu, top]) => [name,
      measure(network, name, { batch, cpu_governor, gpu_governor }, cpu, gpu, {
        cpu_frequency_hz: name === 'powersave' ? [[102e6, 100]] : spread(cpuMhz, top),
        gpu_frequency_hz: spread(gpuMhz, Math.min(100, top - 4 + (top === 100 ? 4 : 0))),
      })]);
    const energies = grid.filter((i) => points[i].energy_j);
    const best = energies.reduce((a, b) => (points[b].energy_j.value < points[a].energy_j.value ? b : a));
    const e = points[best].energy_j;
    minima.push({
      network, job: '', batch, best, grid_points: grid.length,
      within_one_percent: energies.filter((i) => points[i].energy_j.value <= e.value * 1.01).length,
      comparisons: baselines.map(([baseline, point]) => {
        const other = points[point].energy_j, ratio = e.value / other.value;
        return {
          baseline, point, saving_percent: 100 * (1 - ratio),
          saving_uncertainty_percent: 100 * ratio * Math.hypot(e.uncertainty / e.value, other.uncertainty / other.value),
          latency_change_percent: 100 * (points[best].latency_s.value / points[point].latency_s.value - 1),
        };
      }),
    });
  }
}
// The order of the plan: random inside each block.
runs.map((run) => ({ run, key: run.block + random() })).sort((a, b) => a.key - b.key)
  .forEach(({ run }, i) => { run.sequence = i; run.id = i + 1; });
runs.sort((a, b) => a.sequence - b.sequence);

// What stands beside the map: the runs of the first best settings and of their governors over time, as a trace has them.
const kIdle = 1.4; // W
const kPhases = [['process_start', 0.9], ['load', 3.1], ['graph_initialisation', 6.2], ['idle', 2], ['warm_up', 0.6], ['inference', 0], ['tear_down', 0.4]];
const runOf = (point) => runs.find((run) => run.point === point && run.energy_j !== null);
const clocksOf = ({ setting, baseline }) => (baseline === null ? [setting.cpu_frequency_hz, setting.gpu_frequency_hz] : baseline === 'powersave' ? [102e6, 860e6] : [1.4e9, 890e6]);

function phasesOf(run) {
  let at = 0;
  return kPhases.map(([name, length]) => {
    const phase = { name, begin_s: at, end_s: at + (name === 'inference' ? run.latency_s : length) };
    at = phase.end_s;
    return phase;
  });
}
function powersAt(time, phases, point) {
  const { name, begin_s } = phases.find((phase) => time < phase.end_s) ?? phases.at(-1);
  const busy = { idle: 0, process_start: 0.15, load: 0.25, graph_initialisation: 0.5, tear_down: 0.1 }[name] ?? 1;
  const beat = busy === 1 ? 1 + 0.12 * Math.sign(Math.sin((time - begin_s) * 5)) : 1;
  const active = (point.power_w.value - kIdle) * busy * beat;
  return { gpu: 0.35 + active * 0.6 * noise(0.05), cpu: 0.4 + active * 0.25 * noise(0.08), total: kIdle + active * noise(0.03) };
}
function timelineOf(index) {
  const point = points[index], run = runOf(index), phases = phasesOf(run);
  const duration = phases.at(-1).end_s, n = Math.ceil(duration / 0.05);
  const time = Array.from({ length: n }, (_, i) => i * 0.05 + 0.002 * random());
  const power = time.map((t) => powersAt(t, phases, point));
  const slow = Array.from({ length: Math.ceil(duration) }, (_, i) => i);
  const [cpu, gpu] = clocksOf(point);
  const moved = (hz) => slow.map(() => (point.baseline === null ? hz : hz * (random() < 0.2 ? 0.6 : 1)));
  const watts = (name, kind, pick, at) => ({ name, kind, unit: 'W', time: at, value: column(power.map(pick), 0.001) });
  const other = (name, kind, unit, values, scale, at) => ({ name, kind, unit, time: at, value: column(values, scale) });
  const inference = phases.find((phase) => phase.name === 'inference');
  const batches = Math.round(inferences / point.setting.batch), each = run.latency_s / batches;
  const begins = Array.from({ length: batches }, (_, i) => inference.begin_s + i * each);
  return {
    run: run.id, point: index, label: `${point.network}, ${point.baseline ?? 'best setting'}`, duration_s: duration, phases,
    series: [watts('POM_5V_IN', 'total', (p) => p.total, column(time, 1e-6, 2)), watts('POM_5V_GPU', 'power', (p) => p.gpu, 0), watts('POM_5V_CPU', 'power', (p) => p.cpu, 0),
      other('cpu_frequency', 'clock', 'Hz', moved(cpu), 1000, column(slow, 0.001)), other('gpu_frequency', 'clock', 'Hz', moved(gpu), 1000, 3),
      other('temperature_cpu', 'temperature', '°C', slow.map((t) => 34 + 9 * (1 - Math.exp(-t / 60))), 0.1, 3), other('temperature_gpu', 'temperature', '°C', slow.map((t) => 33 + 11 * (1 - Math.exp(-t / 50))), 0.1, 3)],
    batches: { begin_s: column(begins, 1e-6), end_s: column(begins.map((t) => t + each * 0.97), 1e-6) }, why_absent: '',
  };
}
function cumulativeOf(index) {
  const point = points[index], run = runOf(index), phases = phasesOf(run);
  const rows = [[0, 0, 0]];
  for (const { name, begin_s, end_s } of phases) {
    const steps = name === 'inference' ? 100 : 1;
    const watt = name === 'inference' ? run.energy_j / run.latency_s : kIdle + 0.4;
    for (let i = 1; i <= steps; ++i) {
      const [time, energy, done] = rows.at(-1);
      rows.push([begin_s + ((end_s - begin_s) * i) / steps, energy + (watt * (end_s - begin_s)) / steps, name === 'inference' ? (inferences * i) / steps : done]);
      void time;
    }
  }
  return { point: index, run: run.id, time_s: rows.map((row) => row[0]), energy_j: rows.map((row) => row[1]), inferences: rows.map((row) => row[2]) };
}
function budgetOf(index) {
  const { value, uncertainty } = points[index].energy_j;
  const causes = [['spread of the repeats', 'A', 20], ['gain of the power chip', 'B', 55], ['offset of the power chip', 'B', 18], ['time between samples', 'B', 5], ['ends of the phase', 'B', 2]];
  return { point: index, energy_j: value, combined_u_j: uncertainty, why_absent: '', causes: causes.map(([cause, type, share]) => ({ cause, type, u_j: uncertainty * Math.sqrt(share / 100), percent_of_variance: share })) };
}

function searchOf(minimum) {
  const grid = points.filter((point) => point.baseline === null && point.network === minimum.network && point.setting.batch === minimum.batch);
  let least = null;
  const probes = Array.from({ length: 24 }, (_, i) => {
    const point = i < 8 ? grid[Math.floor(random() * grid.length)] : points[minimum.best + Math.round((random() - 0.5) * Math.max(2, 30 - i))];
    const failed = i === 5, within_limits = failed ? null : point.latency_s.value < 280;
    const cost = failed ? null : point.energy_j.value / inferences;
    if (within_limits && (least === null || cost < least)) least = cost;
    return { run: failed ? null : runOf(points.indexOf(point)).id, setting: point.setting, cost, energy_j: cost, latency_s: failed ? null : point.latency_s.value / inferences, least, within_limits,
      why: i < 8 ? 'one of the first, spread over the space' : 'expected to be better than the best so far', failure: failed ? 'engine: it was killed' : '' };
  });
  const best = points[minimum.best];
  return { minimise: 'energy', unit: 'J', limits: ['latency <= 0.0875 s'], optimiser: 'bayes', probes,
    governors: minimum.comparisons.map(({ baseline, point }) => ({ name: baseline, cost: points[point].energy_j.value / inferences })),
    best: { setting: best.setting, cost: best.energy_j.value / inferences, run: runOf(minimum.best).id } };
}
const kOtherBoards = [['sample', 'jetson-nano', 1, 1], ['sample-xavier', 'jetson-xavier-nx', 0.55, 0.4], ['sample-orin', 'jetson-orin-nano', 0.38, 0.22]];
const boards = kOtherBoards.flatMap(([name, board, energy, time]) => minima.map(({ network, batch, best, comparisons }) => {
  const { setting, energy_j, latency_s } = points[best];
  const each = ({ value, uncertainty, ...rest }, factor) => ({ ...rest, value: (value * factor) / inferences, uncertainty: (uncertainty * factor) / inferences });
  const other = points[comparisons[0].point].energy_j.value;
  return { study: name, board, simulated: true, network, job: '', batch, setting, energy_per_inference_j: each(energy_j, energy), latency_per_inference_s: each(latency_s, time), baseline: comparisons[0].baseline,
    baseline_energy_per_inference_j: (other * energy) / inferences, saving_percent: comparisons[0].saving_percent, saving_uncertainty_percent: comparisons[0].saving_uncertainty_percent, why_absent: '' };
}));
const profiles = Object.keys(networks).map((network) => {
  const { best } = minima.find((minimum) => minimum.network === network), { setting, energy_j, latency_s } = points[best];
  const layers = [['conv1', 'convolution', 22], ['conv2', 'convolution', 27], ['conv3', 'convolution', 14], ['pool5', 'pooling', 3], ['fc6', 'matrix product', 21], ['fc7', 'matrix product', 10], ['softmax', 'softmax', 3]];
  return { network, setting, profiler_slowdown: 1.04, why_absent: '', layers: layers.map(([layer, operation, share]) => ({ layer, operation, device: layer === 'softmax' ? 'cpu' : 'gpu', time_s: (latency_s.value * share) / 100 / inferences, share: share / 100,
    energy_j: (energy_j.value * share) / 100 / inferences, energy_u_j: (energy_j.uncertainty * share) / 60 / inferences })) };
});
const led = minima.filter((minimum) => minimum.batch === 16).flatMap((minimum) => [minimum.best, minimum.comparisons[0].point]);
const timelines = [...led.map(timelineOf),
  { run: runs.find((run) => run.state === 'failed').id, point: runs.find((run) => run.state === 'failed').point, label: 'alexnet, a run that failed', duration_s: 0, series: [], phases: [], batches: null, why_absent: 'the run failed before its first sample' }];

const count = (name) => runs.reduce((sum, run) => sum + (run.counters[name] ?? 0), 0);
const study = {
  schema: 2, generator: 'isojoule 0.1.0', simulated: true,
  study: {
    name: 'sample', board: 'jetson-nano', release: '32.7', engine: 'twin', program_version: '0.1.0',
    command: 'isojoule sweep studies/sample.toml --board twin:jetson-nano -o sample.study', created: '2026-01-02T03:04:05Z',
    planned_runs: runs.length, total: 'POM_5V_IN',
    rails: [{ name: 'POM_5V_IN', parent: '', what: 'the whole module' }, { name: 'POM_5V_GPU', parent: 'POM_5V_IN', what: 'GPU' },
      { name: 'POM_5V_CPU', parent: 'POM_5V_IN', what: 'CPU' }],
    protocol: { inferences, warmup_batches: 2, repeats, sampling_period_s: 0.1, settle_s: 0.5, idle_s: 2, seed: 1 },
    plan_toml: '[study]\nname = "sample"\nboard = "jetson-nano"\n\n[[grid]]\nnetworks = ["alexnet"]\n',
  },
  points, minima, runs, profiles, timelines, cumulative: led.map(cumulativeOf), budgets: led.map(budgetOf), search: searchOf(minima[0]), boards,
  counters: [
    { name: 'out_of_memory', severity: 'data loss', meaning: 'the engine could not hold the batch', remedy: 'Choose a smaller batch', count: count('out_of_memory') },
    { name: 'sample_gap', severity: 'warning', meaning: 'two samples were further apart than one and a half periods', remedy: 'Stop other programs, or sample less often', count: count('sample_gap') },
  ],
  totals: { runs: runs.length, failed: runs.filter((r) => r.state === 'failed').length, throttled: 0 },
};
writeFileSync(process.argv[2], JSON.stringify(study));

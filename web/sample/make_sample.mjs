// Writes a made-up study of a Jetson Nano, in the form that src/report/summary_json.h defines, for
// building and testing the page without the program. The numbers are invented: no claim about a board.
// usage: node sample/make_sample.mjs OUT.json
import { writeFileSync } from 'node:fs';

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
    network, baseline, setting, energy_j: null, net_energy_j: null, power_w: null, latency_s: null,
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
      network, batch, best, grid_points: grid.length,
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
  points, minima, runs,
  counters: [
    { name: 'out_of_memory', severity: 'data loss', meaning: 'the engine could not hold the batch', remedy: 'Choose a smaller batch', count: count('out_of_memory') },
    { name: 'sample_gap', severity: 'warning', meaning: 'two samples were further apart than one and a half periods', remedy: 'Stop other programs, or sample less often', count: count('sample_gap') },
  ],
  totals: { runs: runs.length, failed: runs.filter((r) => r.state === 'failed').length, throttled: 0 },
};
writeFileSync(process.argv[2], JSON.stringify(study));

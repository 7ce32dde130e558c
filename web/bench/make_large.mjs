// A study as large as that of the full Nano report (6 networks, 180 settings and 10 governors, 10 repeats: 11,400 runs)
// with a run of 1,000,000 samples of 4 rails, made up: to measure the page with. usage: node bench/make_large.mjs OUT.json
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { column } from '../sample/column.mjs';

const folder = mkdtempSync(join(tmpdir(), 'isojoule-large-'));
execFileSync(process.execPath, [fileURLToPath(new URL('../sample/make_sample.mjs', import.meta.url)), join(folder, 'sample.json')]);
const sample = JSON.parse(readFileSync(join(folder, 'sample.json'), 'utf8'));
rmSync(folder, { recursive: true });

const kNetworks = ['alexnet', 'googlenet', 'mobilenet', 'resnet-18', 'squeezenet', 'vgg-16'];
const kRepeats = 10, kSamples = 1_000_000;
const chosen = sample.points.flatMap((point, i) => (point.network === 'alexnet' && point.setting.batch === 16 ? [i] : []));
const points = [], runs = [], minima = [];
for (const network of kNetworks) {
  const base = points.length, place = (i) => base + chosen.indexOf(i);
  for (const i of chosen) points.push({ ...sample.points[i], network, runs: kRepeats });
  for (let k = 4; k < 10; ++k) points.push({ ...points.at(-1), baseline: `cpu governor ${k}` });
  const minimum = sample.minima.find((one) => one.network === 'alexnet' && one.batch === 16);
  minima.push({ ...minimum, network, best: place(minimum.best), comparisons: minimum.comparisons.map((one) => ({ ...one, point: place(one.point) })) });
}
const like = sample.runs.find((run) => run.energy_j !== null);
for (let repeat = 0; repeat < kRepeats; ++repeat)
  points.forEach((point, i) => runs.push({ ...like, id: runs.length + 1, sequence: runs.length, block: repeat, repeat, point: i, energy_j: point.energy_j && point.energy_j.value * (1 + 0.004 * Math.sin(runs.length * 7.3)), counters: {} }));

const time = Float64Array.from({ length: kSamples }, (_, i) => i * 1e-3 + 1e-5 * Math.sin(i));
const rail = (name, kind, level, at) => ({ name, kind, unit: 'W', time: at, value: column(time.map((t, i) => level * (1 + 0.3 * Math.sin(t * 1.7) + 0.1 * Math.sin(i * i))), 0.001) });
const timeline = { run: 1, point: minima[0].best, label: 'alexnet, a million samples', duration_s: kSamples * 1e-3, phases: [{ name: 'load', begin_s: 0, end_s: 60 }, { name: 'inference', begin_s: 60, end_s: 990 }, { name: 'tear_down', begin_s: 990, end_s: 1000 }],
  series: [rail('POM_5V_IN', 'total', 5, column(time, 1e-6, 2)), rail('POM_5V_GPU', 'power', 2, 0), rail('POM_5V_CPU', 'power', 1, 0), rail('POM_5V_SOC', 'power', 0.7, 0)],
  batches: { begin_s: column(time.filter((_, i) => i % 250 === 0), 1e-6, 2), end_s: column(time.filter((_, i) => i % 250 === 249), 1e-6, 2) }, why_absent: '' };
const { cumulative: _c, budgets: _b, ...rest } = sample;
writeFileSync(process.argv[2], JSON.stringify({ ...rest, points, runs, minima, timelines: [timeline], totals: { runs: runs.length, failed: 0, throttled: 0 }, study: { ...sample.study, name: 'large', planned_runs: runs.length } }));

// The page's own reader of the schema against ajv, and the unpacking of columns, without a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { build } from 'esbuild';
import { column } from '../sample/column.mjs';
import { fleetOf } from '../sample/fleet.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
async function load(path) {
  const { outputFiles } = await build({ entryPoints: [here(`../src/${path}`)], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}
const schema = JSON.parse(readFileSync(here('../schema/study.schema.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'isojoule-schema-'));
execFileSync(process.execPath, [here('../sample/make_sample.mjs'), join(folder, 'sample.json')]);
const text = readFileSync(join(folder, 'sample.json'), 'utf8');
rmSync(folder, { recursive: true });
// Few of each, so that every place can be damaged in turn.
function smallStudy() {
  const study = JSON.parse(text);
  study.points = study.points.filter((point, i) => i < 3 || point.failed || point.baseline).slice(0, 5);
  study.runs.length = 4;
  study.minima = [{ ...study.minima[0], best: 0, comparisons: [{ ...study.minima[0].comparisons[0], point: 1 }] }];
  study.runs.forEach((run) => (run.point = 0));
  for (const part of ['timelines', 'cumulative', 'budgets']) ((study[part] = study[part].slice(0, 1)), (study[part][0].point = 0));
  Object.assign(study.cumulative[0], { time_s: [0, 1], energy_j: [0, 2], inferences: [0, 1] });
  study.search.probes.length = 2;
  study.boards.length = study.profiles.length = 1;
  const interval = { low: null, high: 2, level: 0.95, method: 'bca', note: '' };
  study.points[0].repeats = { count: 2, median_j: 1, mean_interval_j: interval, median_interval_j: interval, spread_percent: 1, criterion_percent: 5, within_criterion: true, outliers: [{ run: 1, block: 0, energy_j: 1, deviation_percent: 3, causes: ['x'] }] };
  study.drift = { why_absent: 'too few', shown: null, p: null, runs: 0, settings: 0, blocks: 0, kind: null, trend: { percent_over_study: null, percent_low: null, percent_high: null, percent_per_hour: null }, jump: { percent: null, sequence: null, block: null } };
  study.board_effects = fleetOf(study, 1);
  study.calibrations = { 'calibration VDD_IN': ['against a meter'] };
  return study;
}

function placesOf(value, path = []) {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.keys(value).flatMap((key) => placesOf(value[key], [...path, key]))];
}
function damaged(study, path, change) {
  const copy = structuredClone(study);
  const parent = path.slice(0, -1).reduce((at, key) => at[key], copy);
  change(parent, path.at(-1));
  return copy;
}
const kDamages = {
  text: (parent, key) => (parent[key] = 'text'), number: (parent, key) => (parent[key] = -1.5), absent: (parent, key) => (parent[key] = null),
  list: (parent, key) => (parent[key] = [1, 2, 3]), group: (parent, key) => (parent[key] = {}), missing: (parent, key) => (Array.isArray(parent) ? parent.splice(Number(key), 1) : delete parent[key]),
};

test('the page reads the schema as ajv does, wherever the data is damaged', async () => {
  const { firstFault } = await load('schema_check.ts');
  const validate = new Ajv({ allowUnionTypes: true, strictTypes: false }).compile(schema);
  const study = smallStudy();
  assert.equal(firstFault(study, schema), null);
  assert.ok(validate(study), JSON.stringify(validate.errors));
  let refused = 0, tried = 0;
  for (const path of placesOf(study).slice(1)) {
    for (const [what, change] of Object.entries(kDamages)) {
      const bad = damaged(study, path, change);
      const fault = firstFault(bad, schema);
      assert.equal(fault === null, validate(bad), `${path.join('.')} as ${what}: ${JSON.stringify(fault)} against ${JSON.stringify(validate.errors)}`);
      ++tried;
      if (fault) ++refused;
    }
  }
  assert.ok(refused > 1000 && refused < tried, `${refused} of ${tried}`);
});

test('a rule that the page does not read is not in the schema', async () => {
  const { kRulesRead } = await load('schema_check.ts');
  const walk = (rule) => {
    for (const key of Object.keys(rule)) assert.ok(kRulesRead.includes(key), `the schema uses ${key}`);
    for (const group of [rule.properties, rule.definitions]) Object.values(group ?? {}).forEach(walk);
    for (const one of [rule.items, rule.additionalProperties, ...(rule.anyOf ?? [])]) if (one) walk(one);
  };
  walk(schema);
});

test('what is wrong is said with its place', async () => {
  const { readStudy } = await load('data.ts');
  const say = (change) => {
    const study = smallStudy();
    change(study);
    return readStudy(JSON.stringify(study));
  };
  assert.equal(typeof say(() => {}), 'object');
  assert.match(say((study) => (study.points[1].energy_j = { value: 'much' })), /points\[1\]\.energy_j\.uncertainty is missing/);
  assert.match(say((study) => (study.points[1].runs = 'ten')), /points\[1\]\.runs is text, and should be a whole number/);
  assert.match(say((study) => delete study.study.board), /study\.board is missing/);
  assert.match(say((study) => (study.timelines[0].series[0].time = { count: 3 })), /timelines\[0\]\.series\[0\]\.time/);
  assert.match(say((study) => (study.minima[0].best = 99)), /minima\[0\] names a setting that is not there/);
  assert.match(say((study) => (study.schema = 1)), /schema 1, this page reads schema 2\. An older program/);
  assert.match(say((study) => (study.schema = 3)), /schema 3, .* A newer program/);
  assert.match(readStudy('[]'), /the whole is a list/);
  assert.match(readStudy('null'), /the whole is absent/);
});

test('runs as columns are runs again, and what is wrong with them is said', async () => {
  const { readStudy } = await load('data.ts');
  const study = smallStudy();
  const columns = { rows: 2, columns: { id: [7, 9], sequence: 0, block: 0, repeat: [0, 1], point: 0, state: 'complete', failure: { texts: ['', 'hot'], index: [0, 1] }, energy_j: [1.5, null], energy_u_j: null, latency_s: 3 }, phases: { inference_s: [3, null] }, counters: { throttled: [null, 2] } };
  const read = (change) => {
    const copy = { ...study, runs: structuredClone(columns) };
    change(copy.runs);
    return readStudy(JSON.stringify(copy));
  };
  const { runs } = read(() => {});
  assert.deepEqual(runs.map((run) => [run.id, run.failure, run.energy_j, run.phases, run.counters]), [[7, '', 1.5, { inference_s: 3 }, {}], [9, 'hot', null, {}, { throttled: 2 }]]);
  assert.match(read((packed) => delete packed.phases), /runs\.phases is missing/);
  assert.match(read((packed) => (packed.columns.id = [7])), /damaged: runs: a column of the runs has 1 values, not 2/);
  assert.match(read((packed) => delete packed.columns.state), /runs\[0\]\.state is missing/);
});

test('columns come back as they were, of any order and length', async () => {
  const { unpack } = await load('column.ts');
  const far = 2 ** 50; // its differences, and theirs, stay whole in a double
  for (const values of [[], [7], [-3, 5], [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 31, -(2 ** 31), far, -far, 0], Array.from({ length: 5000 }, (_, i) => i * 1000 + (i % 7))])
    for (const order of [0, 1, 2]) assert.deepEqual([...unpack(column(values, 1, order))], values, `order ${order} of ${values.length}`);
  assert.deepEqual([...unpack(column([1.5, 1.25], 0.25, 1))], [1.5, 1.25]);
});

test('a damaged column says so, and asks for no memory', async () => {
  const { unpack } = await load('column.ts');
  const good = column([1, 2, 3, 500], 1, 1);
  for (const change of [{ count: 5 }, { count: 3 }, { count: 1e15 }, { data: '!!!' }, { data: 'gICA' }, { data: '' }, { first: [] }, { data: '//////////////////8B' }])
    assert.throws(() => unpack({ ...good, ...change }), /it (names|is|ends|holds)|longer/, JSON.stringify(change));
});

test('extremes, values and areas of a trace are those of its samples', async () => {
  const { areaBetween, extremes, firstFrom, traceOf, valueAt } = await load('figure/timeline_trace.ts');
  const n = 5000;
  const time = Float64Array.from({ length: n }, (_, i) => i * 0.01), value = Float64Array.from({ length: n }, (_, i) => Math.sin(i * i) * 10 + i / 100);
  const trace = traceOf({ name: 'x' }, time, value);
  let seed = 7;
  const random = (below) => ((seed = (seed * 1103515245 + 12345) % 2147483648), seed % below);
  for (let round = 0; round < 400; ++round) {
    const from = random(n - 1), to = from + 1 + random(n - from - 1), part = value.slice(from, to);
    assert.deepEqual(extremes(trace, from, to), [Math.min(...part), Math.max(...part)], `${from} to ${to}`);
  }
  assert.equal(firstFrom(time, 0.015), 2);
  assert.equal(valueAt(trace, 0.015), value[1]);
  assert.equal(valueAt(trace, -1), null);
  const line = traceOf({ name: 'line' }, Float64Array.of(0, 1, 3), Float64Array.of(0, 2, 6));
  assert.ok(Math.abs(areaBetween(line, 0.5, 2.5) - (2.5 ** 2 - 0.5 ** 2)) < 1e-12); // of y = 2x
  assert.equal(areaBetween(line, 0, 4), null);
});

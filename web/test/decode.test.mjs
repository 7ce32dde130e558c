// What the program packs (src/report/packed_runs.h) comes back as the runs that it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

async function load(path) {
  const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}
const { unpackRuns } = await load('decode.ts');

const packed = () => ({
  rows: 3,
  columns: { id: [1, 2, 3], point: [0, 0, null], state: { texts: ['complete', 'failed'], index: [0, 1, 0] }, failure: { texts: ['', 'out of memory'], index: [0, 1, 0] }, block: 0, energy_j: [0.1, null, 5.000000000000001] },
  phases: { load_s: [1.25, null, 1.5], inference_s: 4 },
  counters: { sample_gap: [null, null, 2] },
});

test('columns become runs: texts, what all share, what one lacks', () => {
  assert.deepEqual(unpackRuns(packed()), [
    { id: 1, point: 0, state: 'complete', failure: '', block: 0, energy_j: 0.1, phases: { load_s: 1.25, inference_s: 4 }, counters: {} },
    { id: 2, point: 0, state: 'failed', failure: 'out of memory', block: 0, energy_j: null, phases: { inference_s: 4 }, counters: {} },
    { id: 3, point: null, state: 'complete', failure: '', block: 0, energy_j: 5.000000000000001, phases: { load_s: 1.5, inference_s: 4 }, counters: { sample_gap: 2 } },
  ]);
});

test('runs that are none, one, or no columns', () => {
  assert.deepEqual(unpackRuns({ rows: 0, columns: {}, phases: {}, counters: {} }), []);
  assert.deepEqual(unpackRuns({ rows: 1, columns: { id: 7 }, phases: {}, counters: {} }), [{ id: 7, phases: {}, counters: {} }]);
  const plain = [{ id: 1 }];
  assert.equal(unpackRuns(plain), plain);
});

test('columns that do not fit one another are an error and take no memory', () => {
  for (const damage of [(runs) => (runs.columns.energy_j = [1]), (runs) => (runs.columns.state.index = [0]), (runs) => (runs.rows = 1e12), (runs) => (runs.columns.id = 1), (runs) => (runs.phases.load_s = [])]) {
    const runs = packed();
    damage(runs);
    assert.throws(() => unpackRuns(runs));
  }
});

// What the page says first, and how it names and colours things, without a browser: the page's own code over the
// document of the figures for papers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const kEntry = `
import './paper/install';
export { answer } from './section/answer';
export { applying, figureElement } from './figure/frame';
export { buildStage, colourOf } from './figure/timeline_draw';
export { traceOf } from './figure/timeline_trace';
export { svgElement } from './paper/dom';
export { readStudy } from './data';
export { toCsv } from './csv';
export { View } from './view';
`;
let page, text;
before(async () => {
  const { outputFiles } = await build({ stdin: { contents: kEntry, resolveDir: here('../src') }, bundle: true, format: 'esm', write: false, logLevel: 'error' });
  page = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
  const folder = mkdtempSync(join(tmpdir(), 'isojoule-answer-'));
  execFileSync(process.execPath, [here('../sample/make_sample.mjs'), join(folder, 'sample.json')]);
  text = readFileSync(join(folder, 'sample.json'), 'utf8');
  rmSync(folder, { recursive: true });
});

function viewOf(change = () => {}) {
  const study = JSON.parse(text);
  change(study);
  const read = page.readStudy(JSON.stringify(study));
  assert.equal(typeof read, 'object', String(read));
  return new page.View(read);
}
const plain = (words) => words.replace(/[\u00a0\u202f]/g, ' ').replace(/\u2212/g, '-');
const leadOf = (view) => plain(page.answer(view).querySelector('.lead').textContent);
const save = (study, ...savings) => savings.forEach(([saving, uncertainty], i) => study.minima[i].comparisons.forEach((c) => Object.assign(c, { saving_percent: saving, saving_uncertainty_percent: uncertainty })));

test('the largest saving that was shown leads, not one within its uncertainty, and the figures show it', () => {
  const view = viewOf((study) => (delete study.search, save(study, [30, 20], [0.4, 0.5], [20, 0.3], [12, 0.2])));
  const { network, batch } = view.study.minima[2];
  assert.match(leadOf(view), /^alexnet \(batch 32\) at CPU .* uses 20\.0 % ± 0\.6 % less energy than the default governors, .* is 0\.4 % to 30\.0 %; 2 of them lie within their uncertainty\./);
  assert.deepEqual([view.choice.network, view.choice.batch], [network, batch]);
});

test('that no setting saves is said only where none was shown to', () => {
  const none = viewOf((study) => (delete study.search, save(study, [-3, 0.2], [0.4, 0.5], [-1, 0.3], [0.1, 1])));
  assert.match(leadOf(none), /^No setting was shown to use less energy than the default governors: the best, alexnet \(batch 16\) .* differs by 0\.4 % ± 1\.0 %\./);
  const alone = viewOf((study) => (delete study.search, study.minima.forEach((minimum) => (minimum.comparisons = []))));
  assert.match(leadOf(alone), /uses least energy at CPU .*No governors were measured to compare with\./);
});

test("a search's answer: the setting, the saving with its interval, the time, the limits", () => {
  const say = (saving, best = {}) => leadOf(viewOf((study) => {
    Object.assign(study.search.best, { cost: 0.1, latency_s: 0.05, ...best });
    study.search.saving = saving;
  }));
  const saving = { against: 'default', percent: 18.2, percent_low: 17.9, percent_high: 18.6, latency_s: 0.04 };
  assert.match(say(saving), /^alexnet at .* has the least energy within .* of \d+ probes: 100\.0 mJ an inference\. That is 18\.2 % less than the default governors \(95 %: 17\.9 % to 18\.6 %\)\. One inference takes 50\.0 ms, 25\.0 % longer\. \(Simulated\.\)$/);
  assert.match(say({ ...saving, percent: -2, percent_low: -3, percent_high: -1 }), /That is 2\.0 % more than the default governors \(95 %: -3\.0 % to -1\.0 %\)\./);
  assert.match(say({ ...saving, percent: 1, percent_low: -1, percent_high: 3 }), /\(95 %: -1\.0 % to 3\.0 %\): no difference was shown\./);
  assert.match(say({ ...saving, percent_low: null, percent_high: null, latency_s: null }), /measured too seldom for an interval.* One inference takes 50\.0 ms\./);
  assert.match(say(null), /No governors were measured beside it to compare with\./);
  assert.match(say(saving, { within_limits: false }), /^None of \d+ probes keeps .*\. The nearest is alexnet at .*: 100\.0 mJ an inference\. That is/);
  assert.match(say(saving, { cost: null }), /^The search for the least energy.* found no setting\./);
  const view = viewOf((study) => (study.search.best.setting.batch = 32));
  assert.deepEqual([view.choice.network, view.choice.batch], ['alexnet', 32], 'the figures show what was found');
});

test('a study without a map names what used least and most, an inference; without energy, why', () => {
  const without = (change) => viewOf((study) => (delete study.search, (study.minima = []), change(study)));
  const three = (...joules) => leadOf(without((study) => {
    study.points = study.points.filter((point) => point.energy_j && point.baseline === null).slice(0, 3);
    study.points.forEach((point, i) => Object.assign(point, { setting: { threads: i + 1 }, inferences: [10, 1000, 100][i], energy_j: { ...point.energy_j, value: joules[i], uncertainty: joules[i] / 100 } }));
    Object.assign(study, { runs: [], timelines: [], cumulative: [], budgets: [] });
  }));
  assert.match(three(10, 100, 200), /there is no map\. Of 3 settings measured, least energy has alexnet threads 2 with 100\.0 ± 2\.0 mJ an inference, most alexnet threads 3 with 2\.000 ± 0\.040 J an inference\. \(Simulated\.\)/);
  assert.match(three(10.1, 1000, 101), /least energy has alexnet threads 2 .* most alexnet threads . with 1\.010 ± 0\.020 J an inference: no difference was shown\./);
  const none = without((study) => study.points.forEach((point) => Object.assign(point, { energy_j: null, why_absent: 'no sensor' })));
  assert.match(page.answer(none).textContent, /names no best setting\. Energy is absent: no sensor\./);
});

test('names that differ in marks of direction alone stay two, and are whole in CSV', () => {
  const names = ['\u202eabc', 'abc', '\u2066abc\u2069'];
  const { study } = viewOf((study) => study.points.forEach((point, i) => (point.network = names[i % 3])) || (study.minima = []));
  const shown = [...new Set(study.points.map((point) => point.network))];
  assert.deepEqual(shown, ['\u2068abc (2)\u2069', 'abc', '\u2068abc (3)\u2069']);
  assert.deepEqual(page.toCsv({ header: [], rows: shown.map((name) => [name]) }).trim().split('\r\n').filter(Boolean), names);
});

test('a fault in the words of a figure stands in its place, and so does one in whether it applies', () => {
  const view = viewOf();
  const figure = { id: 'broken', title: () => 'A title', sentence: () => 'A sentence.', draw: () => ({ drawing: page.svgElement('svg'), readout: '' }), table: () => ({ header: [], rows: [] }) };
  const broken = () => {
    throw new Error('quite broken');
  };
  const made = (change) => page.figureElement(page.applying({ ...figure, ...change }, view.study), view, true);
  const drawn = (element) => (view.choose({}), element.querySelector('.plot').textContent);
  assert.equal(drawn(made({})), '');
  for (const part of ['title', 'sentence', 'controls', 'draw', 'applies']) assert.match(drawn(made({ [part]: broken })), /could not be drawn from this study: quite broken\./, part);
  assert.equal(page.applying({ ...figure, applies: () => false }, view.study), null);
});

const traceOf = (name, kind, unit) => page.traceOf({ name, kind, unit }, Float64Array.of(0, 1), Float64Array.of(1e8, 2e8));
test('a component has one colour in every lane of the timeline, no two series of a lane share one', () => {
  const all = [['VDD_IN', 'total', 'W'], ['POM_5V_GPU', 'power', 'W'], ['POM_5V_CPU', 'power', 'W'], ['VDD_CPU_GPU_CV', 'power', 'W'], ['cpu_frequency', 'clock', 'Hz'], ['gpu_frequency', 'clock', 'Hz'], ['cpu1_frequency', 'clock', 'Hz'], ['temperature_cpu', 'temperature', '°C'], ['temperature_gpu', 'temperature', '°C'], ['memory_activity', 'other', 'Hz']].map((row) => traceOf(...row));
  const of = (name) => page.colourOf(all, all.find((trace) => trace.series.name === name));
  assert.equal(of('VDD_IN'), 'var(--ink)');
  for (const names of [['POM_5V_CPU', 'cpu_frequency', 'temperature_cpu'], ['POM_5V_GPU', 'gpu_frequency', 'temperature_gpu']]) assert.equal(new Set(names.map(of)).size, 1, names.join(' '));
  for (const lane of [['POM_5V_GPU', 'POM_5V_CPU', 'VDD_CPU_GPU_CV'], ['cpu_frequency', 'gpu_frequency', 'cpu1_frequency']]) assert.equal(new Set(lane.map(of)).size, 3, lane.join(' '));
  const world = page.svgElement('g');
  page.buildStage(world, { width: 600, traces: all, all, phases: [], batches: null, duration: 1, from: 0, to: 1, marks: [] });
  assert.deepEqual(world.querySelectorAll('.axis-name').map((name) => name.textContent).slice(0, 4), ['Power (W)', 'Clocks (MHz)', 'Temperatures (°C)', 'Memory activity (MHz)']);
  assert.ok(world.querySelectorAll('text').some((tick) => tick.textContent === '200'), '200 MHz, not 200 M');
});

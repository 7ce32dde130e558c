// Every figure: what is drawn against the data it is drawn from, the CSV, the words, the cursor of pointer and keyboard.
// What can be asked without a browser is; the rest shares two pages.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromiumPath, drawAll, downloadOf, finish, open, parseCsv, reportOf, sampleStudy, template } from './browser.mjs';

async function load(path) {
  const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');
const close = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)), `${what}: ${a} against ${b}`);

test('the Pareto set: nothing in it is bettered, everything outside is', async () => {
  const { paretoSet } = await load('pareto.ts');
  let state = 7;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const trades = Array.from({ length: 300 }, (_, index) => ({ index, energy: Math.round(20 * random()), latency: Math.round(20 * random()) }));
  const set = paretoSet(trades);
  const betters = (a, b) => a.energy <= b.energy && a.latency <= b.latency && (a.energy < b.energy || a.latency < b.latency);
  for (const one of set) assert.ok(!trades.some((other) => betters(other, one)), JSON.stringify(one));
  for (const one of trades.filter((trade) => !set.includes(trade))) assert.ok(set.some((other) => betters(other, one) || (other.energy === one.energy && other.latency === one.latency)), JSON.stringify(one));
  assert.deepEqual(set.map((one) => one.latency), set.map((one) => one.latency).sort((a, b) => a - b));
});

test('a cut holds everything but its axis; words in place of numbers are counted, not drawn', async () => {
  const { chosenCut, cutsAlong, sweptAxes } = await load('cuts.ts');
  const point = (setting, energy) => ({ network: 'n', baseline: null, setting, energy_j: energy === null ? null : { value: energy } });
  const study = { points: [point({ batch: 1, a_hz: 3, b: 1 }, 5), point({ batch: 1, a_hz: 1, b: 1 }, 9), point({ batch: 1, a_hz: 2, b: 2 }, 1), point({ batch: 1, a_hz: 'none', b: 1 }, 2), point({ batch: 1, a_hz: 1, b: 2 }, 4), point({ batch: 2, b: 7 }, 4)] };
  assert.deepEqual(sweptAxes(study), ['a_hz', 'b']);
  const cuts = cutsAlong(study, 'n', 1, 'a_hz');
  assert.deepEqual(cuts.map((cut) => cut.points.map(({ x }) => x)), [[1, 3], [1, 2]]);
  assert.deepEqual(cuts.map((cut) => cut.unnumbered), [1, 0]);
  assert.equal(chosenCut(cuts, null, null), cuts[1]);
  assert.equal(chosenCut(cuts, 'b', 1), cuts[0]);
});

test('cumulative energy: values between batches, and from where one way is ahead', async () => {
  const { energyAt, overtakes } = await load('figure/cumulative.ts');
  const dear = { inferences: [0, 0, 10, 20, 30], energy_j: [0, 5, 6, 7, 8] };
  const cheap = { inferences: [0, 0, 10, 20, 30], energy_j: [0, 1, 4, 7.5, 11] };
  assert.equal(energyAt(dear, 15), 6.5);
  assert.equal(energyAt(dear, 31), null);
  assert.equal(overtakes(dear, cheap), 20);
  assert.equal(overtakes(cheap, dear), null);
});

test('names of networks lose their engine axes, and nothing else', async () => {
  const { bareNetwork, fitted, readable } = await load('figure/jobs.ts');
  assert.equal(bareNetwork({ network: 'resnet-50 accelerator=dla precision=int8', job: 'accelerator=dla precision=int8' }), 'resnet-50');
  assert.equal(bareNetwork({ network: 'a b', job: '' }), 'a b');
  assert.equal(fitted('abcdefghij', 40), 'abcd…');
  assert.deepEqual(readable(0.02, 'J'), { factor: 1000, unit: 'mJ' });
  assert.deepEqual(readable(40, 's'), { factor: 1, unit: 's' });
  assert.deepEqual(readable(0.5, '%'), { factor: 1, unit: '%' });
});

test("a layer's multiply-accumulates are in its name", async () => {
  const { macsOf } = await load('figure/layer_work.ts');
  assert.deepEqual(macsOf('conv_c64_n128_k3_s1_h56'), { kind: 'conv', macs: 64 * 128 * 9 * 56 * 56 });
  assert.equal(macsOf('conv_c3_n64_k3_s2_h65_w33').macs, 3 * 64 * 9 * 33 * 17);
  assert.equal(macsOf('conv_c8_n8_k3_s1_h4_g4').macs, (8 * 8 * 9 * 16) / 4);
  assert.equal(macsOf('dwconv_c32_k3_s2_h56').macs, 32 * 9 * 28 * 28);
  assert.equal(macsOf('fc_i1024_o1000').macs, 1024000);
  assert.equal(macsOf('matmul_m64_k64_n32_b2').macs, 64 * 64 * 32 * 2);
  for (const name of ['relu_c64_h32', 'resnet-18', 'conv_c3_n64', 'conv_evil', 'fc_i10_o10+relu_c1_h1']) assert.equal(macsOf(name), null, name);
});

// A study that the figures can be asked about without a page.
const point = (network, setting, energy, inferences, more = {}) => ({
  network, baseline: null, setting, job: '', energy_j: { value: energy, uncertainty: 0.002 * energy, count: 3 }, net_energy_j: null, power_w: null, latency_s: { value: inferences / 100, uncertainty: 0.001, count: 3 },
  why_absent: '', inferences, residency_percent: {}, counters: {}, ...more });
const studyOf = (points, more = {}) => ({ simulated: false, study: { name: 's', board: 'b' }, points, minima: [], runs: [], ...more });
const clocks = (cpu, gpu, batch) => ({ batch, cpu_frequency_hz: cpu * 1e6, gpu_frequency_hz: gpu * 1e6 });

test('energies of runs with other numbers of inferences are held against each other as of one number', async () => {
  const [{ View }, { governors }, { mapLevel, mapSentence, mapTable }, { overBatch, batchOverGpu }, { sweepGpu }] = await Promise.all(['view.ts', 'figure/governors.ts', 'figure/map_text.ts', 'figure/batch.ts', 'figure/sweep.ts'].map(load));
  const study = studyOf([point('n', clocks(100, 100, 1), 65, 65), point('n', clocks(100, 200, 1), 60, 50), point('n', clocks(200, 100, 1), 70, 65), point('n', clocks(100, 100, 4), 34, 68), point('n', { batch: 1 }, 150, 100, { baseline: 'default' })]);
  const view = new View(study);
  // 65 J of 65, 60 J of 50 (1.2 J each): the least is the first, whatever the sum says; the governors use 1.5 J each.
  assert.equal(view.grid.least.gpu, 100e6);
  close(mapLevel(view).energy_j.value, 97.5, 'the level of the map');
  assert.match(plain(mapSentence(view)), /97\.50 J; the least, 65\.00 J, is 33\.3 % less than theirs\).*Scaled to 65 inferences/);
  assert.match(plain(governors.sentence(view)), /65 inferences\. Scaled .* uses 33\.3 % less energy than under 'default'/);
  const energies = mapTable(view);
  assert.deepEqual(energies.rows.map((row) => [row[energies.header.indexOf('energy_j')], row[energies.header.indexOf('inferences')]]), [[65, 65], [60, 50], [70, 65]], 'the CSV has what was measured');
  const { header, rows } = overBatch.table(view);
  assert.deepEqual(rows.map((row) => [row[header.indexOf('batch')], row[header.indexOf('energy_per_inference_j')]]), [[1, 1], [1, 1.2], [4, 0.5]]);
  assert.match(plain(overBatch.sentence(view)), /Batch 4 uses 50\.0 % less energy than batch 1 for an inference/);
  assert.match(plain(batchOverGpu.sentence(view)), /1\.500 J an inference/);
  assert.match(plain(sweepGpu.sentence(view)), /energy 13\.00 J\. Energy is least at 100 MHz: 16\.7 % less energy than at 200 MHz/);
});

test('differences within the uncertainty are not claimed', async () => {
  const { against, differ } = await load('figure/jobs.ts');
  assert.equal(plain(against({ value: 99, u: 0.3 }, { value: 100, u: 0.3 }, 'energy', 'X')), '1.0 % less energy than X');
  assert.equal(plain(against({ value: 99, u: 0.4 }, { value: 100, u: 0.4 }, 'energy', 'X')), 'as much energy as X, as far as was shown (1.0 % less, within the uncertainty)');
  assert.ok(differ({ value: 0, u: 0.1 }, { value: 1, u: 0.1 }));
  assert.equal(against({ value: 1, u: 0 }, { value: 0, u: 0 }, 'energy', 'X'), 'more energy than X', 'no percentage of nothing');
});

test('an axis that some settings alone name does not part what is compared', async () => {
  const { comparisons } = await load('figure/compare.ts');
  const run = (job, setting, energy) => point(`unet ${job}`, { batch: 1, ...setting }, energy, 100, { job });
  const study = studyOf([run('accelerator=gpu', { accelerator: 'gpu' }, 40), run('accelerator=dla option.gpu_operators=Resize', { accelerator: 'dla', 'option.gpu_operators': 'Resize' }, 30), run('accelerator=dla option.gpu_operators=all', { accelerator: 'dla', 'option.gpu_operators': 'all' }, 35)]);
  const [accelerator] = comparisons.filter((figure) => figure.id === 'compare-accelerator');
  assert.match(plain(accelerator.sentence({ study })), /dla uses 25\.0 % less energy than gpu and takes as much time as gpu.*Chosen freely.*option\.gpu operators/);
  assert.deepEqual(accelerator.table({ study }).rows.map((row) => [row[0], row[2], row[4]]), [['unet', 'dla', 0.3], ['unet', 'gpu', 0.4]]);
});

test('boards are compared at one batch size; what is simulated says so first', async () => {
  const { boards } = await load('figure/boards.ts');
  const row = (board, batch, energy, simulated) => ({ study: 's', board, simulated, network: 'n', job: '', batch, setting: {}, energy_per_inference_j: { value: energy, uncertainty: 0.001 }, latency_per_inference_s: null, baseline: null, baseline_energy_per_inference_j: null, saving_percent: null, saving_uncertainty_percent: null, why_absent: '' });
  const study = studyOf([], { boards: [row('nano', 8, 0.4, true), row('nano', 32, 0.1, true), row('orin', 32, 0.05, false)] });
  assert.match(plain(boards.sentence({ study })), /2 simulated\. n, batch 32 takes 50\.0 mJ an inference on orin and 100 mJ on nano, 2\.0 times as much/);
  assert.match(boards.sentence({ study: { ...study, boards: study.boards.filter((one) => one.board === 'orin' || one.batch === 8) } }), /No network stands on two boards with the same batch size/);
});

test('lines of cumulative energy that differ in clocks alone say in which', async () => {
  const { cumulative } = await load('figure/cumulative.ts');
  const line = (index, end) => ({ point: index, run: index + 1, time_s: [0, 1], energy_j: [1, end], inferences: [0, 100] });
  const at = (gpu) => point('n graph=static', { ...clocks(100, gpu, 8), graph: 'static' }, 10, 100, { job: 'graph=static' });
  const study = studyOf([at(100), at(200)], { cumulative: [line(0, 9), line(1, 12)] });
  assert.match(plain(cumulative.sentence({ study })), /graph=static, GPU 100 MHz has used 25\.0 % less than graph=static, GPU 200 MHz/);
  const { header, rows } = cumulative.table({ study });
  assert.equal(rows[0][header.indexOf('setting')], 'CPU 100 MHz · GPU 100 MHz · graph static');
});

test('labels keep their distance, the last one stays', async () => {
  const { spaced } = await load('figure/parts.ts');
  assert.deepEqual(spaced([0, 10, 20, 30, 40], (x) => x, 15), [0, 20, 40]);
  assert.deepEqual(spaced([0, 30, 32, 34, 70], (x) => x, 15), [0, 32, 70]);
  assert.deepEqual(spaced([0, 5], (x) => x, 15), [5]);
  assert.deepEqual(spaced([], (x) => x, 15), []);
});

test('every figure and section has a name of its own', async () => {
  const { kFigureGroups } = await load('figures.ts');
  const ids = kFigureGroups.flatMap((group) => [group.id, ...group.figures.map((figure) => figure.id)]);
  assert.equal(new Set(ids).size, ids.length);
});

// A study of what the sample has not: accelerators, an axis that is no clock, a network without energy, two graphs.
function otherStudy(sample) {
  const study = structuredClone(sample);
  const estimate = (value) => ({ value, uncertainty: value * 0.004, spread_percent: 0.4, count: 3 });
  const template = sample.points[0];
  study.points = [];
  const put = (network, job, setting, energy, latency) => study.points.push({ ...template, network, job, baseline: null, setting, energy_j: energy && estimate(energy), power_w: energy && estimate(energy / latency), latency_s: energy && estimate(latency), net_energy_j: null, why_absent: energy ? '' : 'the engine has no such layer', inferences: 100, residency_percent: {}, counters: {}, repeats: null });
  for (const [clock, energy, latency] of [[3e8, 58, 4.8], [7e8, 41, 2.7], [13e8, 75, 2.2]]) put('net-a', 'accelerator=gpu', { batch: 1, accelerator: 'gpu', gpu_frequency_hz: clock }, energy, latency);
  for (const [clock, energy, latency] of [[6e8, 63, 6], [12e8, 59, 4.3], ['none', 65, 4]]) put('net-a', 'accelerator=dla', { batch: 1, accelerator: 'dla', dla0_core_frequency_hz: clock }, energy, latency);
  put('net-b', 'accelerator=gpu', { batch: 1, accelerator: 'gpu' }, 3000, 60);
  put('net-b', 'accelerator=dla', { batch: 1, accelerator: 'dla' }, null, null);
  put('net-c', 'graph=dynamic', { batch: 32, graph: 'dynamic' }, 36, 6);
  put('net-c', 'graph=static', { batch: 32, graph: 'static' }, 30, 5);
  const run = (point, i) => ({ ...sample.runs[0], id: i + 1, sequence: i, block: 0, repeat: 0, point, state: 'complete', failure: '', energy_j: study.points[point].energy_j?.value ?? null, energy_u_j: 0.1, latency_s: 1, phases: {}, counters: {} });
  study.runs = study.points.map((_, i) => run(i, i));
  const line = (point, start, end) => ({ point, run: point + 1, time_s: [0, 2, 4, 6], energy_j: [0, start, (start + end) / 2, end], inferences: [0, 0, 160, 320] });
  study.cumulative = [line(8, 10, 50), line(9, 12.5, 45.75)];
  for (const part of ['timelines', 'budgets', 'search', 'boards', 'profiles', 'drift']) delete study[part];
  study.minima = [];
  return study;
}

const skip = !chromiumPath ? 'skipped: no Chromium here' : !existsSync(template) ? 'skipped: the page is not built (npm run build)' : false;

describe('figures of the sample', { skip }, () => {
  let study, page, shut;
  before(async () => {
    study = sampleStudy();
    ({ page, close: shut } = await open(reportOf(study)));
    await drawAll(page);
  });
  after(async () => shut?.());
  const first = () => study.minima[0];
  const here = () => study.points.map((point, index) => ({ point, index })).filter(({ point }) => point.baseline === null && point.network === first().network && point.setting.batch === first().batch && point.energy_j && point.latency_s);
  const bettered = ({ point: a }) => here().some(({ point: b }) => b.energy_j.value <= a.energy_j.value && b.latency_s.value <= a.latency_s.value && (b.energy_j.value < a.energy_j.value || b.latency_s.value < a.latency_s.value));
  const marks = (selector) => page.locator(selector).evaluateAll((elements) => elements.map((element) => ({ ...element.dataset })));
  const sentence = async (id) => plain(await page.locator(`#${id} .sentence`).textContent());
  const csv = async (id) => parseCsv((await downloadOf(page, `#${id} button:text-is("CSV")`)).toString());
  const key = async (id, ...keys) => {
    await page.locator(`#${id} svg`).focus();
    for (const one of keys) await page.keyboard.press(one);
    return plain(await page.locator(`#${id} output`).textContent());
  };

  test('the Pareto set is the same in figure, map, surface and CSV', async () => {
    const wanted = here().filter((one) => !bettered(one)).map(({ index }) => index).sort((a, b) => a - b);
    assert.ok(wanted.length > 3);
    for (const figure of ['pareto', 'heat-map', 'surface']) {
      const drawn = (await marks(`#${figure} circle.pareto[data-index]`)).map((mark) => Number(mark.index)).sort((a, b) => a - b);
      assert.deepEqual(drawn, wanted, figure);
    }
    for (const mark of await marks('#pareto circle.pareto[data-index]')) {
      const point = study.points[mark.index];
      close(Number(mark.energyJ), point.energy_j.value / point.inferences, 'energy');
      close(Number(mark.latencyS), point.latency_s.value / point.inferences, 'latency');
    }
    const rows = await csv('pareto');
    assert.equal(rows.filter((row) => row.pareto === 'true').length, wanted.length);
    assert.equal(rows.filter((row) => row.baseline === '').length, here().length);
    assert.ok((await sentence('pareto')).startsWith(`${wanted.length} of ${here().length} settings cannot be bettered in both.`));
    assert.match(await key('pareto', 'ArrowRight'), /mJ and [\d.]+ ms an inference\. No setting within [\d.]+ ms uses less/);
  });

  test('what is pointed at in the map is marked on the surface, and back', async () => {
    const cell = page.locator('#heat-map rect.cell').nth(40);
    await cell.scrollIntoViewIfNeeded();
    const { cpuHz, gpuHz } = await cell.evaluate((element) => ({ ...element.dataset }));
    await cell.hover();
    await page.waitForSelector('#surface circle.pointed', { state: 'attached' });
    assert.deepEqual((await marks('#surface circle.pointed')).map((mark) => [mark.cpuHz, mark.gpuHz]), [[cpuHz, gpuHz]]);
    await page.mouse.move(2, 2);
    await page.waitForFunction(() => !document.querySelector('#surface circle.pointed'));
    await page.locator('#pareto svg').focus();
    await page.keyboard.press('Home');
    const box = await page.locator('#heat-map rect.cursor').evaluate((rect) => rect.getAttribute('visibility'));
    assert.equal(box, 'visible');
    await page.locator('#pareto svg').blur();
    assert.equal(await page.locator('#heat-map rect.cursor').evaluate((rect) => rect.getAttribute('visibility')), 'hidden');
  });

  test('cuts along the clocks: the points of the other clock held, three quantities', async () => {
    const best = study.points[first().best].setting;
    const cut = here().filter(({ point }) => point.setting.cpu_frequency_hz === best.cpu_frequency_hz);
    for (const [side, of] of [['left', 'latency_s'], ['right', 'power_w'], ['below', 'energy_j']]) {
      const drawn = (await marks(`#sweep-gpu circle[data-side="${side}"]`)).map((mark) => [Number(mark.x), Number(mark.value)]);
      assert.deepEqual(drawn, cut.map(({ point }) => [point.setting.gpu_frequency_hz, point[of].value]), side);
    }
    const rows = (await csv('sweep-gpu')).filter((row) => row.baseline === '');
    assert.deepEqual(rows.map((row) => row.energy_j), cut.map(({ point }) => String(point.energy_j.value)));
    assert.match(await sentence('sweep-gpu'), /Energy is least at 460\.8 MHz/);
    assert.match(await key('sweep-cpu', 'ArrowRight'), /latency .* s; power .* W; energy .* J/);
    assert.equal(await page.locator('#sweep-other').count(), 0, 'no other axis was swept');
  });

  test('each batch size at its best: energy, throughput, latency', async () => {
    const rows = await csv('batch-each');
    for (const row of rows) {
      const least = study.minima.find((minimum) => minimum.network === row.network && minimum.batch === Number(row.batch));
      const { energy_j, latency_s, inferences } = study.points[least.best];
      close(Number(row.energy_per_inference_j), energy_j.value / inferences, 'energy');
      close(Number(row.inferences_per_s), inferences / latency_s.value, 'rate');
      close(Number(row.batch_latency_s), (Number(row.batch) * latency_s.value) / inferences, 'batch');
    }
    assert.equal((await marks('#batch-each circle[data-side="right"]')).length, rows.length);
    assert.match(await sentence('over-batch'), /Batch 32 uses [\d.]+ % to [\d.]+ % less energy than batch 8/);
  });

  test('governors stand beside the best setting, with every number', async () => {
    const drawn = await marks('#governors-compared rect[data-value]');
    const of = (name) => study.points.find((point) => point.baseline === name && point.network === first().network && point.setting.batch === first().batch);
    for (const name of ['default', 'powersave']) {
      const values = drawn.filter((bar) => bar.row === `'${name}'`).map((bar) => Number(bar.value));
      assert.deepEqual(values, [of(name).energy_j.value, of(name).latency_s.value, of(name).power_w.value], name);
    }
    assert.equal(Number(drawn[0].value), study.points[first().best].energy_j.value);
    assert.match(await key('governors-compared', 'ArrowDown'), /^best setting: energy .* J, at CPU/);
  });

  test('residency: the share of each clock, and how long at the highest', async () => {
    const shares = study.points.find((point) => point.baseline === 'default' && point.network === first().network && point.setting.batch === first().batch).residency_percent;
    const drawn = await marks('#residency rect.share');
    assert.deepEqual(drawn.filter((bar) => bar.axis === 'cpu_frequency_hz').map((bar) => [Number(bar.value), Number(bar.percent)]), shares.cpu_frequency_hz);
    assert.match(await sentence('residency'), /CPU 89 % of the time at 1479 MHz/);
  });

  test('cumulative energy: ends as the data say, the difference in words', async () => {
    const drawn = await marks('#cumulative path[data-end-j]');
    assert.ok(drawn.length >= 2);
    for (const line of drawn) assert.ok(study.cumulative.some((row) => row.energy_j.at(-1) === Number(line.endJ)));
    assert.match(await sentence('cumulative'), /has used [\d.]+ % less than/);
    const all = study.cumulative.reduce((sum, row) => sum + row.time_s.length, 0);
    assert.equal((await csv('cumulative')).length, all);
  });

  test('layers: largest first, shares that add up, by operation too', async () => {
    const [profile] = study.profiles.filter((one) => one.layers.length);
    const sorted = [...profile.layers].sort((a, b) => b.energy_j - a.energy_j);
    assert.deepEqual((await marks('#layers rect[data-value]')).map((bar) => [bar.row, Number(bar.value)]), sorted.map((layer) => [layer.layer, layer.energy_j]));
    const text = await key('layers', 'End');
    assert.match(text, /with those above 100\.0 %/);
    await page.selectOption('#layers select[name="By"]', 'operation');
    const kinds = new Set(profile.layers.map((layer) => layer.operation));
    await page.waitForFunction((n) => document.querySelectorAll('#layers rect[data-value]').length === n, kinds.size);
    const total = (await marks('#layers rect[data-value]')).reduce((sum, bar) => sum + Number(bar.value), 0);
    close(total, profile.layers.reduce((sum, layer) => sum + layer.energy_j, 0), 'the same energy');
  });

  test('boards: every row of every study, saving with its sign', async () => {
    const drawn = await marks('#boards .panel[data-panel="Energy of one inference"] rect[data-value]');
    const rows = await csv('boards');
    assert.equal(rows.length, study.boards.length);
    for (const row of study.boards) assert.ok(drawn.some((bar) => Number(bar.value) === row.energy_per_inference_j.value), `${row.board} ${row.network}`);
    assert.match(await sentence('boards'), /^12 best settings on 3 boards, all simulated\./);
  });

  test('the search: each probe once, failed and beyond marked, the least never rises', async () => {
    const { probes, governors } = study.search;
    const drawn = await marks('#search [data-probe]');
    assert.deepEqual(drawn.map((mark) => [Number(mark.probe), mark.cost === undefined ? null : Number(mark.cost)]), probes.map((probe, i) => [i + 1, probe.cost]));
    assert.equal(await page.locator('#search .cross[data-probe]').count(), probes.filter((probe) => probe.cost === null).length);
    assert.equal(await page.locator('#search .open[data-probe]').count(), probes.filter((probe) => probe.cost !== null && probe.within_limits === false).length);
    assert.equal(await page.locator('#search path.governor[data-baseline]').count(), governors.filter((one) => one.cost !== null).length);
    assert.ok((await key('search', 'Home')).includes(probes[0].why), "the optimiser's words");
    assert.equal((await csv('search')).length, probes.length);
  });

  test('the budget: shares of the variance; where there is none, it says where there is', async () => {
    assert.match(plain(await page.locator('#budget .nothing').textContent()), /no budget of uncertainty\. These have one: alexnet, batch 16/);
    const [one] = study.budgets;
    await page.selectOption('select[name="Batch"]', { label: String(study.points[one.point].setting.batch) });
    await page.locator('#budget').scrollIntoViewIfNeeded();
    await page.waitForSelector('#budget rect[data-value]');
    const drawn = (await marks('#budget rect[data-value]')).filter((bar) => bar.series === 'best setting');
    for (const cause of one.causes) assert.ok(drawn.some((bar) => bar.row.startsWith(cause.cause) && Number(bar.value) === cause.percent_of_variance), cause.cause);
    assert.match(await sentence('budget'), /% of the variance comes from gain of the power chip/);
  });

  test('the order of the runs: all that have an energy and a mean', async () => {
    const with_ = study.runs.filter((run) => run.energy_j !== null && study.points[run.point]?.energy_j);
    assert.equal(Number((await marks('#order path.dots'))[0].runs), with_.length);
    const rows = await csv('order');
    const row = rows[17];
    const run = study.runs.find((one) => one.id === Number(row.run));
    close(Number(row.from_mean_of_setting_percent), 100 * (run.energy_j / study.points[run.point].energy_j.value - 1), 'deviation');
  });
});

describe('figures of a study of accelerators and graphs', { skip }, () => {
  let page, shut;
  before(async () => {
    ({ page, close: shut } = await open(reportOf(otherStudy(sampleStudy())), { viewport: { width: 1280, height: 900 } }));
    await drawAll(page);
  });
  after(async () => shut?.());
  const marks = (selector) => page.locator(selector).evaluateAll((elements) => elements.map((element) => ({ ...element.dataset })));

  test('accelerators, each at its own best: energy, latency, product; what is absent says so', async () => {
    assert.equal(await page.locator('#compare-accelerator h3').textContent(), 'GPU against DLA');
    const drawn = (await marks('#compare-accelerator [data-value]')).filter((mark) => mark.row === 'net-a').map((mark) => [mark.series, Number(mark.value)]);
    const wanted = [['dla', 0.59], ['gpu', 0.41], ['dla', 0.043], ['gpu', 0.027], ['dla', 0.59 * 0.043], ['gpu', 0.41 * 0.027]];
    assert.deepEqual(drawn.map(([name]) => name), wanted.map(([name]) => name));
    drawn.forEach(([name, value], i) => close(value, wanted[i][1], name));
    assert.ok((await page.locator('#compare-accelerator .faint').first().textContent()).includes('the engine has no such layer'));
    const rows = parseCsv((await downloadOf(page, '#compare-accelerator button:text-is("CSV")')).toString());
    assert.deepEqual(rows.map((row) => [row.network, row.accelerator]), [['net-a', 'dla'], ['net-a', 'gpu'], ['net-b', 'dla'], ['net-b', 'gpu']]);
    assert.match(rows[1].best_setting, /GPU 700 MHz/);
  });

  test('static against dynamic graph: energy at once and over time', async () => {
    assert.match(plain(await page.locator('#compare-graph .sentence').textContent()), /static uses 16\.7 % less energy than dynamic and takes 16\.7 % less time/);
    const text = plain(await page.locator('#cumulative .sentence').textContent());
    assert.match(text, /After 320 inferences graph=static has used 8\.5 % less than graph=dynamic \(45\.75 J against 50\.00 J\); before the first inference 25\.0 % more \(12\.50 J against 10\.00 J\)\. It is ahead from 160 inferences on\./);
    assert.equal(await page.locator('#cumulative h3').textContent(), 'Cumulative energy of static and dynamic graph');
  });

  test('an axis that is no GPU or CPU clock has its cut; a network without it says which have', async () => {
    await page.selectOption('select[name="Network"]', { label: 'net-a accelerator=dla' });
    await page.locator('#sweep-other').scrollIntoViewIfNeeded();
    await page.waitForSelector('#sweep-other circle[data-side="below"]');
    assert.deepEqual((await marks('#sweep-other circle[data-side="below"]')).map((mark) => [Number(mark.x), Number(mark.value)]), [[6e8, 63], [12e8, 59]]);
    assert.match(plain(await page.locator('#sweep-other .sentence').textContent()), /1 setting has a word in place of a number/);
    assert.match(await page.locator('#sweep-gpu .nothing').textContent(), /not swept along the GPU clock\. These were: net-a accelerator=gpu/);
  });

  test('an energy of nothing draws numbers all the same', async () => {
    const study = sampleStudy();
    const { network, batch } = study.minima[0];
    const all = study.points.filter((one) => one.network === network && one.setting.batch === batch);
    for (const one of [all.find((p) => p.baseline === null && p.energy_j), all.find((p) => p.baseline === 'default')]) Object.assign(one, { energy_j: { ...one.energy_j, value: 0, uncertainty: 0 } });
    const { page: other, close: end } = await open(reportOf(study));
    await drawAll(other);
    assert.deepEqual(await other.evaluate(() => [...document.querySelectorAll('figure svg *')].filter((element) => [...element.attributes].some((one) => /NaN|Infinity/.test(one.value))).map((element) => `${element.closest('figure').id} ${element.outerHTML.slice(0, 200)}`)), []);
    assert.doesNotMatch(await other.evaluate(() => [...document.querySelectorAll('figure')].map((figure) => figure.textContent).join(' ')), /NaN|Infinity/);
    await end();
  });

  test('what the study has nothing for is left out', async () => {
    for (const id of ['layers', 'boards', 'search', 'budget', 'residency', 'governors-compared', 'compare-precision', 'over-batch']) assert.equal(await page.locator(`#${id}`).count(), 0, id);
  });
});

after(finish);

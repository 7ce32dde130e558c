// Studies that are hostile, empty, unmeasured or damaged.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { column } from '../sample/column.mjs';
import { chromiumPath, downloadOf, drawAll, finish, open, parseCsv, reportOf, sampleStudy, template } from './browser.mjs';

const skip = !chromiumPath ? 'skipped: no Chromium here' : !existsSync(template) ? 'skipped: the page is not built (npm run build)' : false;
after(finish);

const kHostile = `</script><script>window.hacked = 1</script><img src=x onerror="window.hacked=2"> "q" 'a' & <!-- $& @ISOJOULE_STUDY@`;

test('hostile names are text and nothing else', { skip }, async () => {
  const study = sampleStudy();
  study.study.name = study.study.command = study.study.board = study.study.plan_toml = kHostile;
  const rename = (row) => row.network === 'alexnet' && (row.network = kHostile);
  study.points.forEach((point) => (rename(point), point.baseline === 'default' && (point.baseline = `${kHostile}default`)));
  study.minima.forEach((minimum) => (rename(minimum), minimum.comparisons.forEach((c) => c.baseline === 'default' && (c.baseline = `${kHostile}default`))));
  study.counters[0].meaning = kHostile;
  study.runs.forEach((run) => run.failure && (run.failure = kHostile));
  const { page, close } = await open(reportOf(study));
  await drawAll(page);
  for (const summary of await page.$$('summary')) await summary.click();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('#page img, #page script').count(), 0);
  assert.equal(await page.locator('h1').textContent(), kHostile);
  assert.equal(await page.title(), `${kHostile}: isojoule report`);
  assert.ok((await page.locator('.card h3').first().textContent()).startsWith(kHostile));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280);
  await close();
});

test('a study without energy says why and shows no zero', { skip }, async () => {
  const study = sampleStudy();
  study.simulated = false;
  study.minima = [];
  const why = 'no power sensor: tried /sys/class/hwmon, /sys/class/powercap';
  study.boards.forEach((row) => (row.simulated = false)); // of a measured study these rows, too, are measured
  study.points.forEach((point) => Object.assign(point, { energy_j: null, net_energy_j: null, power_w: null, why_absent: why }));
  study.runs.forEach((run) => Object.assign(run, { energy_j: null, energy_u_j: null }));
  const { page, close } = await open(reportOf(study));
  await drawAll(page);
  const text = (await page.locator('#page').innerText()).replace(/[\u00a0\u202f]/g, ' ');
  assert.ok(text.includes(why));
  assert.doesNotMatch(text, /(^|[^\d.,])0(\.0+)? (m?J|W)\b/m);
  assert.equal(await page.locator('.tag, .simulated-tag, .simulated').count(), 0);
  assert.ok(await page.locator('#sweep-gpu svg').count(), 'latency is drawn all the same');
  await page.click('#points summary');
  await page.locator('#points td').first().waitFor(); // the table is made when it is opened
  assert.ok((await page.locator('#points td').allTextContents()).includes(`absent: ${why}`));
  await close();
});

test('a study of one setting, without clocks, governors or sensors', { skip }, async () => {
  const study = sampleStudy();
  const [point] = study.points;
  study.points = [{ ...point, setting: { batch: 8, threads: 2 }, energy_j: null, net_energy_j: null, power_w: null, why_absent: 'no sensor', counters: {} }];
  study.runs = [{ ...study.runs[0], point: 0, energy_j: null, energy_u_j: null, state: 'complete', failure: '' }, { ...study.runs[1], point: null }];
  Object.assign(study, { minima: [], counters: [], timelines: [], cumulative: [], budgets: [] });
  delete study.search; // it would lead the page
  Object.assign(study.study, { protocol: null, rails: [], release: '' });
  const { page, close } = await open(reportOf(study));
  await drawAll(page);
  for (const summary of await page.$$('summary')) await summary.click();
  const text = await page.locator('#page').innerText();
  assert.match(text, /names no best setting/);
  assert.match(text, /No counter was raised/);
  assert.match(text, /threads 2/);
  const undrawn = page.locator('figure:not(:has(svg))');
  assert.ok(await undrawn.count() > 0);
  assert.equal(await undrawn.locator('button:text-is("SVG"):visible, button:text-is("PNG"):visible').count(), 0, 'there is no picture to save');
  for (const figure of await undrawn.all()) assert.ok((await figure.locator('.plot').boundingBox()).height < 200, 'no hole where nothing is drawn');
  await close();
});

test('a hole in the grid is hatched and reads out its reason', { skip }, async () => {
  const study = sampleStudy();
  const best = study.points[study.minima[0].best];
  const other = study.points.find((p) => p.baseline === null && p.network === best.network && p.setting.batch === best.setting.batch && p !== best);
  Object.assign(other, { energy_j: null, why_absent: 'the engine crashed <here>' });
  const { page, close } = await open(reportOf(study));
  const hole = page.locator('#heat-map rect.absent');
  assert.equal(await hole.count(), 1);
  await hole.scrollIntoViewIfNeeded();
  await hole.hover();
  assert.match(await page.locator('#heat-map output').textContent(), /energy absent: the engine crashed <here>/);
  await close();
});

test('worse than the governors, or too close to call, is said so', { skip }, async () => {
  const study = sampleStudy();
  const set = (i, saving, uncertainty) => study.minima[i].comparisons.forEach((c) => Object.assign(c, { saving_percent: saving, saving_uncertainty_percent: uncertainty }));
  set(0, -3, 0.2);
  set(1, 0.4, 0.5);
  const { page, close } = await open(reportOf(study));
  assert.match(await page.locator('.card').nth(0).innerText(), /3\.0\s%\s+more energy/);
  assert.match(await page.locator('.card').nth(1).innerText(), /within its uncertainty/);
  await close();
});

for (const [what, text, says] of [
  ['no study', '@ISOJOULE_STUDY@', /holds no study yet/],
  ['a damaged study', '{"schema": 2, "points": [', /damaged/],
  ['a study of an older schema', '{"schema": 1}', /schema 1.*older program/],
  ['data that is no study', '{"schema": 2, "points": 7}', /generator is missing/],
  ['a study of a newer schema', '{"schema": 99}', /schema 99/],
]) {
  test(`${what} gets one clear line`, { skip }, async () => {
    const { page, close } = await open(reportOf(text));
    assert.match(await page.locator('[role=alert]').textContent(), says);
    await close();
  });
}

test('outliers stand with their causes, drift with its size; an older study has neither', { skip }, async () => {
  const study = sampleStudy();
  const before = await open(reportOf(study));
  assert.equal(await before.page.locator('#repeats-text').count(), 0);
  await before.close();
  const interval = { low: 99.5, high: 100.5, level: 0.95, method: 'bca', note: '' };
  const measured = study.points.find((point) => point.energy_j);
  measured.repeats = { count: 10, median_j: 100, mean_interval_j: interval, median_interval_j: interval, spread_percent: 6.1, criterion_percent: 5, within_criterion: false,
    outliers: [{ run: 17, block: 3, energy_j: 130, deviation_percent: 30, causes: ['clock_drifted (4)'] }, { run: 18, block: 4, energy_j: 131, deviation_percent: 31, causes: [] }] };
  study.drift = { why_absent: '', shown: true, p: 0.0005, runs: 70, settings: 7, blocks: 10, kind: 'trend', level: 0.95,
    trend: { percent_over_study: 2.5, percent_low: 1.9, percent_high: 3.1, percent_per_hour: 0.8, hours: 3, p: 0.0005 }, jump: { percent: 1, sequence: 30, block: 4, p: 0.02 } };
  const { page, close } = await open(reportOf(study));
  const text = (await page.locator('#repeats-text').innerText()).replace(/[\u00a0\u202f]/g, ' ');
  for (const words of ['1 of 1 settings more than 5 %', 'The board drifted: +2.50 % from the first run to the last (95 %: +1.90 % to +3.10 %), +0.80 % per hour (p < 0.001', 'clock_drifted (4)', 'no cause known', '+30.0 %'])
    assert.ok(text.includes(words), `${words} in: ${text}`);
  await close();
});

// Everything is drawn and opened, nothing sticks out, no figure gave up, no console error (close() sees to that).
async function staysWhole(study, width = 1280) {
  const opened = await open(reportOf(study), { viewport: { width, height: 900 } });
  await drawAll(opened.page);
  for (const summary of await opened.page.$$('main > section summary')) await summary.click();
  assert.equal(await opened.page.evaluate(() => document.documentElement.scrollWidth), width);
  assert.doesNotMatch(await opened.page.locator('#page').innerText(), /could not be drawn|NaN|undefined/);
  assert.equal(await opened.page.evaluate(() => window.hacked), undefined);
  return opened;
}

test('one run, and none', { skip }, async () => {
  const study = sampleStudy();
  const [point] = study.points.filter((p) => p.energy_j);
  const alone = { ...study.timelines[0], point: 0 };
  for (const part of ['profiles', 'cumulative', 'budgets', 'boards']) study[part] = [];
  delete study.search;
  Object.assign(study, { points: [{ ...point, runs: 1 }], runs: [{ ...study.runs.find((run) => run.energy_j), point: 0 }], minima: [], timelines: [alone], counters: [], totals: { runs: 1, failed: 0, throttled: 0 } });
  const one = await staysWhole(study, 360);
  assert.equal(await one.page.locator('#timeline svg').count(), 1);
  await one.close();
  Object.assign(study, { points: [], runs: [], timelines: [], totals: { runs: 0, failed: 0, throttled: 0 } });
  study.study.created = study.study.plan_toml = '';
  const none = await staysWhole(study, 360);
  assert.match(await none.page.locator('#answer').innerText(), /names no best setting/);
  assert.equal(await none.page.locator('#timeline').count(), 0);
  await none.close();
});

test('every run failed, throttled or marked', { skip }, async () => {
  const study = sampleStudy();
  study.points.forEach((point) => Object.assign(point, { energy_j: null, net_energy_j: null, power_w: null, latency_s: null, why_absent: 'every run was throttled', failed: 1, throttled: point.runs - 1, counters: { throttled: 9 } }));
  study.runs.forEach((run, i) => Object.assign(run, { energy_j: null, energy_u_j: null, latency_s: null, state: i % 2 ? 'failed' : 'throttled', failure: 'hot', counters: { throttled: 3 } }));
  study.timelines.forEach((timeline) => Object.assign(timeline, { series: [], phases: [], batches: null, why_absent: 'the trace was not kept' }));
  Object.assign(study, { minima: [], totals: { runs: study.runs.length, failed: study.runs.length / 2, throttled: study.runs.length / 2 } });
  delete study.search;
  const { page, close } = await staysWhole(study);
  assert.match(await page.locator('#timeline').innerText(), /No samples of .*: the trace was not kept/);
  assert.match(await page.locator('#answer').innerText(), /every run was throttled/);
  await close();
});

test('500 x 500 clocks are thinned for the figures and whole in the table; 2,000 networks are paged', { skip }, async () => {
  const study = sampleStudy();
  const like = study.points.find((point) => point.energy_j);
  const estimate = (value) => ({ value, uncertainty: value / 100, spread_percent: 1, count: 3 });
  study.points = Array.from({ length: 250_000 }, (_, i) => ({ ...like, setting: { batch: 8, cpu_frequency_hz: 1e6 * (1 + (i % 500)), gpu_frequency_hz: 1e6 * (1 + Math.floor(i / 500)) }, energy_j: estimate(50 + ((i % 500) - 203) ** 2 / 100 + (Math.floor(i / 500) - 307) ** 2 / 100), net_energy_j: null, latency_s: estimate(3), power_w: estimate(9) }));
  const best = 307 * 500 + 203;
  study.points.push(...Array.from({ length: 2000 }, (_, i) => ({ ...like, network: `network ${i}` })));
  study.minima = [{ ...study.minima[0], best, comparisons: [] }, ...Array.from({ length: 2000 }, (_, i) => ({ ...study.minima[0], network: `network ${i}`, best: 250_000 + i, comparisons: [] }))];
  study.runs = study.runs.slice(0, 10).map((run) => ({ ...run, point: 0 }));
  for (const part of ['timelines', 'cumulative', 'budgets', 'boards', 'profiles']) study[part] = [];
  const { page, close } = await open(reportOf(study));
  await page.waitForSelector('#heat-map .minimum');
  assert.equal(Number(await page.locator('#heat-map .minimum').getAttribute('data-cpu-hz')), 204e6);
  assert.equal(Number(await page.locator('#heat-map .minimum').getAttribute('data-gpu-hz')), 308e6);
  assert.match(await page.locator('#map').innerText(), /Too many clocks to draw: the figures show 10\d of 500 CPU/);
  assert.ok((await page.locator('.card').count()) <= 24);
  await page.click('#answer .pager button:text-is("Next")');
  assert.match(await page.locator('.card h3').first().innerText(), /network 23/);
  assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) < 60_000);
  await close();
});

const kRtl = '\u202egnp.\u05d0\u05d1 \u2066open';
test('names that turn the text round, of 10 kB, of addresses: all stand as text, whole in CSV', { skip }, async () => {
  const study = sampleStudy();
  const long = 'a very long name '.repeat(640);
  const rename = (from, to) => [...study.points, ...study.minima, ...study.profiles, ...study.boards].forEach((row) => row.network === from && (row.network = to));
  rename('alexnet', kRtl);
  rename('resnet-18', long);
  const base = (row) => row.baseline === 'ondemand' && (row.baseline = `${long}2`);
  study.points.forEach(base);
  study.minima.forEach((minimum) => minimum.comparisons.forEach(base));
  Object.assign(study.study, { name: long, board: 'javascript:window.hacked=1', release: kRtl, command: long, engine: '"><svg onload=window.hacked=3>' });
  study.study.rails[0].name = long;
  study.timelines[0].label = long;
  study.timelines[0].series[0].name = long;
  study.timelines[0].series[1].name = '<script>window.hacked=4</script>';
  study.timelines[0].phases[0].name = kRtl;
  study.counters[0].meaning = long;
  for (const layer of study.profiles[0].layers) layer.layer = `${long}${layer.layer}`;
  const { page, close } = await staysWhole(study, 360);
  assert.ok((await page.locator('h1').innerText()).length < 200);
  assert.equal(await page.locator('a[href^="javascript"], #page script, #page img').count(), 0);
  const card = await page.locator('.card h3').first().textContent();
  assert.ok(card.startsWith('\u2068') && card.includes('\u2069') && !/[\u202a-\u202e\u2066]/.test(card), 'closed in itself');
  assert.match(await page.locator('#method').innerText(), /Names shortened on this page/);
  assert.ok((await page.locator('#method .whole-name').allTextContents()).includes(long));
  const rows = parseCsv((await downloadOf(page, '#points button:text-is("CSV")')).toString());
  assert.deepEqual([...new Set(rows.map((row) => row.network))], [kRtl, long]);
  await close();
});

test('control characters and halves of pairs in names: a saved picture is XML all the same', { skip }, async () => {
  const study = sampleStudy();
  const bad = 'alexnet\u0000\u0001\u001b\ud800';
  for (const row of [...study.points, ...study.minima]) if (row.network === 'alexnet') row.network = bad;
  study.study.board = bad;
  const { page, close } = await staysWhole(study);
  const svg = (await downloadOf(page, '#heat-map button:text-is("SVG")')).toString();
  assert.equal(await page.evaluate((text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null, svg), null);
  assert.ok(svg.includes('alexnet\ufffd\ufffd\ufffd'));
  assert.equal((await downloadOf(page, '#heat-map button:text-is("PNG")')).subarray(1, 4).toString(), 'PNG');
  await page.evaluate(() => (HTMLCanvasElement.prototype.toDataURL = () => { throw new Error('no memory'); }));
  await page.click('#heat-map button:text-is("PNG")');
  await page.locator('#heat-map output:has-text("The PNG could not be made: no memory.")').waitFor();
  await close();
});

test('damaged samples spoil their own series alone', { skip }, async () => {
  const study = sampleStudy();
  const [timeline] = study.timelines;
  timeline.series[1].value = { ...timeline.series[1].value, data: '????' };
  timeline.series[2].time = 99;
  timeline.series[4].value = { ...timeline.series[4].value, count: 1e12 };
  timeline.series[6].time = column([3, 2, 1], 1);
  timeline.batches.begin_s.data = '=';
  const { page, close } = await staysWhole(study);
  const drawn = await page.locator('#timeline path.trace').evaluateAll((paths) => paths.map((path) => [path.dataset.series, (path.getAttribute('d') ?? '').length > 20]));
  assert.deepEqual(drawn, [['POM_5V_IN', true], ['POM_5V_GPU', false], ['POM_5V_CPU', false], ['cpu_frequency', true], ['gpu_frequency', false], ['temperature_cpu', true], ['temperature_gpu', false]]);
  assert.match(await page.locator('#timeline svg').textContent(), /POM_5V_GPU \(damaged\)/);
  assert.match(await page.locator('#timeline .switches button').nth(1).getAttribute('title'), /its data is damaged: it names \d+ values and holds fewer/);
  await close();
});

test('a part that is absent leaves out its figure alone', { skip }, async () => {
  const study = sampleStudy();
  for (const part of ['profiles', 'timelines', 'cumulative', 'budgets', 'search', 'boards']) delete study[part];
  study.points.forEach((point) => (point.residency_percent = {}));
  const { page, close } = await staysWhole(study);
  assert.equal(await page.locator('#timeline').count(), 0);
  assert.equal(await page.locator('#heat-map svg').count(), 1);
  await close();
});

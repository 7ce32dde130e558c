// Studies that are hostile, empty, unmeasured or damaged.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { chromiumPath, drawAll, finish, open, reportOf, sampleStudy, template } from './browser.mjs';

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
  Object.assign(study.study, { protocol: null, rails: [], release: '' });
  const { page, close } = await open(reportOf(study));
  await drawAll(page);
  for (const summary of await page.$$('summary')) await summary.click();
  const text = await page.locator('#page').innerText();
  assert.match(text, /names no best setting/);
  assert.match(text, /No counter was raised/);
  assert.match(text, /threads 2/);
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
  ['a damaged study', '{"schema": 1, "points": [', /damaged/],
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

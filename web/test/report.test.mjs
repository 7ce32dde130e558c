// The report's page in a real headless Chromium. By default with the made-up sample; ISOJOULE_REPORT=FILE
// runs the same tests on a report that the program wrote.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromiumPath, downloadOf, drawAll, finish, folder, open, parseCsv, reportOf, sampleStudy, studyIn, template } from './browser.mjs';

const skip = !chromiumPath ? 'skipped: no Chromium here' : !existsSync(template) ? 'skipped: the page is not built (npm run build)' : false;
const given = process.env.ISOJOULE_REPORT;
const report = skip ? '' : (given ?? reportOf(sampleStudy()));
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');
after(finish);

async function choose(page, minimum) {
  const cards = await page.$$('.card');
  for (const card of cards) {
    const [network, batch] = await card.evaluate((element) => [element.dataset.network, Number(element.dataset.batch)]);
    if (network === minimum.network && batch === minimum.batch) await (await card.$('button')).click();
  }
  await drawAll(page);
}

test('opens offline: no console error, no request, answer first', { skip }, async (t) => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  await page.waitForSelector('#heat-map svg .minimum');
  const first = await page.evaluate(() => performance.now());
  t.diagnostic(`first figure after ${first.toFixed(0)} ms`);
  assert.equal(await page.locator('.card').count(), study.minima.length);
  const above = await page.evaluate(() => document.querySelector('#answer').compareDocumentPosition(document.querySelector('figure')));
  assert.ok(above & 4, 'the answer stands before the first figure');
  await drawAll(page);
  await close();
});

test("the minimum's mark is where the table says", { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  for (const minimum of study.minima.slice(0, 8)) {
    await choose(page, minimum);
    const { setting, energy_j } = study.points[minimum.best];
    for (const figure of ['#heat-map', '#surface']) {
      const mark = await page.locator(`${figure} .minimum`).evaluate((g) => ({ ...g.dataset }));
      assert.equal(Number(mark.cpuHz), setting.cpu_frequency_hz, figure);
      assert.equal(Number(mark.gpuHz), setting.gpu_frequency_hz, figure);
      assert.equal(Number(mark.energyJ), energy_j.value, figure);
    }
    // On the screen: the mark's middle lies in the one cell that carries the clocks of the table's row.
    const row = page.locator('#minima-table tr', { has: page.locator(`th:text-is("${minimum.network}")`) }).filter({ has: page.locator(`td:nth-child(2):text-is("${minimum.batch}")`) }).first();
    const [cpu, gpu] = await row.locator('[data-hz]').evaluateAll((spans) => spans.map((span) => span.dataset.hz));
    const mark = await page.locator('#heat-map .minimum').boundingBox();
    const cell = await page.locator(`#heat-map rect.cell[data-cpu-hz="${cpu}"][data-gpu-hz="${gpu}"]`).boundingBox();
    const [x, y] = [mark.x + mark.width / 2, mark.y + mark.height / 2];
    assert.ok(x > cell.x && x < cell.x + cell.width && y > cell.y && y < cell.y + cell.height, `${minimum.network} batch ${minimum.batch}`);
  }
  await close();
});

test('the table of the minima stands with the governors', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  assert.equal(await page.locator('#governors #minima-table').count(), study.minima.length ? 1 : 0);
  assert.equal(await page.locator('#minima-table tbody tr').count(), Math.min(50, study.minima.reduce((sum, { comparisons }) => sum + Math.max(1, comparisons.length), 0)));
  await close();
});

test('lines of equal energy lie between the cells that they divide', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  await page.waitForSelector('#heat-map path.isojoule');
  const minimum = study.minima[0];
  const energies = study.points.filter((p) => p.baseline === null && p.network === minimum.network && p.setting.batch === minimum.batch && p.energy_j).map((p) => p.energy_j.value);
  const levels = await page.locator('#heat-map path.isojoule').evaluateAll((paths) => paths.map((path) => Number(path.dataset.energyJ)));
  for (const level of levels) assert.ok(level > Math.min(...energies) && level < Math.max(...energies));
  const governor = study.points.find((p) => p.baseline === 'default' && p.network === minimum.network && p.setting.batch === minimum.batch);
  const drawn = page.locator('#surface .plane');
  if (governor?.energy_j) assert.equal(Number(await drawn.getAttribute('data-energy-j')), governor.energy_j.value);
  await close();
});

test('the surface turns: by dragging, by keys, by buttons', { skip }, async () => {
  const { page, close } = await open(report);
  const drawing = page.locator('#surface svg.turnable');
  await drawing.scrollIntoViewIfNeeded();
  const look = () => drawing.evaluate((svg) => ({ yaw: svg.dataset.yaw, pitch: svg.dataset.pitch, shape: svg.querySelector('.facets path').getAttribute('d') }));
  const before = await look();
  const box = await drawing.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 80, box.y + box.height / 2 + 30, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction((yaw) => document.querySelector('#surface svg').dataset.yaw !== yaw, before.yaw);
  const dragged = await look();
  assert.notEqual(dragged.yaw, before.yaw);
  assert.notEqual(dragged.pitch, before.pitch);
  assert.notEqual(dragged.shape, before.shape);
  await drawing.focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction((yaw) => document.querySelector('#surface svg').dataset.yaw !== yaw, dragged.yaw);
  await page.click('#surface button:text-is("From above")');
  await page.waitForFunction(() => document.querySelector('#surface svg').dataset.pitch === '90.0');
  await page.click('#surface button:text-is("Reset")');
  await page.waitForFunction((yaw) => document.querySelector('#surface svg').dataset.yaw === yaw, before.yaw);
  assert.equal((await look()).shape, before.shape);
  await close();
});

test('network, batch size and governors can be chosen', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  const last = study.minima.at(-1);
  await page.selectOption('select[name="Network"]', { label: last.network });
  await page.selectOption('select[name="Batch"]', { label: String(last.batch) });
  await page.locator('#heat-map').scrollIntoViewIfNeeded();
  await page.waitForFunction((energy) => Number(document.querySelector('#heat-map .minimum')?.dataset.energyJ) === energy, study.points[last.best].energy_j.value);
  assert.equal(await page.locator('.card.chosen').getAttribute('data-network'), last.network);
  const other = last.comparisons.find((comparison) => comparison.baseline !== 'default');
  if (other) {
    await page.selectOption('select[name="Against governors"]', { label: other.baseline });
    await page.waitForFunction((energy) => Number(document.querySelector('#surface .plane')?.dataset.energyJ) === energy, study.points[other.point].energy_j.value);
  }
  await close();
});

test('keyboard reads out the cells of the map', { skip }, async () => {
  const { page, close } = await open(report);
  await page.locator('#heat-map svg').focus();
  const before = await page.locator('#heat-map output').textContent();
  await page.keyboard.press('ArrowRight');
  const after = await page.locator('#heat-map output').textContent();
  assert.notEqual(after, before);
  assert.match(plain(after), /CPU [\d.]+ MHz, GPU [\d.]+ MHz: /);
  await close();
});

test('light and dark, by the system and by hand', { skip }, async () => {
  const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await open(report, { colorScheme: 'dark' });
  const light = await open(report, { colorScheme: 'light' });
  const brightness = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
  assert.ok(brightness(await paper(dark.page)) < 150);
  assert.ok(brightness(await paper(light.page)) > 600);
  await dark.page.selectOption('select[name="Theme"]', 'light');
  assert.equal(await paper(dark.page), await paper(light.page));
  await light.page.selectOption('select[name="Theme"]', 'dark');
  assert.ok(brightness(await paper(light.page)) < 150);
  await dark.close();
  await light.close();
});

for (const width of [360, 768]) {
  test(`${width} px wide: nothing sticks out`, { skip }, async () => {
    const { page, close } = await open(report, { viewport: { width, height: 740 } });
    await drawAll(page);
    for (const summary of await page.$$('summary')) await summary.click();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    await close();
  });
}

test('the CSV of the map holds the data, absent energies empty', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  const minimum = study.minima.at(-2) ?? study.minima[0];
  await choose(page, minimum);
  const rows = parseCsv((await downloadOf(page, '#heat-map button:text-is("CSV")')).toString());
  const points = study.points.filter((p) => p.baseline === null && p.network === minimum.network && p.setting.batch === minimum.batch);
  assert.equal(rows.length, points.length);
  for (const row of rows) {
    const point = points.find((p) => p.setting.cpu_frequency_hz === Number(row.cpu_frequency_hz) && p.setting.gpu_frequency_hz === Number(row.gpu_frequency_hz));
    assert.equal(row.energy_j, point.energy_j ? String(point.energy_j.value) : '');
    assert.equal(row.latency_s, point.latency_s ? String(point.latency_s.value) : '');
    assert.equal(row.why_absent, point.why_absent);
    assert.equal(row.simulated, String(study.simulated));
  }
  const runs = parseCsv((await downloadOf(page, '#runs button:text-is("CSV")')).toString());
  assert.equal(runs.length, study.runs.length);
  assert.equal(runs[5].energy_j, study.runs[5].energy_j === null ? '' : String(study.runs[5].energy_j));
  await close();
});

test('every figure can be saved as SVG, PNG and CSV', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  await drawAll(page);
  for (const figure of await page.$$('figure')) {
    const id = await figure.evaluate((element) => element.id);
    if (!(await figure.$('svg'))) continue;
    const svg = (await downloadOf(page, `#${id} button:text-is("SVG")`)).toString();
    const parsed = await page.evaluate((text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null, svg);
    assert.equal(parsed, null, id);
    assert.equal(svg.includes('SIMULATED'), study.simulated, id);
    assert.match(svg, /--ink: #[0-9a-f]{6}/);
    assert.ok(svg.includes(study.study.board), `${id}: a picture alone says of which board it is`);
    const png = await downloadOf(page, `#${id} button:text-is("PNG")`);
    assert.equal(png.subarray(1, 4).toString(), 'PNG', id);
    assert.ok((await downloadOf(page, `#${id} button:text-is("CSV")`)).length > 20, id);
  }
  await close();
});

test('simulated stands in the banner, on the cards and in every drawing', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  await drawAll(page);
  const drawings = await page.locator('figure svg').count();
  assert.ok(drawings >= 6);
  assert.equal(await page.locator('figure svg .simulated-tag').count(), study.simulated ? drawings : 0);
  assert.equal(await page.locator('.masthead .simulated').count(), study.simulated ? 1 : 0);
  assert.equal(await page.locator('.card .tag').count(), study.simulated ? study.minima.length : 0);
  await close();
});

test('every control and drawing has a name; tables are tables', { skip }, async () => {
  const { page, close } = await open(report);
  await drawAll(page);
  const nameless = await page.evaluate(() => {
    const named = (e) => (e.getAttribute('aria-label') ?? e.textContent ?? '').trim() || e.labels?.[0]?.textContent;
    return [...document.querySelectorAll('button, select, svg[role=img], [role=region]')].filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 80));
  });
  assert.deepEqual(nameless, []);
  const untitled = await page.evaluate(() => [...document.querySelectorAll('table')].filter((t) => !t.caption || !t.querySelector('th[scope=col]')).length);
  assert.equal(untitled, 0);
  await close();
});

test('prints with every figure, none of the controls', { skip }, async () => {
  const { page, close } = await open(report);
  assert.ok((await page.pdf({ format: 'A4', printBackground: true })).length > 50_000);
  assert.equal(await page.locator('figure:not([data-drawn])').count(), 0);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.bar').isVisible(), false);
  assert.equal(await page.locator('button:visible, select:visible').count(), 0);
  assert.ok(await page.locator('#residency rect.share').last().isVisible());
  await close();
});

test('counters raised stand with meaning and remedy', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  const text = await page.locator('#counters').textContent();
  for (const counter of study.counters) for (const part of [counter.name, counter.meaning, counter.remedy]) assert.ok(text.includes(part), part);
  await close();
});

test('hovering the minimum reads it out', { skip }, async () => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  if (study.minima.length) {
    const { setting } = study.points[study.minima[0].best];
    const cell = page.locator(`#heat-map rect.cell[data-cpu-hz="${setting.cpu_frequency_hz}"][data-gpu-hz="${setting.gpu_frequency_hz}"]`);
    await cell.scrollIntoViewIfNeeded();
    await cell.hover();
    const text = plain(await page.locator('#heat-map output').textContent());
    assert.ok(text.startsWith(`CPU ${plainMhz(setting.cpu_frequency_hz)} MHz, GPU ${plainMhz(setting.gpu_frequency_hz)} MHz: `), text);
    assert.match(text, /[\d.]+ ± [\d.]+ J/);
  }
  await close();
});
const plainMhz = (hz) => String(Math.round(hz / 1e4) / 100);

// What the timeline shows, when it has come to rest.
async function windowOf(page) {
  await page.waitForFunction(() => document.querySelector('#timeline svg')?.dataset.fine === '1');
  return page.locator('#timeline svg').evaluate((svg) => ({ from: Number(svg.dataset.from), to: Number(svg.dataset.to) }));
}
async function act(page, what) {
  await page.locator('#timeline svg').evaluate((svg) => (svg.dataset.fine = 'waiting'));
  await what();
  return windowOf(page);
}

test('the timeline zooms by wheel, keys, buttons and dragging; its CSV has the samples of the window', { skip }, async (t) => {
  const { page, close } = await open(report);
  const study = await studyIn(page);
  const timeline = study.timelines?.find((one) => one.series.length);
  if (!timeline) return (t.diagnostic('this report keeps no run over time'), close());
  await page.locator('#timeline').scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector('#timeline svg')?.dataset.ready === 'true');
  const drawing = page.locator('#timeline svg');
  const whole = await windowOf(page);
  assert.equal(whole.from, 0);
  const box = await drawing.boundingBox();
  const [x, y] = [box.x + box.width * 0.6, box.y + 130];
  await page.mouse.move(x, y);
  assert.match(plain(await page.locator('#timeline output').textContent()), /^At [\d.]+ s .*: .* [\d.]+ W/);
  // Until the drawing is chosen, the wheel scrolls the page.
  const top = await page.evaluate(() => scrollY);
  await page.mouse.wheel(0, -60);
  await page.waitForFunction((before) => scrollY !== before, top);
  assert.deepEqual(await windowOf(page), whole);
  await drawing.focus();
  await drawing.scrollIntoViewIfNeeded();
  const now = await drawing.boundingBox();
  await page.mouse.move(now.x + now.width * 0.6, now.y + 130);
  const wheeled = await act(page, () => page.mouse.wheel(0, -400));
  assert.ok(wheeled.to - wheeled.from < 0.6 * (whole.to - whole.from), 'the wheel zooms in');
  const keyed = await act(page, () => page.keyboard.press('+'));
  assert.ok(Math.abs((wheeled.to - wheeled.from) / (keyed.to - keyed.from) - 1.5) < 1e-6, 'plus zooms by a half');
  const moved = await act(page, () => page.keyboard.press('ArrowRight'));
  assert.ok(moved.from > keyed.from && Math.abs(moved.to - moved.from - (keyed.to - keyed.from)) < 1e-6, 'an arrow moves');
  await page.mouse.down();
  const dragged = await act(page, () => page.mouse.move(now.x + now.width * 0.6 + 60, now.y + 130, { steps: 3 }));
  await page.mouse.up();
  assert.ok(dragged.from < moved.from, 'dragging to the right goes back in time');
  const rows = parseCsv((await downloadOf(page, '#timeline button:text-is("CSV")')).toString());
  const unpacked = await samplesOf(timeline);
  for (const [i, { name, unit }] of timeline.series.entries()) {
    const wanted = unpacked[i].filter(({ time }) => time >= dragged.from && time <= dragged.to);
    const mine = rows.filter((row) => row.series === name);
    assert.equal(mine.length, wanted.length, name);
    mine.forEach((row, k) => {
      assert.ok(Math.abs(Number(row.time_s) - wanted[k].time) < 1e-9 && Math.abs(Number(row.value) - wanted[k].value) <= 1e-9 * Math.abs(wanted[k].value), `${name} ${k}`);
      assert.deepEqual([row.unit, row.run, row.every], [unit, String(timeline.run), '1']);
    });
  }
  await drawing.focus();
  await act(page, () => page.keyboard.press('m'));
  await act(page, () => page.keyboard.press('ArrowRight'));
  await act(page, () => page.keyboard.press('m'));
  assert.equal(await page.locator('#timeline .marks path').count(), 2);
  assert.match(plain(await page.locator('#timeline output').textContent()), /Between the marks .*: [\d.]+ m?J on|No power was sampled all the way/);
  await act(page, () => page.keyboard.press('Escape'));
  assert.equal(await page.locator('#timeline .marks path').count(), 0, 'Esc takes the marks away');
  assert.deepEqual(await act(page, () => page.keyboard.press('Home')), whole);
  const zoomed = await act(page, () => page.click('#timeline button:text-is("+")'));
  assert.ok(zoomed.to - zoomed.from < whole.to - whole.from);
  const shown = await page.locator('#timeline path.trace').count();
  await act(page, () => page.locator('#timeline .switches button').first().click());
  assert.equal(await page.locator('#timeline path.trace').count(), shown - 1);
  await close();
});

// An own reading of the columns, by the words of src/data.ts.
async function samplesOf(timeline) {
  const values = ({ scale, order, first, data }) => {
    const left = [];
    let n = 0n, shift = 0n;
    for (const byte of Buffer.from(data, 'base64')) {
      n |= BigInt(byte & 127) << shift;
      shift += 7n;
      if (byte < 128) ((left.push(Number(n & 1n ? -(n + 1n) / 2n : n / 2n)), (n = shift = 0n)));
    }
    const sum = (start, steps) => steps.reduce((all, step) => (all.push(all.at(-1) + step), all), [start]);
    const whole = order === 0 ? left : order === 1 ? sum(first[0], left) : sum(first[0], sum(first[1], left));
    return whole.map((one) => one * scale);
  };
  return timeline.series.map(({ time, value }) => {
    const times = values(typeof time === 'number' ? timeline.series[time].time : time);
    return values(value).map((one, i) => ({ time: times[i], value: one }));
  });
}

// Every run's CSV against the program's own. `sameEnergies` compares the two numbers of every energy.
async function compareRuns(path, csv, sameEnergies) {
  const { page, close } = await open(path);
  const mine = parseCsv((await downloadOf(page, '#runs button:text-is("CSV")')).toString());
  const theirs = parseCsv(csv.replace(/\r?\n/g, '\r\n'));
  assert.ok(theirs.length > 0);
  assert.equal(mine.length, theirs.length);
  for (const row of theirs) {
    const other = mine.find(({ run }) => run === row.run);
    for (const [name, ours] of [['inference_total_energy_j', 'energy_j'], ['inference_total_energy_u_j', 'energy_standard_uncertainty_j'], ['inference_s', 'latency_s']])
      sameEnergies(row[name], other[ours], `run ${row.run} ${name}`);
    assert.deepEqual([other.network.split(' ')[0], other.state, other.block, other.simulated], [row.network, row.state, row.block, String(row.simulated === '1')]);
  }
  await close();
  return theirs;
}

test('the CSV of the runs is that of `show --csv`, where one is given', { skip: skip || (!process.env.ISOJOULE_CSV && 'skipped: ISOJOULE_CSV names no file') }, async () => {
  await compareRuns(report, readFileSync(process.env.ISOJOULE_CSV, 'utf8'), (theirs, ours, what) => assert.ok(theirs === ours || Math.abs(Number(theirs) - Number(ours)) <= 1e-9 * Math.abs(Number(theirs)), `${what}: ${theirs} and ${ours}`));
});

const program = [process.env.ISOJOULE_PROGRAM, fileURLToPath(new URL('../../build/dev/bin/isojoule', import.meta.url))].find((path) => path && existsSync(path));
const kPlan = `name = "bits"
board = "jetson-nano"
[protocol]
inferences = 16
repeats = 2
[[baseline]]
name = "default"
[[grid]]
name = "map"
networks = ["alexnet"]
axes = { cpu_frequency_hz = [710400000, 1479000000], gpu_frequency_hz = [460800000, 921600000], batch = [8] }
baselines = ["default"]
`;
test("a report of the program: its page's CSV has the energies of `show --csv`, bit by bit", { skip: skip || (!program && 'skipped: no program (ISOJOULE_PROGRAM) here') }, async () => {
  const at = (name) => join(folder, name);
  const run = (...words) => execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ISOJOULE_DATA: fileURLToPath(new URL('../..', import.meta.url)), XDG_CACHE_HOME: folder, XDG_STATE_HOME: folder } });
  writeFileSync(at('bits.toml'), kPlan);
  run('sweep', at('bits.toml'), '--board', 'twin:jetson-nano', '-o', at('bits.study'));
  run('report', at('bits.study'), '-o', at('bits.html'));
  // Equal as doubles is equal bit by bit: none of them is a zero with a sign.
  const rows = await compareRuns(at('bits.html'), run('show', at('bits.study'), '--csv'), (theirs, ours, what) => assert.ok(theirs !== '' && ours !== '' && Object.is(Number(theirs), Number(ours)), `${what}: ${theirs} and ${ours}`));
  assert.equal(rows.length, 10);
});

test('with the keyboard alone: every control is reached, in order, and is seen to be', { skip }, async () => {
  const { page, close } = await open(report);
  await drawAll(page);
  await page.evaluate(() => scrollTo(0, 0));
  const wanted = await page.evaluate(() => [...document.querySelectorAll('a[href], button, select, summary, [tabindex="0"]')].filter((e) => e.checkVisibility()).map((e, i) => (e.dataset.place = String(i))).length);
  const reached = [];
  for (let i = 0; i < wanted; ++i) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => {
      const e = document.activeElement, style = getComputedStyle(e);
      return { place: e.dataset.place, seen: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || e.matches('.skip'), what: e.outerHTML.slice(0, 90) };
    }));
  }
  assert.deepEqual(reached.map(({ place }) => place), Array.from({ length: wanted }, (_, i) => String(i)));
  assert.deepEqual(reached.filter(({ seen }) => !seen), []);
  await page.focus('.skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  // Chosen by keys: another network or batch size, and the figures follow.
  const study = await studyIn(page);
  if (study.minima.length > 1) {
    const before = await page.locator('.card.chosen').evaluate((card) => card.innerText);
    await page.focus(new Set(study.minima.map((m) => m.network)).size > 1 ? 'select[name="Network"]' : 'select[name="Batch"]');
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction((text) => document.querySelector('.card.chosen')?.innerText !== text, before);
  }
  await close();
});

test('the theme is chosen at the top and kept, the contents lead to every section', { skip }, async () => {
  const { page, close } = await open(report);
  await page.selectOption('header select[name="Theme"]', 'dark');
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  assert.equal(await page.inputValue('select[name="Theme"]'), 'dark');
  const links = await page.locator('nav.contents a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  assert.ok(links.length >= 5 && links[0] === '#answer' && links.includes('#method'), links.join(' '));
  assert.deepEqual(await page.evaluate((ids) => ids.filter((id) => !document.querySelector(id)), links), []);
  await close();
});

const axe = skip ? '' : readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
for (const [name, options] of [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }], ['360 px wide', { viewport: { width: 360, height: 740 } }]]) {
  test(`axe finds nothing serious: ${name}`, { skip }, async () => {
    const { page, close } = await open(report, options);
    await drawAll(page);
    for (const summary of await page.$$('main > section summary')) await summary.click();
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    assert.ok(found.passes.length > 10, 'axe looked');
    assert.deepEqual(found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`), []);
    await close();
  });
}

// The live view in a real headless Chromium, beside a server that speaks the monitor's stream. With
// ISOJOULE_PROGRAM=bin/isojoule the program itself serves it once more (the last test).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { chromium } from 'playwright-core';
import { chromiumPath, downloadOf, parseCsv } from './browser.mjs';

const built = fileURLToPath(new URL('../dist/live.html', import.meta.url));
const skip = !chromiumPath ? 'skipped: no Chromium here' : !existsSync(built) ? 'skipped: the page is not built (npm run build)' : false;
const { LiveServer, nanoFrame, nanoHead } = skip ? {} : await import('./live_server.mjs');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ').replace(/\u2212/g, '-');

let browser;
const servers = [];
after(async () => {
  await (await browser)?.close();
  for (const server of servers) await server.close();
});

// A page at a server, and what went wrong on it. `close(allowed)` fails on any other fault.
async function look(server, options = {}, url) {
  browser ??= chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  url ??= servers.includes(server) ? `http://127.0.0.1:${server.port}/` : (servers.push(server), await server.listen());
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => request.url().startsWith(new URL(url).origin) || /^(data|blob):/.test(request.url()) || faults.push(`request: ${request.url()}`));
  const opened = server?.opened;
  await page.goto(url);
  await server?.waitForClient(opened + 1);
  return { page, close: async (allowed = /^$/) => (assert.deepEqual(faults.filter((fault) => !allowed.test(fault)), []), context.close()) };
}

const words = async (page) => plain(await page.locator('.live-status .words').textContent());
const rail = async (page, i) => plain(await page.locator('.live-rails .card').nth(i).innerText());
const fact = async (page, name) => plain(await page.locator('#board .facts > div', { has: page.locator(`dt:text-is("${name}")`) }).locator('dd').textContent());
// The page shows a text four times a second at most: one frame more until the last ones are told.
async function told(page, server, wanted, change) {
  for (let i = 0; i < 250; ++i) {
    server.frames(1, change);
    await page.waitForTimeout(60);
    if (await wanted()) return;
  }
  assert.fail(`not shown: ${wanted}`);
}
const serious = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
};
// Whether a chart has a coloured line at a share of its width (grid and text are grey).
const lineAt = (page, chart, share) => page.evaluate(([id, at]) => {
  const canvas = document.querySelector(`#${id} canvas:not([aria-hidden])`), over = document.querySelector(`#${id} .u-over`);
  const scale = canvas.width / canvas.clientWidth;
  const x = Math.round((over.offsetLeft + at * over.clientWidth) * scale), top = over.offsetTop * scale;
  const copy = Object.assign(document.createElement('canvas'), { width: 8, height: over.clientHeight * scale }); // or Chromium warns of reading the page's own
  copy.getContext('2d', { willReadFrequently: true }).drawImage(canvas, 4 - x, -top);
  const { data } = copy.getContext('2d').getImageData(0, 0, copy.width, copy.height);
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 100 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60) return true;
  return false;
}, [chart, share]);

test('connects, draws, says what is absent, and asks nobody else', { skip }, async () => {
  const server = new LiveServer();
  const { page, close } = await look(server);
  assert.match(await words(page), /Waiting for the first readings/);
  server.frames(200);
  const absent = { power_w: [4, null, 0.8, 4], least_w: [3.5, null, 0.7, 3.5], most_w: [4.5, null, 0.9, 4.5], energy_j: [81.25, null, 16, 81.25], watches: [1.4784e9, null, 45, 43.5, 30, 253e6], throttled: null, phase: '', late_s: null };
  await told(page, server, async () => (await rail(page, 0)).includes('4.00 W'), absent);
  assert.match(await rail(page, 0), /POM_5V_IN\s.*\s4\.00 W\s+3\.50 W to 4\.50 W\s+since start\s+81\.250 J/s);
  assert.match(await rail(page, 1), /—\s+no reading came\s+since start\s+—/);
  assert.match(await rail(page, 3), /^Total\s+POM_5V_IN/);
  assert.equal(await fact(page, 'gpu'), 'not read');
  assert.equal(await fact(page, 'cpu'), '1478.4 MHz');
  assert.equal(await fact(page, 'memory_activity'), '253 000 000', 'without a unit it is no per cent');
  assert.equal(await page.locator('#loads').count(), 0);
  assert.equal(await fact(page, 'Throttled'), 'the board does not tell');
  assert.equal(await fact(page, 'Phase'), 'nobody tells');
  assert.equal(await fact(page, 'Latest tick'), 'not known');
  await told(page, server, async () => (await words(page)) === 'Live', absent);
  assert.match(await page.locator('.simulated').textContent(), /Simulated/);
  assert.match(await page.locator('#counters').textContent(), /No counter was raised/);
  for (const chart of ['power', 'clocks', 'temperatures']) assert.ok(await lineAt(page, chart, 0.9), chart);
  assert.ok(!(await lineAt(page, 'power', 0.2)), 'nothing is drawn before the first frame');
  await told(page, server, async () => (await page.locator('#counters tbody tr').count()) === 1, { counters: { sample_gap: 3 }, throttled: true, phase_energy_j: { inference: [5, 1, 1, 5], none: [2, 1, null, 2] } });
  assert.match(plain(await page.locator('#counters tbody').innerText()), /sample_gap\s+warning\s+3\s+two samples further apart/);
  assert.match(plain(await page.locator('#phases tbody').innerText()), /inference\s+5\.0000 J.*between phases\s+2\.0000 J\s+1\.0000 J\s+—/s);
  assert.equal(await fact(page, 'Throttled'), 'yes, now');
  // A machine that was held up has been told of it, and is told the next state within seconds.
  await told(page, server, async () => /^Waiting|^Live total: [45]/.test(await page.locator('[role=status]').textContent()));
  await close();
});

test('what is downloaded is what was sent and is shown', { skip }, async () => {
  const server = new LiveServer();
  const { page, close } = await look(server);
  server.frames(700);
  await told(page, server, async () => (await words(page)) === 'Live');
  await page.click('#pause');
  const sent = server.number;
  const text = await rail(page, 0);
  server.frames(50, { power_w: [9, 9, 9, 9] });
  await told(page, server, async () => (await words(page)).startsWith('Paused'), { power_w: [9, 9, 9, 9] });
  await page.waitForTimeout(300);
  assert.equal(await rail(page, 0), text, 'paused: the numbers stand');
  const rows = parseCsv((await downloadOf(page, '#csv')).toString());
  assert.ok(rows.length >= 600 && rows.length <= 602, `a minute: ${rows.length} rows`);
  const newest = Number(rows.at(-1).time_unix_s) - nanoHead().start_unix_s;
  const frame = nanoFrame(Math.round(newest * 10) - 1);
  assert.ok(frame.number < sent, 'of what was shown when it was paused');
  assert.equal(Number(rows.at(-1).total_power_w), frame.power_w[3]);
  assert.equal(Number(rows.at(-1).POM_5V_GPU_energy_j), frame.energy_j[1]);
  assert.equal(Number(rows.at(-1).cpu_hz), 1.4784e9);
  await page.click('button:text-is("5 min")');
  assert.ok(parseCsv((await downloadOf(page, '#csv')).toString()).length > 690);
  await page.click('#pause');
  await told(page, server, async () => (await words(page)) === 'Live');
  await close();
});

test('a break: it comes again, and what was missed is a gap', { skip }, async () => {
  const server = new LiveServer();
  const { page, close } = await look(server);
  server.frames(150);
  await told(page, server, async () => (await words(page)) === 'Live');
  const opened = server.opened;
  await page.evaluate(() => { // what is said for a moment, too
    window.said = [];
    new MutationObserver(() => window.said.push(document.querySelector('.words').textContent)).observe(document.querySelector('.words'), { childList: true, characterData: true, subtree: true });
  });
  server.cut();
  await page.waitForFunction(() => window.said.some((text) => /connection is lost/.test(text)));
  await server.waitForClient(opened + 1);
  server.number += 200;
  server.frames(199);
  await told(page, server, async () => (await fact(page, 'Frames missed here')) === '200' && (await words(page)) === 'Live');
  assert.ok(await lineAt(page, 'power', 0.9) && await lineAt(page, 'power', 0.25), 'lines before and after');
  assert.ok(!(await lineAt(page, 'power', 0.5)), 'none across the gap');
  // What the program kept of a break comes with the head, and is no gap; nor is what it thinned out.
  const from = server.number;
  server.before = [...Array(9).keys()].map((i) => nanoFrame(from + 10 * i)).concat([...Array(20).keys()].map((i) => nanoFrame(from + 81 + i)));
  server.cut();
  await server.waitForClient(opened + 2);
  server.before = [];
  server.number = from + 101;
  await told(page, server, async () => (await words(page)) === 'Live');
  assert.equal(await fact(page, 'Frames missed here'), '200');
  const times = parseCsv((await downloadOf(page, '#csv')).toString()).map((row) => Math.round((Number(row.time_unix_s) - nanoHead().start_unix_s) * 10) - 1);
  assert.ok([0, 10, 80, 81, 100].every((i) => times.includes(from + i)), 'frames of the break');
  // Connected and silent: said, with the age of what is shown.
  await page.waitForFunction(() => /nothing new comes. The newest reading is [1-9]\d* s old/.test(document.querySelector('.words').textContent));
  // Another program in its place begins anew; what does not fit is not drawn.
  server.head = { ...nanoHead(), start_unix_s: 1.8e9, simulated: false };
  server.cut();
  await server.waitForClient(opened + 3);
  server.number = 0;
  await told(page, server, async () => (await page.locator('.simulated').count()) === 0 && (await words(page)) === 'Live');
  assert.equal(await fact(page, 'Frames missed here'), '0');
  server.send('{"event": "frame", "number": 1e9, "time_s": 1e9, "power_w": [1]}');
  await page.waitForFunction(() => /does not fit its board/.test(document.querySelector('.words').textContent));
  server.send('nonsense');
  await page.waitForFunction(() => /could not be read/.test(document.querySelector('.words').textContent));
  // Refused, as by a program with another token; and let in again.
  server.head = nanoHead();
  server.status = 401;
  server.cut();
  await page.waitForFunction(() => window.said.some((text) => /refused this page/.test(text)));
  server.status = 200;
  await server.waitForClient(opened + 4);
  assert.equal(server.clients.size, 1);
  await close(/^console: Failed to load resource/);
});

test('hostile names are text, at 360 px, in the dark, by keyboard, and axe finds nothing serious', { skip }, async () => {
  const server = new LiveServer();
  const nasty = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  server.head = { ...nanoHead(), board: `${nasty}\u202eevil`, release: nasty, total: nasty, notes: [nasty, 'n'.repeat(10_000)] };
  server.head.rails = server.head.rails.map((one, i) => ({ ...one, name: [nasty, 'x'.repeat(10_000), '__proto__', 'total'][i], what: nasty, sensor: nasty }));
  server.head.watches = server.head.watches.map((one) => ({ ...one, name: nasty.repeat(20) }));
  const { page, close } = await look(server, { viewport: { width: 360, height: 800 }, colorScheme: 'dark' });
  server.frames(100);
  await told(page, server, async () => (await page.locator('#counters tbody tr').count()) === 2, { phase: nasty, counters: { [nasty]: 1, sample_gap: 2 } });
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('#page img, #page script').count(), 0);
  assert.ok((await page.locator('h1').textContent()).startsWith('<img src=x'));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than 360 px');
  assert.match((await downloadOf(page, '#csv')).toString(), /^time_unix_s,phase,"<img src=x onerror=""window/);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(21, 23, 26)');
  assert.deepEqual(await serious(page), []);
  // Keyboard alone: pause, move the cursor in a chart, put a line away.
  await page.focus('#pause');
  await page.keyboard.press('Space');
  assert.equal(await page.getAttribute('#pause', 'aria-pressed'), 'true');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => /at \d\d:\d\d:\d\d/.test(document.querySelector('#power figcaption').textContent));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  assert.equal(await page.locator('#power .live-legend button').first().getAttribute('aria-pressed'), 'false');
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(await serious(page), []);
  await close();
});

// Hours in a tab that nobody sees: half an hour stays.
test('what is kept is bounded, and order is held', () => {
  const outfile = fileURLToPath(new URL('../dist/history.test.cjs', import.meta.url));
  const { outputFiles } = buildSync({ entryPoints: [fileURLToPath(new URL('../src/live/history.ts', import.meta.url))], bundle: true, format: 'cjs', write: false, outfile });
  const module = { exports: {} };
  new Function('module', 'exports', outputFiles[0].text)(module, module.exports);
  const head = { start_unix_s: 0, rails: [{}], watches: [] };
  const frame = (number, time_s) => ({ number, time_s, phase: '', power_w: [number], least_w: [null], most_w: [null], energy_j: [1], watches: [] });
  const slow = new module.exports.History(head);
  for (let i = 0; i < 100_000; ++i) assert.ok(slow.add(frame(i, i / 10)));
  assert.ok(slow.time.length >= 18_000 && slow.time.length <= 20_000, String(slow.time.length));
  assert.equal(slow.power[0].at(-1), 99_999);
  assert.equal(slow.power[0][slow.rowAt(9_990)], 99_900);
  assert.ok(!slow.add(frame(99_999, 1e6)) && !slow.add(frame(5, 5)), 'what came before is not added');
  const fast = new module.exports.History(head);
  for (let i = 0; i < 100_000; ++i) fast.add(frame(2 * i, i / 1000)); // and every second one missing
  assert.ok(fast.time.length <= 40_002 && fast.time.length === fast.power[0].length && fast.time.length === fast.phase.length);
  assert.equal(fast.missed, 99_999);
});

test('the built page runs its own script alone', { skip }, () => {
  const page = readFileSync(built, 'utf8');
  const policy = page.match(/Content-Security-Policy" content="([^"]*)"/)[1];
  const script = page.match(/<script type="module"[^>]*>([^]*?)<\/script>/)[1];
  assert.ok(policy.includes(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`), policy);
  assert.ok(policy.startsWith("default-src 'none'") && !policy.includes('unsafe'));
});

const program = process.env.ISOJOULE_PROGRAM;
test('the program itself', { skip: skip || (!program && 'skipped: ISOJOULE_PROGRAM names no program') }, async () => {
  const child = spawn(program, ['monitor', '--serve', '127.0.0.1:0', '--board', 'twin:jetson-nano'], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const url = await new Promise((done, failed) => {
      let text = '';
      const read = (chunk) => (text += chunk).match(/http:\/\/\S+/) && done(text.match(/http:\/\/\S+/)[0]);
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', () => failed(new Error(text)));
    });
    const { page, close } = await look(null, {}, url);
    await page.waitForFunction(() => document.querySelector('.words')?.textContent === 'Live', undefined, { timeout: 10_000 });
    await page.waitForFunction(() => /\d\sm?W/.test(document.querySelector('.live-rails strong')?.textContent ?? ''));
    assert.match(await page.locator('.simulated').textContent(), /Simulated/);
    assert.ok(!page.url().includes('token'), 'the token has left the address');
    assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read it');
    assert.deepEqual(await serious(page), []);
    await close();
  } finally {
    child.kill('SIGTERM');
  }
});

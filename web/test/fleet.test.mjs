// A fleet's page in a real headless Chromium, beside a server that speaks its stream.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { chromiumPath } from './browser.mjs';

const built = fileURLToPath(new URL('../dist/fleet.html', import.meta.url));
const skip = !chromiumPath ? 'skipped: no Chromium here' : !existsSync(built) ? 'skipped: the page is not built (npm run build)' : false;
const { FleetServer, boardNow, measuring, studyNow } = skip ? {} : await import('./fleet_server.mjs');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

let browser;
const servers = [];
after(async () => {
  await (await browser)?.close();
  for (const server of servers) await server.close();
});

async function look(server, options = {}) {
  browser ??= chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  servers.push(server);
  const url = await server.listen();
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => request.url().startsWith(new URL(url).origin) || /^data:/.test(request.url()) || faults.push(`request: ${request.url()}`));
  await page.goto(url);
  await server.waitForClient();
  return { page, close: async (allowed = /^$/) => (assert.deepEqual(faults.filter((fault) => !allowed.test(fault)), []), context.close()) };
}
const serious = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
};
const names = (page) => page.locator('.tile:not([hidden]) .name').allTextContents();
const tile = async (page, name) => plain(await page.locator('.tile', { has: page.locator(`.name:text-is("${name}")`) }).innerText());

test('boards with troubles first, what changes, and what is lost', { skip }, async () => {
  const server = new FleetServer();
  Object.assign(server.head, {
    boards: {
      'rack1-01': measuring(), 'rack1-02': boardNow({ simulated: true }),
      'rack1-03': boardNow({ state: 'out', rank: 0, troubles: ['throttled for 60 s: 94 °C', '3 unsent'], unsent_runs: 3 }),
      'rack1-04': boardNow({ state: 'drained', rank: 2, drain: true, drain_why: 'fan is loud' }),
    },
    studies: [studyNow({ refused: [{ board: 'rack1-04', reason: 'no engine trtexec' }] })],
    minutes: [[Math.floor(1.7e9 / 60) - 2, 30], [Math.floor(1.7e9 / 60) - 1, 20]],
  });
  const { page, close } = await look(server);
  await page.waitForFunction(() => document.querySelectorAll('.tile').length === 4);
  assert.deepEqual(await names(page), ['rack1-03', 'rack1-04', 'rack1-01', 'rack1-02']);
  assert.match(await tile(page, 'rack1-01'), /●\s*rack1-01\s*measuring\s*jetson-orin-nx 36\.4\s*orin-night, block 17, 5 of 12 runs\s*resnet-18, cpu_frequency_hz 1\.5e9\s*52 °C · 6\.25 W · 12 runs/);
  assert.match(await tile(page, 'rack1-02'), /simulated/);
  assert.match(await tile(page, 'rack1-03'), /▲\s*rack1-03\s*out[^]*throttled for 60 s: 94 °C; 3 unsent/);
  assert.match(await tile(page, 'rack1-04'), /drained: fan is loud/);
  assert.match(await page.locator('.simulated').textContent(), /^Simulated\. 1 of these boards are twins/);
  assert.deepEqual((await page.locator('.states li').allTextContents()).map(plain), ['▲ 1 out', '□ 1 drained', '● 1 measuring', '○ 1 idle']);
  assert.match(plain(await page.locator('.study').innerText()), /20\.6 %[^]*412 of 2000 runs, about 2 h left[^]*12\.5 runs a minute[^]*63 blocks waiting, 1 claimed; rack1-01, rack1-02[^]*by rack1-04: no engine trtexec/);
  assert.match(plain(await page.locator('#history .note').textContent()), /^50 runs in the last hour, at most 30 in a minute/);
  assert.equal(await page.locator('#history rect').count(), 2);
  // A change touches its keys alone; the board moves to the front.
  server.change({ boards: { 'rack1-01': { state: 'lost', alive: false, rank: 0, study: null, study_name: null, block: null, block_done: null, block_runs: null, network: null, setting: null, temperatures_c: null, power_w: null, seen_unix_s: 1.7e9 - 20 } } });
  await page.waitForFunction(() => document.querySelector('.tile .name').textContent === 'rack1-01');
  assert.match(await tile(page, 'rack1-01'), /✕\s*rack1-01\s*lost\s*jetson-orin-nx 36\.4\s*since 2023-11-14 22:13:00 UTC, by the server's clock\s*12 runs/);
  await page.waitForFunction(() => /rack1-01 is lost/.test(document.querySelector('[role=status]').textContent));
  server.change({ gone: ['rack1-01'], boards: { 'rack0-09': boardNow() } });
  await page.waitForFunction(() => [...document.querySelectorAll('.tile .name')].some((name) => name.textContent === 'rack0-09'));
  assert.deepEqual(await names(page), ['rack1-03', 'rack1-04', 'rack0-09', 'rack1-02']);
  await close();
});

test('a change that was missed, a lost connection and a lost server are said', { skip }, async () => {
  const server = new FleetServer();
  server.head.boards = { one: boardNow() };
  const { page, close } = await look(server);
  const words = (pattern) => page.waitForFunction((source) => new RegExp(source).test(document.querySelector('.live-status .words').textContent), pattern);
  await words('^Live$');
  server.head.boards.two = boardNow();
  server.number += 5; // five events were lost on the way
  server.change({ boards: { one: { runs: 13 } } });
  await page.waitForFunction(() => document.querySelectorAll('.tile').length === 2);
  assert.equal(server.opened, 2, 'the stream was asked for anew, once');
  server.change({ reachable: false, trouble: 'error: no server answers' });
  await words('does not reach the fleet.s server: error: no server answers');
  server.change({ reachable: true, trouble: '' });
  await words('^Live$');
  server.send('nonsense');
  await words('could not be read');
  server.status = 401;
  server.cut();
  await words('lost|refused');
  await words('refused this page');
  server.status = 200;
  await words('^Live$');
  server.change({ boards: {}, gone: ['one', 'two'], set_up: false });
  await page.waitForFunction(() => /no fleet yet: start isojoule agent/.test(document.querySelector('#shown').textContent));
  await close(/^console: Failed to load resource/);
});

test('hostile names are text, at 360 px, in the dark, by keyboard, and axe finds nothing serious', { skip }, async () => {
  const server = new FleetServer();
  const nasty = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  server.head.boards = Object.fromEntries([nasty, '__proto__', 'x'.repeat(5000), 'good'].map((name) => [name, measuring({ board: nasty, release: nasty, troubles: [nasty.repeat(50)], network: nasty, setting: 'y'.repeat(5000), simulated: true, study_name: nasty })]));
  server.head.boards = JSON.parse(JSON.stringify(server.head.boards));
  server.head.studies = [studyNow({ name: nasty, lanes: [{ lane: 0, boards: Array(200).fill(nasty), blocks_waiting: 1, blocks_claimed: 1 }], refused: [{ board: nasty, reason: nasty }] }), studyNow({ study: 'b'.repeat(24), closed: true, left_s: undefined })];
  const { page, close } = await look(server, { viewport: { width: 360, height: 800 }, colorScheme: 'dark' });
  await page.waitForFunction(() => document.querySelectorAll('.tile').length === 4);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('#page img, #page script').count(), 0);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than 360 px');
  assert.deepEqual(await serious(page), []);
  for (let i = 0; i < 4; ++i) await page.keyboard.press('Tab'); // behind three links
  assert.equal(await page.evaluate(() => document.activeElement.id), 'filter');
  await page.keyboard.type('good measuring');
  await page.waitForFunction(() => document.querySelectorAll('.tile:not([hidden])').length === 1);
  assert.match(await page.locator('#shown').textContent(), /^1 of \d boards are shown/);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(await serious(page), []);
  await close();
});

test('a thousand boards: only what changed is touched', { skip }, async () => {
  const server = new FleetServer();
  const all = Array.from({ length: 1000 }, (_, i) => `board-${String(i).padStart(4, '0')}`);
  server.head.boards = Object.fromEntries(all.map((name) => [name, measuring()]));
  const { page, close } = await look(server);
  await page.waitForFunction(() => document.querySelectorAll('.tile').length === 1000);
  await page.evaluate(() => {
    window.touched = new Set();
    window.moved = 0;
    new MutationObserver((records) => records.forEach(({ target, type }) => {
      if (type === 'childList' && target.matches?.('.wall')) window.moved += 1;
      const tile = (target.nodeType === 1 ? target : target.parentElement).closest('.tile');
      if (tile) window.touched.add(tile.querySelector('.name').textContent);
    })).observe(document.querySelector('.wall'), { subtree: true, childList: true, characterData: true, attributes: true });
  });
  server.change({ boards: { 'board-0500': { block_done: 6 }, 'board-0999': { block_done: 7 } } });
  await page.waitForFunction(() => window.touched.size > 0);
  assert.deepEqual(await page.evaluate(() => [...window.touched].sort()), ['board-0500', 'board-0999']);
  assert.equal(await page.evaluate(() => window.moved), 0);
  assert.match(await page.locator('.tile', { hasText: 'board-0999' }).textContent(), /7 of 12 runs/); // not in the window, so it has no innerText
  await close();
});

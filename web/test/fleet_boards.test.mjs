// The boards of a fleet on the page and in the figures for papers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { fleetOf } from '../sample/fleet.mjs';
import { chromiumPath, downloadOf, drawAll, finish, open, parseCsv, reportOf, sampleStudy } from './browser.mjs';

const skip = chromiumPath ? false : 'skipped: no Chromium here';
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');
const study = sampleStudy();
study.board_effects = fleetOf(study);
const [effects] = study.board_effects;
after(finish);

function paperOf(data) {
  const engine = vm.createContext({});
  vm.runInContext(readFileSync(fileURLToPath(new URL('../dist/paper.js', import.meta.url)), 'utf8'), engine);
  const { figures } = JSON.parse(engine.isojoulePaper.open(JSON.stringify(data), JSON.stringify({ width_mm: 85, only: ['fleet-boards'], networks: [effects.network] })));
  return Array.from({ length: figures }, (_, i) => JSON.parse(engine.isojoulePaper.draw(i)));
}

test('a study of one board says nothing of a fleet', () => {
  assert.deepEqual(paperOf(sampleStudy()), []);
  assert.deepEqual(paperOf({ ...study, board_effects: [] }), []);
});

test('paper: every board with its interval, the outlier in words, SIMULATED, the reason where there is nothing', () => {
  const [figure] = paperOf(study).filter((one) => one.svg);
  for (const { board } of effects.boards) assert.ok(figure.svg.includes(board), board);
  assert.match(figure.svg, />SIMULATED</);
  assert.doesNotMatch(figure.svg, /NaN|undefined|Infinity|var\(/);
  assert.match(plain(figure.sentence), /^8 boards of one type, .*, simulated\. At the same setting, boards differ by 3\.1 % \(95 %: 2\.1 % to 5\.0 %\)/);
  assert.ok(plain(figure.sentence).includes(effects.outliers[0].sentence));
  assert.match(plain(figure.sentence), /A mean energy within 1 % needs 41 boards, a saving 6 boards\. The best setting on the mean of 3 boards/);
  const none = structuredClone(study);
  none.board_effects[0].why_absent = 'no setting was measured on two boards';
  const absent = paperOf(none).find((one) => one.batch === effects.batch);
  assert.equal(absent.why_absent, 'Nothing can be said of the boards: no setting was measured on two boards.');
  const odd = structuredClone(study);
  for (const board of odd.board_effects[0].boards) Object.assign(board, { board: board.board.repeat(30), best: null });
  assert.doesNotMatch(paperOf(odd).find((one) => one.svg).svg, /NaN|undefined/);
});

test('page: the dots stand where the effects are, CSV has every board, tables below, in the dark and at 360 px', { skip }, async () => {
  const { page, close } = await open(reportOf(study), { colorScheme: 'dark' });
  await drawAll(page);
  const dots = await page.$$eval('#fleet-boards svg circle', (circles) => circles.map((circle) => Number(circle.getAttribute('cx'))));
  assert.equal(dots.length, 8);
  const sorted = [...effects.boards].sort((a, b) => a.effect_percent - b.effect_percent);
  const scale = (dots[7] - dots[0]) / (sorted[7].effect_percent - sorted[0].effect_percent);
  dots.forEach((x, i) => assert.ok(Math.abs(x - dots[0] - scale * (sorted[i].effect_percent - sorted[0].effect_percent)) < 0.2, `board ${i}`));
  assert.equal(await page.locator('#fleet-boards svg circle.right').count(), 1);
  const rows = parseCsv((await downloadOf(page, '#fleet-boards button:text-is("CSV")')).toString());
  assert.deepEqual(rows.map((row) => Number(row.effect_percent)), effects.boards.map((board) => board.effect_percent));
  const text = plain(await page.locator('#fleet-tables').innerText());
  for (const words of ['from board to board', '3.1 % (95 %: 2.1 % to 5.0 %)', 'not known: no board repeated a setting in several blocks', "the fleet's", 'effect']) assert.ok(text.includes(words), words);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.waitForTimeout(50);
  await drawAll(page);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, 'the page scrolls sideways');
  await close();
});

// The page's words and numbers, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

async function load(path) {
  const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

test('numbers carry their unit and a true minus sign', async () => {
  const f = await load('format.ts');
  assert.equal(plain(f.joule(916.71)), '916.7 J');
  assert.equal(plain(f.joule(0.0846)), '84.60 mJ');
  assert.equal(plain(f.megahertz(803250000)), '803.25 MHz');
  assert.equal(plain(f.megahertz(76800000)), '76.8 MHz');
  assert.equal(plain(f.percent(-1.26)), '\u22121.3 %');
  assert.equal(plain(f.percent(-0.01)), '0.0 %');
  assert.equal(plain(f.second(0.0123)), '12.3 ms');
  assert.equal(f.significant(0), '0');
  assert.equal(f.significant(NaN), 'n/a');
  assert.equal(plain(f.significant(123456, 4)), '123 456');
});

test('an interval is k = 2, rounded to the digits of its uncertainty', async () => {
  const { interval } = await load('format.ts');
  assert.equal(plain(interval({ value: 270.76, uncertainty: 0.55, spread_percent: 1, count: 3 }, 'J')), '270.8 ± 1.1 J');
  assert.equal(plain(interval({ value: 270.76, uncertainty: 12, spread_percent: 1, count: 3 }, 'J')), '271 ± 24 J');
  assert.equal(plain(interval({ value: 270.76, uncertainty: 0, spread_percent: 0, count: 1 }, 'J')), '270.8 J');
});

test('CSV quotes what it must and leaves absent values empty', async () => {
  const { toCsv } = await load('csv.ts');
  const text = toCsv({ header: ['a', 'b'], rows: [['x,y', null], ['say "hi"', 0], ['two\nlines', 1.5]] });
  assert.equal(text, 'a,b\r\n"x,y",\r\n"say ""hi""",0\r\n"two\nlines",1.5\r\n');
});

test('lines of equal energy meet the closed form of a plane and of a bowl', async () => {
  const { gridSegments, joinSegments } = await load('contour.ts');
  const plane = [0, 1, 2].map((y) => [0, 1, 3].map((x) => ({ x, y, z: x + y })));
  for (const [a, b] of gridSegments(plane, 1.5)) for (const p of [a, b]) assert.ok(Math.abs(p.x + p.y - 1.5) < 1e-12);
  const bowl = Array.from({ length: 41 }, (_, i) => Array.from({ length: 41 }, (_unused, j) => ({ x: j - 20, y: i - 20, z: (j - 20) ** 2 + (i - 20) ** 2 })));
  const lines = joinSegments(gridSegments(bowl, 100.3));
  assert.equal(lines.length, 1, 'one closed line');
  assert.deepEqual([lines[0][0].x, lines[0][0].y], [lines[0].at(-1).x, lines[0].at(-1).y]);
  for (const p of lines[0]) assert.ok(Math.abs(Math.hypot(p.x, p.y) - Math.sqrt(100.3)) < 0.1);
});

test('a hole in the grid gets no line round it', async () => {
  const { gridSegments } = await load('contour.ts');
  const grid = [0, 1, 2].map((y) => [0, 1, 2].map((x) => (x === 1 && y === 1 ? null : { x, y, z: x })));
  assert.equal(gridSegments(grid, 0.5).length, 0);
});

test('clipping a facet at a height keeps its area', async () => {
  const { clip } = await load('figure/projection.ts');
  const facet = [{ x: 0, y: 0, z: 0 }, { x: 1, y: 0, z: 1 }, { x: 1, y: 1, z: 1 }, { x: 0, y: 1, z: 0 }];
  const area = (p) => Math.abs(p.reduce((sum, a, i) => sum + a.x * p[(i + 1) % p.length].y - a.y * p[(i + 1) % p.length].x, 0)) / 2;
  assert.ok(Math.abs(area(clip(facet, 0.3, true)) - 0.3) < 1e-12);
  assert.ok(Math.abs(area(clip(facet, 0.3, false)) - 0.7) < 1e-12);
});

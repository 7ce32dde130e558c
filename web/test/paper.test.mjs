// The figures for papers (dist/paper.js), drawn in an engine that has no page; what a page shows is the measure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { chromiumPath, downloadOf, drawAll, finish, open, parseCsv, reportOf, sampleStudy } from './browser.mjs';

const script = readFileSync(fileURLToPath(new URL('../dist/paper.js', import.meta.url)), 'utf8');
const study = sampleStudy();

// A new engine without a document, a window, a clock or a console, as isojoule-figures has it.
function opened(data, options = {}) {
  const engine = vm.createContext({});
  vm.runInContext(script, engine);
  const head = JSON.parse(engine.isojoulePaper.open(typeof data === 'string' ? data : JSON.stringify(data), JSON.stringify({ width_mm: 85, only: [], networks: [], ...options })));
  return { engine, head, draw: () => Array.from({ length: head.figures ?? 0 }, (_, i) => JSON.parse(engine.isojoulePaper.draw(i))) };
}
function figuresOf(data, options) {
  const { head, draw } = opened(data, options);
  return { head, figures: draw() };
}
const drawnOf = (data, options) => figuresOf(data, options).figures.filter((figure) => figure.svg);
const pathsOf = (svg) => [...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d);

// One page for all that needs a browser; what is not XML has a <parsererror>.
let browser;
const skip = chromiumPath ? false : 'skipped: no Chromium here';
before(async () => skip || (browser = await open(reportOf(study))));
after(async () => {
  await browser?.close();
  await finish();
});
const faultOf = (svg) => browser.page.evaluate((text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent ?? '', svg);

test('every figure of the sample is drawn, for each network and batch size', () => {
  const { head, figures } = figuresOf(study);
  assert.deepEqual({ study: head.study, simulated: head.simulated }, { study: study.study.name, simulated: study.simulated });
  assert.deepEqual(figures.filter((figure) => figure.fault), []);
  const places = [...new Set(figures.map((figure) => `${figure.network} ${figure.batch}`))].filter((place) => place !== ' 0');
  assert.deepEqual(places, ['alexnet 8', 'alexnet 16', 'alexnet 32', 'resnet-18 16']);
  const drawn = new Set(figures.filter((figure) => figure.svg).map((figure) => figure.id));
  for (const id of ['surface', 'heat-map', 'sweep-gpu', 'sweep-cpu', 'over-batch', 'batch-over-gpu', 'residency', 'repeats']) assert.ok(drawn.has(id), id);
  for (const figure of figures) assert.ok(figure.svg ? figure.csv && figure.title : figure.why_absent, figure.id);
});

test('a figure that is the same at all batch sizes is written once', () => {
  const copy = structuredClone(study);
  for (const point of copy.points) if (point.network === 'alexnet' && !point.baseline && point.setting.cpu_frequency_hz !== 1479e6) point.network = 'other'; // one CPU clock to hold
  const over = figuresOf(copy, { only: ['over-batch'], networks: ['alexnet'] }).figures;
  assert.deepEqual(over.map((figure) => figure.why_absent), ['', 'It is the same as at batch 8.', 'It is the same as at batch 8.']);
});

test('an SVG stands alone: well-formed, no CSS variable, no NaN, its size in millimetres, SIMULATED on it', { skip }, async () => {
  for (const { id, svg, width_mm, height_mm, simulated } of drawnOf(study, { networks: ['alexnet'] })) {
    assert.equal(await faultOf(svg), '', id);
    assert.doesNotMatch(svg, /var\(|NaN|undefined|Infinity|tabindex|visibility="hidden"/, id);
    assert.match(svg, new RegExp(`<svg [^>]*width="85mm" height="${height_mm}mm"`), id);
    assert.ok(width_mm === 85 && height_mm > 20, `${id}: ${height_mm} mm`);
    assert.equal(/>SIMULATED</.test(svg) && /\(simulated\)<\/title>/.test(svg), simulated, id);
    // 6 pt at least: 360 px are 85 mm.
    const sizes = [...svg.matchAll(/font(?:-size)?[:=]"?\s*([\d.]+)px/g)].map(([, px]) => (Number(px) * 85) / 25.4 / 5);
    assert.ok(sizes.length, id);
    for (const size of sizes) assert.ok(size >= 6, `${id}: ${size} pt`);
  }
});

test('the page draws the same lines, and offers the same numbers', { skip }, async () => {
  const { page } = browser;
  await drawAll(page);
  const shown = await page.$$eval('figure', (figures) => figures.map((figure) => {
    const drawing = figure.querySelector('svg.drawing');
    const lines = [...(drawing?.querySelectorAll('path') ?? [])].filter((line) => line.getAttribute('visibility') !== 'hidden' && !line.matches('.cursor, .cursor-line'));
    return { id: figure.id, width: Number(drawing?.getAttribute('width')), paths: lines.map((line) => line.getAttribute('d')) };
  }));
  const { network, batch } = study.minima[0];
  let compared = 0;
  for (const { id, width, paths } of shown.filter((figure) => figure.paths.length)) {
    const made = figuresOf(study, { only: [id], width_mm: (width * 85) / 360 }).figures;
    const same = made.find((figure) => figure.scope === 'study' || (figure.network === network && figure.batch === batch));
    if (!same.svg) continue; // the same as at another batch size
    assert.deepEqual(pathsOf(same.svg), paths, id);
    ++compared;
  }
  assert.ok(compared >= 7, `${compared} figures compared`);
  const csv = String(await downloadOf(page, '#heat-map .toolbar button'));
  const [heat] = figuresOf(study, { only: ['heat-map'], networks: [network] }).figures.filter((figure) => figure.batch === batch);
  assert.equal(heat.csv, csv);
  assert.ok(parseCsv(csv).length > 100);
});

test('names from a study are text, whatever they are', { skip }, async () => {
  const evil = '</text><script>alert(1)</script>"\'&<![CDATA[ \u0000\u0008\ud800 \u202e]]>';
  const copy = structuredClone(study);
  for (const row of [...copy.points, ...copy.minima]) if (row.network === 'alexnet') row.network = evil;
  for (const point of copy.points) if (point.baseline === 'default') point.baseline = `${evil}${'x'.repeat(10_000)}`;
  for (const minimum of copy.minima) for (const row of minimum.comparisons) if (row.baseline === 'default') row.baseline = `${evil}${'x'.repeat(10_000)}`;
  copy.study.name = evil;
  const drawn = drawnOf(copy).filter((figure) => figure.network.includes('</text>'));
  assert.ok(drawn.length >= 8);
  for (const { id, svg } of drawn) {
    assert.equal(await faultOf(svg), '', id);
    assert.doesNotMatch(svg, /<script|<!\[CDATA|[\u0000-\u0008]/, id);
  }
});

test('what cannot be drawn says why, and what is asked for must exist', () => {
  assert.match(figuresOf('{"schema":1').head.error, /damaged/);
  assert.match(figuresOf({ schema: 99 }).head.error, /schema 99/);
  assert.match(figuresOf(study, { only: ['heatmap'] }).head.error, /no figure 'heatmap'; there are surface, heat-map/);
  assert.match(figuresOf(study, { networks: ['vgg'] }).head.error, /no network 'vgg'; it has alexnet, resnet-18/);
  const bare = { ...study, points: [], minima: [], runs: [] };
  assert.deepEqual(figuresOf(bare).figures.filter((figure) => figure.svg || figure.fault), []);
  const one = structuredClone(study);
  for (const point of one.points) [point.energy_j, point.power_w, point.latency_s] = [null, null, null];
  for (const run of one.runs) run.energy_j = null;
  for (const figure of figuresOf(one).figures) assert.ok(!figure.fault && (figure.svg || figure.why_absent), `${figure.id}: ${figure.why_absent}`);
});

test('a fault of one figure costs that figure alone', () => {
  const { engine, draw } = opened(study, { networks: ['resnet-18'] });
  vm.runInContext("Math.hypot = () => { throw new Error('broken'); }", engine); // what only maps use
  const figures = draw();
  const broken = figures.filter((figure) => figure.fault);
  assert.ok(broken.length > 0 && broken.every((figure) => !figure.svg && /broken/.test(figure.why_absent)));
  assert.ok(figures.filter((figure) => figure.svg).length >= 4);
});

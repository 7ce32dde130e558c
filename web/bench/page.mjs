// Measures a report in headless Chromium: file size, time to the first plot, the timeline's frames a second while it
// zooms, requests, console errors. usage: node bench/page.mjs REPORT.html [ROUNDS]
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromiumPath, finish, open } from '../test/browser.mjs';

const [file, rounds = '5'] = process.argv.slice(2);
if (!file || !chromiumPath) {
  console.error(file ? 'no Chromium here; ISOJOULE_CHROMIUM may name one' : 'usage: node bench/page.mjs REPORT.html [ROUNDS]');
  process.exit(2);
}
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)];

// From the navigation's begin until the first drawing stands in the page and a frame with it was made.
async function firstPlot(page) {
  await page.waitForFunction(() => document.querySelector('figure svg'), null, { polling: 'raf', timeout: 60_000 });
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done({ plot: performance.now(), page: performance.getEntriesByName('isojoule-page')[0]?.startTime })))));
}

// Turns the wheel each frame, in and out again, and takes the time from frame to frame.
async function timelineFrames(page, frames) {
  const drawing = page.locator('#timeline svg.movable');
  if (!(await page.locator('#timeline').count())) return null;
  await page.locator('#timeline').scrollIntoViewIfNeeded();
  const begin = Date.now();
  await page.waitForFunction(() => document.querySelector('#timeline svg')?.dataset.ready === 'true', null, { timeout: 60_000 });
  const unpacked = Date.now() - begin;
  await drawing.focus();
  const times = await drawing.evaluate((svg, most) => new Promise((done) => {
    const box = svg.getBoundingClientRect(), stamps = [];
    const frame = (now) => {
      stamps.push(now);
      if (stamps.length > most) return done(stamps.slice(1).map((stamp, i) => stamp - stamps[i]));
      const deltaY = Math.floor(stamps.length / 60) % 2 ? 60 : -60;
      svg.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: box.x + box.width * 0.6, clientY: box.y + 120, bubbles: true, cancelable: true }));
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }), frames);
  return { unpacked, times };
}

const plots = [], pages = [];
let faults = [], timeline = null;
for (let round = 0; round < Number(rounds); ++round) {
  const opened = await open(file);
  const { plot, page } = await firstPlot(opened.page);
  plots.push(plot);
  pages.push(page);
  if (round === Number(rounds) - 1) timeline = await timelineFrames(opened.page, 240);
  faults = faults.concat(opened.faults);
  await opened.close().catch(() => {}); // its faults are counted below
}
await finish();
const rows = [
  ['file', `${(statSync(file).size / 1e6).toFixed(2)} MB`],
  ['page built, median', `${median(pages).toFixed(0)} ms`],
  [`first plot, median of ${rounds}`, `${median(plots).toFixed(0)} ms (${Math.min(...plots).toFixed(0)} to ${Math.max(...plots).toFixed(0)})`],
  ['timeline unpacked after', timeline ? `${timeline.unpacked} ms` : 'no timeline'],
  ['timeline, wheel zoom', timeline ? `${(1000 / median(timeline.times)).toFixed(0)} frames a second (median), ${(1000 / quantile(timeline.times, 0.95)).toFixed(0)} at the 95th percentile of frame times` : 'no timeline'],
  ['requests and console errors', faults.length ? faults.join('; ') : 'none'],
];
const wide = Math.max(...rows.map(([name]) => name.length));
for (const [name, value] of rows) console.log(`${name.padEnd(wide)}  ${value}`);

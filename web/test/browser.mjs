// Opens reports in a real headless Chromium, and fails a test on any console error or request.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { fill } from '../sample/fill.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), 'isojoule-page-'));
export const chromiumPath = [process.env.ISOJOULE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
export const template = here('../dist/report.html');

let browser;
let made = 0;

export function sampleStudy() {
  const path = join(folder, 'sample.json');
  execFileSync(process.execPath, [here('../sample/make_sample.mjs'), path]);
  return JSON.parse(readFileSync(path, 'utf8'));
}

// A report file of a study (or of a raw text in its place).
export function reportOf(study) {
  const path = join(folder, `report${++made}.html`);
  const page = readFileSync(template, 'utf8');
  writeFileSync(path, typeof study === 'string' ? page.replace('@ISOJOULE_STUDY@', () => study) : fill(page, study));
  return path;
}

export async function open(path, options = {}) {
  browser ??= await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, offline: true, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => /^(file|data|blob):/.test(request.url()) || faults.push(`request: ${request.url()}`));
  await page.goto(pathToFileURL(path).href);
  return { page, faults, close: () => (assert.deepEqual(faults, []), context.close()) };
}

export const studyIn = (page) => page.evaluate(() => JSON.parse(document.getElementById('study').textContent));

export async function drawAll(page) {
  for (const figure of await page.$$('figure')) {
    await figure.scrollIntoViewIfNeeded();
    await figure.evaluate((element) => new Promise((done) => {
      const wait = () => (element.dataset.drawn ? done() : requestAnimationFrame(wait));
      wait();
    }));
  }
}

// Chromium drops what goes beyond ten downloads of a page in a second: waits only where that is near.
const kDownloads = 10, kWithin = 1050; // ms
const downloads = new WeakMap(); // page to when its last ones had come: each was asked for before that
async function roomForDownload(page) {
  const came = downloads.get(page) ?? [];
  downloads.set(page, came);
  if (came.length >= kDownloads) await page.waitForTimeout(Math.max(0, came.at(-kDownloads) + kWithin - Date.now()));
  return () => came.push(Date.now());
}

export async function downloadOf(page, selector) {
  const came = await roomForDownload(page);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  came();
  return readFileSync(await download.path());
}

// RFC 4180, enough for the tests' own reading.
export function parseCsv(text) {
  const rows = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? bare : quoted.replace(/""/g, '"'));
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  const [header, ...body] = rows.filter((row) => row.length > 1);
  return body.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
}

export async function finish() {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}

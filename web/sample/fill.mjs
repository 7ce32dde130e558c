// Fills the built page with a study's JSON, as src/report/html does in the program.
// usage: node sample/fill.mjs STUDY.json OUT.html
import { readFileSync, writeFileSync } from 'node:fs';

export const escapeHtml = (text) =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]);

export function fill(page, study) {
  const json = JSON.stringify(study).replace(/</g, '\\u003c');
  // The gaps of the page alone: a study may be named like one.
  const [head, rest] = page.split('@ISOJOULE_TITLE@');
  const [middle, ...tail] = rest.split('@ISOJOULE_STUDY@');
  return head + escapeHtml(`${study.study.name}: isojoule report`) + middle + json + tail.join('@ISOJOULE_STUDY@');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [from, to] = process.argv.slice(2);
  const page = readFileSync(new URL('../dist/report.html', import.meta.url), 'utf8');
  writeFileSync(to, fill(page, JSON.parse(readFileSync(from, 'utf8'))));
}

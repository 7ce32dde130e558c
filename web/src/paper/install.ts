// Puts the document of paper/dom.ts where the figures look for one. It has to be imported before them. Where there
// is a real document (a test in a browser) that one stays.
import { PaperElement, PaperNode, PaperText } from './dom';

const kHtml = 'http://www.w3.org/1999/xhtml';
const kAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

// Base64 as browsers decode it; a bare engine has no atob().
function decodeBase64(text: string): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const letter of text.replace(/[\s=]/g, '')) {
    const six = kAlphabet.indexOf(letter);
    if (six < 0) throw new Error('this is no base64');
    held = ((held << 6) | six) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += String.fromCharCode((held >> bits) & 0xff);
  }
  return out;
}

class Watcher {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

function paperDocument() {
  const element = (name: string, space = kHtml) => new PaperElement(name, space);
  const root = element('html');
  const [head, body] = [element('head'), element('body')];
  root.append(head, body);
  return {
    documentElement: root, head, body, activeElement: null, hidden: false,
    createElement: (name: string) => element(name),
    createElementNS: (space: string, name: string) => element(name, space),
    createTextNode: (text: string) => new PaperText(text),
    getElementById: (id: string) => root.querySelector(`#${id}`),
    querySelector: (selector: string) => root.querySelector(selector),
    querySelectorAll: (selector: string) => root.querySelectorAll(selector),
    addEventListener: () => {}, removeEventListener: () => {},
  };
}

const kAbsent: Record<string, unknown> = {
  Node: PaperNode, Element: PaperElement, HTMLElement: PaperElement, SVGElement: PaperElement, Text: PaperText,
  IntersectionObserver: Watcher, ResizeObserver: Watcher, MutationObserver: Watcher,
  addEventListener: () => {}, removeEventListener: () => {}, atob: decodeBase64, devicePixelRatio: 1,
  console: { log: () => {}, warn: () => {}, error: () => {}, info: () => {}, debug: () => {} },
  // Nobody waits for a second frame of a figure on paper.
  requestAnimationFrame: () => 0, cancelAnimationFrame: () => {}, setTimeout: () => 0, clearTimeout: () => {}, setInterval: () => 0, clearInterval: () => {},
  matchMedia: () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }),
  getComputedStyle: () => ({ getPropertyValue: () => '' }),
  performance: { now: () => Date.now(), mark: () => {}, measure: () => {} },
};

const world = globalThis as unknown as Record<string, unknown>;
if (world['document'] === undefined) {
  world['document'] = paperDocument();
  world['window'] ??= world;
  for (const [name, value] of Object.entries(kAbsent)) if (world[name] === undefined) world[name] = value;
}

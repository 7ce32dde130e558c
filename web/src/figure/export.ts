// A drawing as a file of its own: SVG with its style and title, or PNG at twice the size.
import { download, s } from '../dom';
import { kFigureStyle } from './style';

const kVariables = ['sans', 'ink', 'ink-soft', 'rule', 'paper', 'governor', 'governor-ink', 'bar', 'series-a', 'series-b'];
const kBand = 34; // px above the drawing for its title

function resolvedStyle(): string {
  const style = getComputedStyle(document.documentElement);
  const declared = kVariables.map((name) => `--${name}: ${style.getPropertyValue(`--${name}`).trim()};`).join(' ');
  return `svg { ${declared} } ${kFigureStyle}`;
}

export function standalone(drawing: SVGSVGElement, title: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const width = Number(drawing.getAttribute('width'));
  const height = Number(drawing.getAttribute('height'));
  const whole = s('svg', { width, height: height + kBand, viewBox: `0 0 ${width} ${height + kBand}`, class: 'drawing' });
  const style = s('style');
  style.textContent = resolvedStyle();
  copy.setAttribute('y', String(kBand));
  copy.querySelectorAll('.cursor, .cursor-line').forEach((cursor) => cursor.remove());
  whole.append(style, s('rect', { width, height: height + kBand, style: 'fill: var(--paper)' }));
  whole.append(s('text', { x: 8, y: 21, class: 'axis-name', style: 'font-weight: 600' }, title), copy);
  return new XMLSerializer().serializeToString(whole);
}

export function saveSvg(drawing: SVGSVGElement, title: string, name: string): void {
  download(`${name}.svg`, new Blob([standalone(drawing, title)], { type: 'image/svg+xml' }));
}

export async function savePng(drawing: SVGSVGElement, title: string, name: string): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(drawing, title))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  // Not toBlob(): Chromium encodes that in idle time, and a busy machine has none for ten seconds.
  const bytes = atob(canvas.toDataURL('image/png').split(',')[1]!);
  download(`${name}.png`, new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: 'image/png' }));
}

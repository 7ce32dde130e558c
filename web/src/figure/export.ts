// A drawing as a file of its own: SVG with its style and title, or PNG at twice the size.
import { download, s } from '../dom';
import { withoutForbidden } from '../xml';
import { fitted } from './jobs';
import { kFigureStyle } from './style';

const kVariables = ['sans', 'ink', 'ink-soft', 'rule', 'paper', 'governor', 'governor-ink', 'bar', 'series-a', 'series-b'];
const kBand = 48; // px above the drawing for its title and what it is of

export interface PictureHead {
  title: string;
  under: string; // of which network, batch size and board
}

function resolvedStyle(): string {
  const style = getComputedStyle(document.documentElement);
  const declared = kVariables.map((name) => `--${name}: ${style.getPropertyValue(`--${name}`).trim()};`).join(' ');
  return `svg { ${declared} } ${kFigureStyle}`;
}

export function standalone(drawing: SVGSVGElement, { title, under }: PictureHead): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const width = Number(drawing.getAttribute('width'));
  const height = Number(drawing.getAttribute('height'));
  const whole = s('svg', { width, height: height + kBand, viewBox: `0 0 ${width} ${height + kBand}`, class: 'drawing' });
  const style = s('style');
  style.textContent = resolvedStyle();
  copy.setAttribute('y', String(kBand));
  copy.querySelectorAll('.cursor, .cursor-line').forEach((cursor) => cursor.remove());
  const name = s('title', {}, `${title}: ${under}`);
  whole.append(name, style, s('rect', { width, height: height + kBand, style: 'fill: var(--paper)' }));
  const line = (y: number, text: string, more: Record<string, string>) => s('text', { x: 8, y, ...more }, fitted(text, width - 16));
  whole.append(line(19, title, { class: 'axis-name', style: 'font-weight: 600' }), line(36, under, {}), copy);
  return withoutForbidden(new XMLSerializer().serializeToString(whole));
}

export function saveSvg(drawing: SVGSVGElement, head: PictureHead, name: string): void {
  download(`${name}.svg`, new Blob([standalone(drawing, head)], { type: 'image/svg+xml' }));
}

export async function savePng(drawing: SVGSVGElement, head: PictureHead, name: string): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(drawing, head))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  // Not toBlob(): Chromium encodes that in idle time, and a busy machine has none for ten seconds.
  const bytes = atob(canvas.toDataURL('image/png').split(',')[1]!);
  download(`${name}.png`, new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: 'image/png' }));
}

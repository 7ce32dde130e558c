// A drawing as a file for print: size in millimetres, white paper, the page's colours as values instead of CSS
// variables (librsvg and many editors know none), and nothing that only a pointer needs.
import { kFigureStyle } from '../figure/style';
import page from '../style.css?inline';
import { svgElement, toXml, type PaperElement } from './dom';

// Sans serifs of the widths that the page reckons with; the first that is there is taken.
const kFonts = "'Liberation Sans', Arial, Helvetica, 'Nimbus Sans', 'DejaVu Sans Condensed', 'DejaVu Sans', sans-serif";
const kForPaper: Record<string, string> = { sans: kFonts, paper: '#ffffff', card: '#ffffff', ink: '#000000', 'ink-soft': '#3a3f46', rule: '#d8d8d4' };

// Lines as thin as print bears; on a screen they would be faint.
const kPrintStyle = `
svg.drawing .line { stroke-width: 1.5; }
svg.drawing .frame-line { stroke-width: .8; }
svg.drawing .rule { stroke-width: .6; }
`;

// The light theme, as the head of the page's style sheet declares it.
function variables(): Map<string, string> {
  const light = /:root\s*\{([^}]*)\}/.exec(page)?.[1] ?? '';
  const declared = [...light.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name!, value!.trim()] as [string, string]);
  return new Map([...declared, ...Object.entries(kForPaper)]);
}
const kVariables = variables();

// "var(--ink)" by its value; one that is not declared by what stands after its comma, else black.
export function resolved(style: string): string {
  if (!style.includes('var(')) return style;
  for (let before = ''; before !== style;) {
    before = style;
    style = style.replace(/var\(\s*--([\w-]+)\s*(?:,([^()]*))?\)/g, (_, name, otherwise) => kVariables.get(name) ?? otherwise?.trim() ?? '#000000');
  }
  return style;
}

const kStyled = new Set(['style', 'fill', 'stroke', 'color', 'stop-color', 'flood-color', 'font-family']);
const kOnScreen = /^(tabindex|role|pointer-events|cursor|data-.*|aria-.*|xmlns.*)$/;

// Without the cursors, without what is not seen, without the areas that only feel a pointer.
function strip(element: PaperElement): void {
  for (const child of element.children) {
    const cursor = /(^| )cursor(-line)?( |$)/.test(child.getAttribute('class') ?? '');
    const unseen = cursor || child.getAttribute('visibility') === 'hidden' || child.getAttribute('fill') === 'transparent';
    if (unseen) child.remove();
    else strip(child);
  }
}

function withText(name: string, text: string): PaperElement {
  const element = svgElement(name);
  element.textContent = text;
  return element;
}

export function standaloneSvg(drawing: PaperElement, widthMm: number, title: string, sentence: string): { svg: string; width_mm: number; height_mm: number } {
  const [width, height] = [Number(drawing.getAttribute('width')), Number(drawing.getAttribute('height'))];
  if (!(width > 0 && height > 0)) throw new Error(`a drawing of ${width} by ${height} px`);
  const heightMm = Number(((widthMm * height) / width).toFixed(2));
  const copy = drawing.cloneNode(true);
  strip(copy);
  const paper = svgElement('rect');
  Object.entries({ width, height, fill: '#ffffff' }).forEach(([name, value]) => paper.setAttribute(name, value));
  copy.prepend(withText('title', title), withText('desc', sentence), withText('style', resolved(kFigureStyle + kPrintStyle)), paper);
  Object.entries({ width: `${widthMm}mm`, height: `${heightMm}mm`, viewBox: `0 0 ${width} ${height}` }).forEach(([name, value]) => copy.setAttribute(name, value));
  const xml = toXml(copy, (name, value) => (kOnScreen.test(name) ? null : kStyled.has(name) ? resolved(value) : value));
  return { svg: `<?xml version="1.0" encoding="UTF-8"?>\n${xml.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"')}\n`, width_mm: widthMm, height_mm: heightMm };
}

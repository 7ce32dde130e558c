// As much of a document as the figures use, in memory: they draw here as they do on the page, and what they drew
// is written as XML. Nothing listens, nothing is laid out, and text is an estimate where it is measured.
import { withoutForbidden } from '../xml';

const kSvg = 'http://www.w3.org/2000/svg';
const kTextWidth = 0.55; // of the font size: a letter of a usual sans serif, on average
const kFontSize = 12; // px, as kFigureStyle has it

export class PaperNode {
  parentNode: PaperElement | null = null;
  get textContent(): string {
    return '';
  }
  get isConnected(): boolean {
    return true;
  }
  remove(): void {
    const siblings = this.parentNode?.childNodes;
    siblings?.splice(siblings.indexOf(this), 1);
    this.parentNode = null;
  }
  addEventListener(): void {}
  removeEventListener(): void {}
  dispatchEvent(): boolean {
    return true;
  }
}

export class PaperText extends PaperNode {
  constructor(public data: string) {
    super();
  }
  override get textContent(): string {
    return this.data;
  }
}

class ClassList {
  constructor(private element: PaperElement) {}
  private get words(): string[] {
    return (this.element.getAttribute('class') ?? '').split(/\s+/).filter(Boolean);
  }
  contains(word: string): boolean {
    return this.words.includes(word);
  }
  add(...words: string[]): void {
    this.element.setAttribute('class', [...new Set([...this.words, ...words])].join(' '));
  }
  remove(...words: string[]): void {
    this.element.setAttribute('class', this.words.filter((word) => !words.includes(word)).join(' '));
  }
  toggle(word: string, on = !this.contains(word)): boolean {
    if (on) this.add(word);
    else this.remove(word);
    return on;
  }
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

// element.dataset.cpuHz is the attribute data-cpu-hz.
function datasetOf(element: PaperElement): Record<string, string | undefined> {
  return new Proxy({}, {
    get: (_, name) => element.getAttribute(`data-${kebab(String(name))}`) ?? undefined,
    set: (_, name, value) => (element.setAttribute(`data-${kebab(String(name))}`, value), true),
    deleteProperty: (_, name) => (element.removeAttribute(`data-${kebab(String(name))}`), true),
  });
}

// element.style.fill is a declaration of the attribute style.
function styleOf(element: PaperElement): Record<string, unknown> {
  const read = () => new Map((element.getAttribute('style') ?? '').split(';').filter((part) => part.includes(':')).map((part) => {
    const at = part.indexOf(':');
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as [string, string];
  }));
  const write = (name: string, value: unknown) => {
    const all = read();
    if (value === '' || value === null) all.delete(name);
    else all.set(name, String(value));
    element.setAttribute('style', [...all].map(([key, text]) => `${key}: ${text}`).join('; '));
  };
  return new Proxy({}, {
    get: (_, name) => {
      if (name === 'setProperty') return write;
      if (name === 'removeProperty') return (key: string) => write(key, '');
      if (name === 'getPropertyValue') return (key: string) => read().get(key) ?? '';
      return name === 'cssText' ? (element.getAttribute('style') ?? '') : (read().get(kebab(String(name))) ?? '');
    },
    set: (_, name, value) => {
      if (name === 'cssText') element.setAttribute('style', value);
      else write(kebab(String(name)), value);
      return true;
    },
  });
}

// "rect.cell", ".cursor, .cursor-line", "g .level", "[data-x]": what figures ask for, no more.
function matchesOne(element: PaperElement, part: string): boolean {
  const tests = [...part.matchAll(/([.#]?)([\w-]+|\*)|\[([\w-]+)(?:=["']?([^\]"']*)["']?)?\]/g)];
  return tests.every(([, sign, name, attribute, value]) => {
    if (attribute) return value === undefined ? element.hasAttribute(attribute) : element.getAttribute(attribute) === value;
    if (sign === '.') return element.classList.contains(name!);
    return sign === '#' ? element.id === name : name === '*' || element.localName === name;
  });
}
function matches(element: PaperElement, selector: string): boolean {
  return selector.split(',').some((one) => {
    const parts = one.trim().split(/\s+/);
    if (!matchesOne(element, parts.pop()!)) return false;
    let above = element.parentNode;
    for (; parts.length && above; above = above.parentNode) if (matchesOne(above, parts.at(-1)!)) parts.pop();
    return !parts.length;
  });
}

export class PaperElement extends PaperNode {
  readonly attributes = new Map<string, string>();
  readonly childNodes: PaperNode[] = [];
  constructor(readonly localName: string, readonly namespaceURI: string) {
    super();
  }
  get classList(): ClassList {
    return new ClassList(this);
  }
  get dataset(): Record<string, string | undefined> {
    return datasetOf(this);
  }
  get style(): Record<string, unknown> {
    return styleOf(this);
  }
  get tagName(): string {
    return this.localName;
  }
  get children(): PaperElement[] {
    return this.childNodes.filter((node): node is PaperElement => node instanceof PaperElement);
  }
  get firstChild(): PaperNode | null {
    return this.childNodes[0] ?? null;
  }
  get lastChild(): PaperNode | null {
    return this.childNodes.at(-1) ?? null;
  }
  get id(): string {
    return this.getAttribute('id') ?? '';
  }
  set id(value: string) {
    this.setAttribute('id', value);
  }
  override get textContent(): string {
    return this.childNodes.map((node) => node.textContent).join('');
  }
  override set textContent(text: string) {
    this.replaceChildren(...(text ? [text] : []));
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }
  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value));
  }
  setAttributeNS(_: string | null, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  insertBefore<T extends PaperNode>(node: T, before: PaperNode | null): T {
    node.remove();
    const at = before ? this.childNodes.indexOf(before) : -1;
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, node);
    node.parentNode = this;
    return node;
  }
  appendChild<T extends PaperNode>(node: T): T {
    return this.insertBefore(node, null);
  }
  removeChild<T extends PaperNode>(node: T): T {
    node.remove();
    return node;
  }
  append(...nodes: (PaperNode | string)[]): void {
    for (const node of nodes) this.appendChild(node instanceof PaperNode ? node : new PaperText(String(node)));
  }
  prepend(...nodes: (PaperNode | string)[]): void {
    const first = this.firstChild;
    for (const node of nodes) this.insertBefore(node instanceof PaperNode ? node : new PaperText(String(node)), first);
  }
  replaceChildren(...nodes: (PaperNode | string)[]): void {
    for (const node of [...this.childNodes]) node.remove();
    this.append(...nodes);
  }
  cloneNode(deep = false): PaperElement {
    const copy = new PaperElement(this.localName, this.namespaceURI);
    this.attributes.forEach((value, name) => copy.setAttribute(name, value));
    if (deep) copy.append(...this.childNodes.map((node) => (node instanceof PaperElement ? node.cloneNode(true) : new PaperText(node.textContent))));
    return copy;
  }

  matches(selector: string): boolean {
    return matches(this, selector);
  }
  querySelectorAll(selector: string): PaperElement[] {
    return this.children.flatMap((child) => [...(child.matches(selector) ? [child] : []), ...child.querySelectorAll(selector)]);
  }
  querySelector(selector: string): PaperElement | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  contains(node: PaperNode | null): boolean {
    for (let at = node; at; at = at.parentNode) if (at === this) return true;
    return false;
  }

  // Nothing is laid out here.
  getComputedTextLength(): number {
    return kTextWidth * (parseFloat(String(this.style['fontSize'])) || kFontSize) * this.textContent.length;
  }
  getBBox() {
    const [x, y] = [Number(this.getAttribute('x') ?? 0), Number(this.getAttribute('y') ?? 0)];
    return { x, y: y - kFontSize, width: Number(this.getAttribute('width') ?? this.getComputedTextLength()), height: Number(this.getAttribute('height') ?? kFontSize) };
  }
  getBoundingClientRect() {
    const { x, y, width, height } = this.getBBox();
    return { x, y, width, height, left: x, top: y, right: x + width, bottom: y + height };
  }
  get clientWidth(): number {
    return Number(this.getAttribute('width') ?? 0);
  }
  get clientHeight(): number {
    return Number(this.getAttribute('height') ?? 0);
  }
  getContext(): null {
    return null; // there is no canvas: a figure for paper is lines
  }
  setPointerCapture(): void {}
  releasePointerCapture(): void {}
  focus(): void {}
}

const kEntity: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;', '\r': '&#13;', '\t': '&#9;' };
export const escapeXml = (text: string) => withoutForbidden(text).replace(/[&<>"\r]/g, (letter) => kEntity[letter]!);
const escapeAttribute = (text: string) => escapeXml(text).replace(/[\n\t]/g, (letter) => kEntity[letter]!);
const kName = /^[A-Za-z_][\w:.-]*$/;

// An element as XML. `value` may change or leave out (null) an attribute.
export function toXml(element: PaperElement, value: (name: string, text: string, element: PaperElement) => string | null): string {
  const attributes = [...element.attributes].flatMap(([name, text]) => {
    const kept = kName.test(name) ? value(name, text, element) : null;
    return kept === null ? [] : [` ${name}="${escapeAttribute(kept)}"`];
  });
  const inside = element.childNodes.map((node) => (node instanceof PaperElement ? toXml(node, value) : escapeXml(node.textContent))).join('');
  const head = `<${element.localName}${attributes.join('')}`;
  return inside ? `${head}>${inside}</${element.localName}>` : `${head}/>`;
}

export const svgElement = (name: string) => new PaperElement(name, kSvg);

// The wall of boards: a tile each, the ones with troubles first. Only tiles whose board changed are
// touched, and only those that stand elsewhere are moved.
import { h, set } from '../dom';
import type { Board } from './stream';
import { doingText, factsText, kShape, searched, troubleText } from './words';

class Tile {
  private readonly shape = h('span', { class: 'shape', 'aria-hidden': 'true' });
  private readonly name = h('strong', { class: 'name' });
  private readonly state = h('span', { class: 'state' });
  private readonly type = h('p', { class: 'type' });
  private readonly tag = h('span', { class: 'tag' }, 'simulated');
  private readonly typeName = h('span', {});
  private readonly doing = h('p', { class: 'doing clamp' });
  private readonly bar = h('progress', { 'aria-hidden': 'true', max: 1, value: 0 });
  private readonly setting = h('p', { class: 'setting clamp' });
  private readonly trouble = h('p', { class: 'trouble clamp' });
  private readonly facts = h('p', { class: 'numbers' });
  readonly element = h('li', { class: 'tile' });
  words = '';

  constructor(public board: Board) {
    this.type.append(this.typeName, this.tag);
    this.element.append(h('h3', {}, this.shape, this.name, this.state), this.type, this.trouble, this.doing, this.bar, this.setting, this.facts);
    this.show(board);
  }

  show(board: Board): void {
    this.board = board;
    this.words = searched(board);
    this.element.dataset['state'] = board.state;
    this.element.dataset['rank'] = String(board.rank);
    set(this.shape, kShape[board.state]);
    set(this.name, board.name);
    this.name.title = board.name;
    set(this.state, board.state);
    set(this.typeName, [board.type || 'type not known', board.release].filter(Boolean).join(' '));
    this.tag.hidden = !board.simulated;
    fillOrHide(this.trouble, troubleText(board));
    fillOrHide(this.doing, doingText(board));
    this.bar.hidden = board.blockRuns <= 0;
    this.bar.max = Math.max(1, board.blockRuns);
    this.bar.value = Math.min(board.blockDone, board.blockRuns);
    fillOrHide(this.setting, [board.network, board.setting].filter(Boolean).join(', '));
    fillOrHide(this.facts, factsText(board));
  }
}

function fillOrHide(element: HTMLElement, text: string): void {
  set(element, text);
  if (element.title !== text) element.title = text;
  element.hidden = text === '';
}

const byTrouble = (a: Tile, b: Tile) => a.board.rank - b.board.rank || (a.board.name < b.board.name ? -1 : 1);

export class Wall {
  readonly element = h('ul', { class: 'wall', 'aria-label': 'Boards' });
  private readonly tiles = new Map<string, Tile>();
  private filter: string[] = [];

  show(changed: Iterable<Board>, gone: Iterable<string>): void {
    for (const board of changed) {
      const tile = this.tiles.get(board.name);
      if (tile) tile.show(board);
      else this.tiles.set(board.name, new Tile(board));
    }
    for (const name of gone) {
      this.tiles.get(name)?.element.remove();
      this.tiles.delete(name);
    }
    this.arrange();
  }

  // Every word must be somewhere in what the tile says.
  select(text: string): void {
    this.filter = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.arrange();
  }
  shown = 0;

  private arrange(): void {
    this.shown = 0;
    let place: Element | null = this.element.firstElementChild;
    for (const tile of [...this.tiles.values()].sort(byTrouble)) {
      const fits = this.filter.every((word) => tile.words.includes(word));
      if (tile.element.hidden === fits) tile.element.hidden = !fits;
      if (fits) ++this.shown;
      if (tile.element === place) place = place.nextElementSibling;
      else this.element.insertBefore(tile.element, place);
    }
  }
}

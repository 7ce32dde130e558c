// Choices beside a figure: native elements, so that keyboard and screen reader work as everywhere.
import { h } from '../dom';

export function select<T extends string | number>(label: string, values: T[], text: (value: T) => string, chosen: T | undefined, choose: (value: T) => void): HTMLElement {
  const list = h('select', { change: (event: Event) => choose(values[(event.target as HTMLSelectElement).selectedIndex]!) },
    ...values.map((value) => h('option', { selected: value === chosen }, text(value))));
  list.name = label;
  return h('label', { class: 'select' }, h('span', {}, label), list);
}

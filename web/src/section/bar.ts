// The bar that stays in sight: network, batch size, governors.
import { h, replace } from '../dom';
import { select } from '../figure/controls';
import { batchesOf, networksOf } from '../grid';
import type { View } from '../view';

export function bar(view: View): HTMLElement {
  const host = h('div', { class: 'choices' });
  const show = () => {
    const focused = host.contains(document.activeElement) ? (document.activeElement as HTMLSelectElement).name : null;
    const { network, batch, baseline } = view.choice;
    replace(host,
      select('Network', networksOf(view.study), (name) => name, network, (to) => view.choose({ network: to, cpu: null, gpu: null })),
      select('Batch', batchesOf(view.study, network), (size) => (size > 0 ? String(size) : 'none'), batch, (to) => view.choose({ batch: to, cpu: null, gpu: null })),
      view.baselines.length ? select('Against governors', view.baselines.map((b) => b.name), (name) => name, baseline, (to) => view.choose({ baseline: to })) : null);
    host.querySelectorAll('select').forEach((list) => list.name === focused && list.focus());
  };
  show();
  view.subscribe(show);
  return h('div', { class: 'bar', role: 'group', 'aria-label': 'What the figures show' }, host);
}

// The studies with how far they are, where, and who refuses them.
import { h, replace, type Child } from '../dom';
import { count, percent } from '../format';
import type { Lane, Study } from './stream';
import { lengthText } from './words';

function leftText(study: Study): string {
  if (study.closed) return 'closed';
  if (study.openEnd) return 'a search: its end is open';
  if (study.left_s !== null) return `about ${lengthText(study.left_s)} left`;
  if (study.stored >= study.planned && study.planned > 0) return 'all runs are stored';
  if (study.measuring.length === 0) return 'nobody measures it now';
  return 'time left: not known yet';
}

function laneText(lane: Lane): string {
  const blocks = lane.waiting === null ? 'no queue' : `${count(lane.waiting)} blocks waiting, ${count(lane.claimed ?? 0)} claimed`;
  const boards = lane.boards.length === 0 ? 'no board' : lane.boards.slice(0, 30).join(', ') + (lane.boards.length > 30 ? ` and ${lane.boards.length - 30} more` : '');
  return `${blocks}; ${boards}`;
}

const fact = (name: string, value: Child) => h('div', {}, h('dt', {}, name), h('dd', { class: 'clamp' }, value));

function card(study: Study): HTMLElement {
  const share = study.planned > 0 ? study.stored / study.planned : 0;
  const name = `${count(study.stored)} of ${count(study.planned)} runs`;
  const reasons = new Map<string, string[]>();
  for (const { board, reason } of study.refused) reasons.set(reason, [...(reasons.get(reason) ?? []), board]);
  return h('article', { class: 'card study' },
    h('h3', { title: study.name }, study.name.slice(0, 120), h('span', {}, study.type), study.simulated && h('span', { class: 'tag' }, 'simulated')),
    h('p', { class: 'saving' }, h('strong', {}, study.openEnd ? count(study.stored) : percent(100 * share)), h('span', { class: 'than' }, `${name}, ${leftText(study)}`)),
    h('progress', { max: Math.max(1, study.planned), value: Math.min(study.stored, study.planned), 'aria-label': `${study.name.slice(0, 120)}: ${name}` }),
    h('dl', {},
      fact('rate', study.perMinute === null ? 'not known yet' : `${+study.perMinute.toPrecision(3)} runs a minute`),
      fact('measured by', study.measuring.length === 0 ? 'nobody now' : `${count(study.measuring.length)} ${study.measuring.length === 1 ? 'board' : 'boards'} now`),
      ...study.lanes.map((lane) => fact(`lane ${lane.lane}`, laneText(lane))),
      ...[...reasons].map(([reason, boards]) => fact('refused', `by ${boards.slice(0, 12).join(', ')}${boards.length > 12 ? ` and ${boards.length - 12} more` : ''}: ${reason}`)),
      study.deadly > 0 && fact('agents died', `during ${count(study.deadly)} ${study.deadly === 1 ? 'run' : 'runs'}`)));
}

export class Studies {
  readonly element = h('div', { class: 'cards' });
  private last = '';

  show(studies: Study[]): void {
    const now = JSON.stringify(studies);
    if (now === this.last) return;
    this.last = now;
    // Open ones first, the newest of them at the front.
    const sorted = [...studies].reverse().sort((a, b) => Number(a.closed) - Number(b.closed));
    replace(this.element, ...(sorted.length > 0 ? sorted.map(card) : [h('p', { class: 'nothing' }, 'No study was published.')]));
  }
}

// What differs between the boards of a fleet, how many boards a conclusion needs, each board's best: tables.
import type { BoardEffects, FleetBoard, VariancePart } from '../data';
import { h, replace } from '../dom';
import { effectsOf, ownBest, partText, short } from '../figure/fleet_boards';
import { count, percent } from '../format';
import type { View } from '../view';
import { tableElement } from './table';

const number = (value: number | null) => (value === null ? 'more than any fleet has' : count(value));

function parts(one: BoardEffects): HTMLElement {
  const { board, interaction, block, error } = one.components;
  const rows: [string, VariancePart, string][] = [
    ['from board to board', board, one.gain_percent ? `with the power chips' own gain, which may be off by ${short(one.gain_percent)} (k = 1)` : ''],
    ['by setting and board together', interaction, one.error_in_interaction ? 'with the scatter of the runs' : ''],
    ['from block to block on a board', block, ''], ['from run to run', error, ''],
  ];
  return tableElement('How far the energy of an inference differs (standard deviations)', [
    { name: 'What', cell: (row: (typeof rows)[0]) => row[0] }, { name: 'By', cell: ([, part]) => partText(part) }, { name: 'Note', cell: ([, part, note]) => [note, part.percent === null ? '' : part.note].filter(Boolean).join('; ') },
  ], rows);
}

function needed(one: BoardEffects): HTMLElement | null {
  if (one.needed.why_absent) return null;
  return tableElement('Boards needed for an interval of 95 %', [
    { name: 'Half width', number: true, cell: (row: BoardEffects['needed']['widths'][0]) => percent(row.half_width_percent, 0) },
    { name: 'Energy at a setting', number: true, cell: (row) => number(row.energy) },
    { name: 'Difference of two settings', number: true, cell: (row) => number(row.difference) },
    { name: 'Saving against the governors', number: true, cell: (row) => number(row.saving) },
  ], one.needed.widths);
}

function each(one: BoardEffects): HTMLElement {
  const odd = (board: FleetBoard) => one.outliers.filter((outlier) => outlier.board === board.board);
  const saving = one.savings[0];
  return tableElement("Each board's best setting", [
    { name: 'Board', cell: (board: FleetBoard) => board.board },
    { name: 'From the fleet', number: true, cell: (board) => (board.effect_percent === null ? 'not known' : `${board.effect_percent > 0 ? '+' : ''}${percent(board.effect_percent)}`) },
    { name: 'Its best', cell: (board) => ownBest(one, board) || 'not known' },
    { name: 'Sure', number: true, cell: (board) => (board.best ? percent(100 * board.best.probability, 0) : '') },
    { name: "Loss with the fleet's", number: true, cell: (board) => (board.best && board.best.loss_percent !== null ? percent(board.best.loss_percent, 2) : '') },
    { name: saving ? `Saving of the fleet's best against '${saving.baseline}'` : 'Saving', number: true, cell: (board) => { const saved = saving?.boards.find((row) => row.board === board.board)?.saving_percent; return saved === undefined || saved === null ? '' : percent(saved); } },
    { name: 'Outlier', cell: (board) => odd(board).map((outlier) => outlier.kind).join(', ') },
  ], one.boards, (board) => odd(board).length > 0);
}

export function fleetTables(view: View): HTMLElement | null {
  if (!view.study.board_effects?.length) return null;
  const host = h('div', { id: 'fleet-tables' });
  const show = () => {
    const one = effectsOf(view);
    if (!one || one.why_absent) replace(host);
    else replace(host, parts(one), needed(one), each(one));
  };
  show();
  view.subscribe(show);
  return host;
}

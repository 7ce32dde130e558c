// Boards of one fleet: how far each lies from the fleet at the same settings, and whose best setting is another.
import { scaleLinear } from 'd3-scale';
import type { Table } from '../csv';
import type { BoardEffects, FleetBoard, VariancePart } from '../data';
import { s } from '../dom';
import { count, kCoverage, percent, settingText } from '../format';
import { batchOf } from '../grid';
import type { View } from '../view';
import type { Figure } from './frame';
import { fitted, widthOf } from './jobs';
import { canvas, spaced } from './parts';

export function effectsOf(view: View): BoardEffects | undefined {
  const { network, batch } = view.choice;
  return view.study.board_effects?.find((one) => one.network === network && (one.batch === batch || (batch === 0 && one.batch === 1)));
}

const signed = (value: number, decimals = 1) => `${value > 0 ? '+' : ''}${percent(value, decimals)}`;
export const short = (value: number) => percent(value, value < 1 ? 2 : 1);
const boards = (number: number) => `${count(number)} ${number === 1 ? 'board' : 'boards'}`;
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

export function partText(part: VariancePart): string {
  if (part.percent === null) return `not known: ${part.note}`;
  const range = part.low_percent === null ? '' : ` (95\u00a0%: ${short(part.low_percent)} to ${part.high_percent === null ? 'any' : short(part.high_percent)})`;
  return `${short(part.percent)}${range}`;
}

export function bestSentence(one: BoardEffects): string {
  const { best } = one;
  if (best.why_absent || !best.setting) return `Each board's own best setting cannot be told: ${best.why_absent}.`;
  const share = (value: number) => percent(100 * value, 0);
  return `The fleet's best setting, ${settingText(best.setting, ['batch'])}, is within 1\u00a0% of the best on ${share(best.share_within)} of the boards (95\u00a0%: ${share(best.share_within_low)} to ${share(best.share_within_high)}).`;
}

export function neededSentence(one: BoardEffects): string {
  const { needed } = one;
  if (needed.why_absent) return '';
  const narrow = needed.widths[0];
  const mean = narrow && narrow.energy !== null ? `A mean energy within ${percent(narrow.half_width_percent, 0)} needs ${boards(narrow.energy)}${narrow.saving === null ? '' : `, a saving ${boards(narrow.saving)}`}. ` : '';
  if (needed.best_note) return `${mean}How many boards the best setting needs cannot be told: ${needed.best_note}.`;
  return mean + (needed.best === null ? `No number of boards finds a setting within 1\u00a0% of a new board's own best in 9 of 10 cases${needed.best_reach === null ? '' : ` (at most in ${percent(100 * needed.best_reach, 0)})`}.` : `The best setting on the mean of ${boards(needed.best)} is within 1\u00a0% of a new board's own best in 9 of 10 cases.`);
}

function sentence(view: View): string {
  const one = effectsOf(view);
  if (!one) return 'Several boards of the fleet did not measure this network and batch size.';
  const known = `${boards(one.boards.length)} of one type, ${count(one.settings)} settings, ${count(one.runs)} runs${view.study.simulated ? ', simulated' : ''}.`;
  if (one.why_absent) return `${known} Nothing can be said of the boards: ${one.why_absent}.`;
  const odd = one.outliers.length ? one.outliers.map((outlier) => outlier.sentence).join(' ') : one.boards.length < 3 ? '' : 'No board is an outlier.';
  return `${known} At the same setting, boards differ by ${partText(one.components.board)} (standard deviation). ${bestSentence(one)} ${neededSentence(one)} ${odd}`.replace(/ +/g, ' ').trim();
}

const kRow = 24;
const most = (width: number) => (width < 520 ? 24 : 40);
const ranked = (one: BoardEffects) => one.boards.filter((board) => board.effect_percent !== null).sort((a, b) => a.effect_percent! - b.effect_percent!);
const half = (board: FleetBoard) => kCoverage * (board.effect_u_percent ?? 0);
const sameSetting = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export function ownBest(one: BoardEffects, board: FleetBoard): string {
  if (!board.best) return '';
  return sameSetting(board.best.setting, one.best.setting) ? "the fleet's" : settingText(board.best.setting, ['batch']);
}

function drawBoard(one: BoardEffects, board: FleetBoard, y: number, x: (percent: number) => number, names: number, right: number | null, width: number, say: (text: string | null) => void): SVGGElement {
  const outlier = one.outliers.some((odd) => odd.board === board.board);
  const [value, reach] = [board.effect_percent!, half(board)];
  const loss = board.best && board.best.loss_percent !== null ? `; its best: ${ownBest(one, board)}, expected loss with the fleet's ${percent(board.best.loss_percent, 2)}` : '';
  const text = `${board.board}${outlier ? ' (outlier)' : ''}: ${signed(value, 2)} ± ${percent(reach, 2)} from the fleet, ${count(board.runs)} runs of ${count(board.settings)} settings${loss}`;
  const side = outlier ? 'right' : 'left';
  const name = outlier ? `${board.board} (outlier)` : board.board;
  return s('g', { pointerenter: () => say(text), pointerleave: () => say(null) }, s('title', {}, text),
    s('text', { class: outlier ? 'axis-name' : null, x: names - 8, y: y + 4, 'text-anchor': 'end' }, fitted(name, names - 12)),
    s('path', { class: `whisker ${side}`, d: `M${x(value - reach).toFixed(1)},${y}H${x(value + reach).toFixed(1)}` }), s('circle', { class: side, cx: x(value).toFixed(1), cy: y, r: 4 }),
    right !== null && s('text', { x: right + 12, y: y + 4 }, fitted(ownBest(one, board), width - right - 16)));
}

function draw(view: View, width: number, say: (text: string | null) => void) {
  const one = effectsOf(view);
  if (!one) return 'Several boards of the fleet did not measure this network and batch size.';
  if (one.why_absent) return `Nothing can be said of the boards: ${one.why_absent}.`;
  const all = ranked(one);
  const shown = all.length <= most(width) ? all : [...all.slice(0, most(width) / 2), ...all.slice(-most(width) / 2)];
  const names = Math.min(width * 0.36, 16 + Math.max(...shown.map((board) => widthOf(board.board) + (one.outliers.some((odd) => odd.board === board.board) ? 74 : 0))));
  const right = width >= 640 && !one.best.why_absent ? width * 0.64 : null;
  const [top, bottom] = [50, 50 + kRow * shown.length];
  const drawing = canvas(view, width, bottom + 40, `Boards of the fleet. ${sentence(view)}`);
  const reach = Math.max(0.1, ...shown.map((board) => Math.abs(board.effect_percent!) + half(board)));
  const x = scaleLinear([-reach, reach], [names + 10, (right ?? width) - 14]).nice(5);
  const ticks = spaced(x.ticks(right === null && width < 420 ? 4 : 6), x, 46);
  for (const tick of ticks) drawing.append(s('path', { class: tick === 0 ? 'frame-line' : 'rule', d: `M${x(tick)},${top - 6}V${bottom}` }), s('text', { x: x(tick), y: bottom + 16, 'text-anchor': 'middle' }, `${tick > 0 ? '+' : ''}${percent(tick, reach < 1.5 ? 2 : reach < 10 ? 1 : 0).replace(/[^\d.\u2212]/g, '')}`));
  drawing.append(s('text', { class: 'axis-name', x: 4, y: 30 }, fitted('Energy at one setting, from the fleet’s (%)', (right ?? width) - 8)));
  if (right !== null) drawing.append(s('text', { class: 'axis-name', x: right + 12, y: 30 }, 'Its best setting'));
  shown.forEach((board, i) => drawing.append(drawBoard(one, board, top + (i + 0.5) * kRow, x, names, right, width, say)));
  return { drawing, readout: `Point at a board to read it. Bars: 2 standard uncertainties.${shown.length < all.length ? ` The ${shown.length} farthest of ${all.length} boards; the CSV file has all.` : ''}` };
}

function table(view: View): Table {
  const one = effectsOf(view);
  const saving = one?.savings[0];
  const rows = (one?.boards ?? []).map((board) => {
    const saved = saving?.boards.find((row) => row.board === board.board);
    return [one!.network, one!.batch, board.board, board.runs, board.settings, board.effect_percent, board.effect_u_percent, board.raw_percent,
      board.best ? plain(settingText(board.best.setting, ['batch'])) : '', board.best?.probability, board.best?.loss_percent, board.best ? String(board.best.measured) : '', saving?.baseline ?? '', saved?.saving_percent, saved?.blocks,
      one!.outliers.filter((odd) => odd.board === board.board).map((odd) => odd.sentence).join(' '), one!.why_absent, String(view.study.simulated)];
  });
  return { header: ['network', 'batch', 'board', 'runs', 'settings', 'effect_percent', 'effect_standard_uncertainty_percent', 'effect_unshrunk_percent', 'best_setting', 'best_probability', 'loss_with_fleet_best_percent', 'best_measured', 'baseline', 'saving_percent', 'saving_blocks', 'outlier', 'why_absent', 'simulated'], rows };
}

export const fleetBoards: Figure = {
  id: 'fleet-boards', wide: true, title: () => 'Boards of this fleet', sentence, draw, table,
  applies: (study) => (study.board_effects ?? []).some((one) => one.boards.length > 1 && study.points.some((point) => point.network === one.network && (batchOf(point) || 1) === one.batch)),
};

// What a fleet's numbers are called, in one place.
import { count, watt } from '../format';
import type { Board, State } from './stream';

// A shape a state, so that nobody needs the colours.
export const kShape: Record<State, string> = { lost: '✕', out: '▲', draining: '◐', drained: '□', measuring: '●', idle: '○' };

export const utc = (unix_s: number) => `${new Date(unix_s * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export function lengthText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

export function doingText(board: Board): string {
  if (!board.study) return board.state === 'lost' && board.seen_unix_s !== null ? `since ${utc(board.seen_unix_s)}, by the server's clock` : '';
  const runs = board.blockRuns > 0 ? `, ${board.blockDone} of ${board.blockRuns} runs` : '';
  return `${board.study}${board.block === null ? '' : `, block ${board.block}`}${runs}`;
}

export function factsText(board: Board): string {
  return [
    board.hottest_c !== null && `${Math.round(board.hottest_c)} °C`,
    board.power_w !== null && watt(board.power_w),
    board.runs !== null && `${count(board.runs)} ${board.runs === 1 ? 'run' : 'runs'}`,
  ].filter(Boolean).join(' · ');
}

export const troubleText = (board: Board) => [...board.troubles, board.drainWhy && `drained: ${board.drainWhy}`].filter(Boolean).join('; ');
export const searched = (board: Board) => [board.name, board.state, board.type, board.release, board.simulated ? 'simulated' : '', board.study, board.network, board.setting, ...board.troubles, board.drainWhy].join('\n').toLowerCase();

// Runs a minute, as the server stored them while the program looked.
import { h, replace, s } from '../dom';
import { count } from '../format';

const kMinutes = 60, kWidth = 600, kHeight = 90;

export class Minutes {
  private readonly plot = h('div', { class: 'minutes' });
  private readonly words = h('p', { class: 'note' });
  readonly element = h('div', {}, this.plot, this.words);
  private last = '';

  show(minutes: [number, number][], time_unix_s: number | null): void {
    const now = time_unix_s === null ? (minutes.at(-1)?.[0] ?? 0) : Math.floor(time_unix_s / 60);
    const key = JSON.stringify([minutes, now]);
    if (key === this.last) return;
    this.last = key;
    const runs = new Map(minutes);
    const bars = Array.from({ length: kMinutes }, (_, i) => runs.get(now - kMinutes + 1 + i) ?? 0);
    const most = Math.max(1, ...bars), step = kWidth / kMinutes;
    const whole = bars.slice(-6, -1), sum = bars.reduce((a, b) => a + b, 0);
    // Of five whole minutes, where the program looked that long.
    const rate = (minutes[0]?.[0] ?? now) <= now - 5 ? `; ${+(whole.reduce((a, b) => a + b, 0) / whole.length).toPrecision(3)} a minute over the last five` : '';
    const said = sum === 0 ? 'No run was stored since this program looks.' : `${count(sum)} runs in the last hour, at most ${count(most)} in a minute${rate}.`;
    this.words.textContent = said;
    replace(this.plot, s('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, role: 'img', 'aria-label': `Runs a minute. ${said}`, preserveAspectRatio: 'none' },
      s('line', { x1: 0, x2: kWidth, y1: kHeight - 0.5, y2: kHeight - 0.5, class: 'axis' }),
      ...bars.map((value, i) => value > 0 && s('rect', { x: (i * step + 1).toFixed(1), width: (step - 2).toFixed(1), y: (kHeight - (kHeight - 4) * (value / most)).toFixed(1), height: ((kHeight - 4) * (value / most)).toFixed(1) }))));
  }
}

// Which of a study's answers stands first: it leads the page in words, and the figures show it before the reader chooses.
import type { Comparison, Minimum, Study } from './data';
import { kCoverage } from './format';
import { leadingComparison } from './grid';

// Beyond its interval: only such a difference was shown.
export const isShown = (comparison: Comparison) => Math.abs(comparison.saving_percent) > kCoverage * comparison.saving_uncertainty_percent;

const savingOf = (minimum: Minimum) => leadingComparison(minimum)?.saving_percent ?? -Infinity;
const largest = (minima: Minimum[]) => minima.reduce<Minimum | undefined>((best, minimum) => (best && savingOf(best) >= savingOf(minimum) ? best : minimum), undefined);

// The largest saving that was shown; where none was, the largest there is.
export function leadingMinimum(study: Study): Minimum | undefined {
  const shown = study.minima.filter((minimum) => {
    const leading = leadingComparison(minimum);
    return leading && leading.saving_percent > 0 && isShown(leading);
  });
  return largest(shown) ?? largest(study.minima);
}

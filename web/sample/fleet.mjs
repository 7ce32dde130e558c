// Statistics over the boards of a made-up fleet, for tests: as src/report/board_effects_json.h writes them.

const part = (percent) => ({ percent, low_percent: percent / 1.5, high_percent: percent * 1.6, method: 'profile likelihood', note: '' });

// Of the study's first minimum. The last board is an outlier; every third has a best setting of its own.
export function fleetOf(study, count = 8) {
  const { network, job, batch, best } = study.minima[0];
  const grid = study.points.filter((point) => point.network === network && point.baseline === null && point.setting.batch === batch && point.energy_j);
  const [setting, other] = [study.points[best].setting, grid.find((point) => point !== study.points[best])?.setting ?? study.points[best].setting];
  const boards = Array.from({ length: count }, (_, i) => ({
    board: `nano-${String(i + 1).padStart(2, '0')}`, settings: grid.length, runs: 10 * grid.length, effect_percent: i === count - 1 ? 14.2 : -2 + 0.6 * i, effect_u_percent: 0.2, raw_percent: i === count - 1 ? 14.3 : -2 + 0.6 * i,
    best: { setting: i % 3 === 2 ? other : setting, probability: 0.6, loss_percent: i % 3 === 2 ? 0.8 : 0.1, measured: true },
  }));
  const components = { board: part(3.1), interaction: part(0.5), block: { percent: null, low_percent: null, high_percent: null, method: '', note: 'no board repeated a setting in several blocks' }, error: part(0.9) };
  const last = boards.at(-1).board;
  return [{
    network, job: job ?? '', batch, settings: grid.length, runs: count * 10 * grid.length, left_out: 0, why_left_out: '', why_absent: '', components, error_in_interaction: false, gain_percent: 0.6,
    interaction_test: { f: 1.8, p: 0.0004, freedom: 90, error_freedom: 900, note: '' }, boards,
    best: { why_absent: '', setting, rivals: 2, share_best: 0.62, share_best_low: 0.4, share_best_high: 0.8, share_within: 0.93, share_within_low: 0.85, share_within_high: 1, loss_median_percent: 0.1, loss_90_percent: 0.8, loss_most_percent: 1.2 },
    savings: [{ baseline: 'default', mean_percent: 21.4, low_percent: 20.1, high_percent: 22.7, spread_percent: 1.1, least_percent: 19, most_percent: 23.5, boards: boards.map(({ board }, i) => ({ board, saving_percent: 20 + 0.4 * i, blocks: 10 })) }],
    needed: { why_absent: '', repeats: 10, widths: [{ half_width_percent: 1, energy: 41, difference: 5, saving: 6 }, { half_width_percent: 2, energy: 13, difference: 3, saving: 4 }, { half_width_percent: 5, energy: 5, difference: 2, saving: 2 }], best: 3, best_reach: 0.97, best_note: '' },
    outliers: [{ board: last, kind: 'effect', percent: 14.3, usual_percent: 1.9, score: 7.5, threshold: 5.4, sentence: `${last} uses 14.3 % more energy than the middle board at the same settings: 7.5 robust standard deviations, where 5.4 is passed by chance in one of 20 fleets of ${count} boards.` }],
    others: [{ quantity: 'latency', components }],
  }];
}

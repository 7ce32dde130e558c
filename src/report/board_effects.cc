#include "report/board_effects.h"

namespace isojoule {
namespace {

bool same_work(const BoardTable& a, const BoardTable& b) {
  return a.network == b.network && a.job == b.job && a.batch == b.batch;
}

double mean_gain_percent(std::span<const Run> runs) {
  double sum = 0;
  int count = 0;
  for (const Run& run : runs) {
    const auto value = value_of(run, RunQuantity::energy);
    if (!value || !(value->value > 0)) continue;
    sum += 100 * value->gain / value->value;
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

BoardEffects effects_of(BoardTable table, std::uint64_t seed) {
  BoardEffects effects;
  effects.table = std::move(table);
  effects.within = look_within_boards(effects.table);
  effects.fit = fit_boards(effects.within);
  effects.best = best_of_boards(effects.table, effects.within, effects.fit, seed);
  std::optional<double> saving_deviation;
  if (effects.best.why_absent.empty())
    effects.savings = savings_of_boards(effects.table, effects.best.fleet_best);
  if (!effects.savings.empty()) saving_deviation = effects.savings.front().log_deviation;
  effects.needed =
      boards_needed(effects.table, effects.within, effects.fit, saving_deviation, seed);
  effects.outliers = outlier_boards(effects.table, effects.within, effects.fit, seed);
  return effects;
}

}  // namespace

std::vector<BoardEffects> board_effects(std::span<const Run> runs, std::uint64_t seed) {
  std::vector<BoardEffects> all;
  std::vector<BoardTable> tables = board_tables(runs, RunQuantity::energy);
  if (tables.empty()) return all;
  const double gain = mean_gain_percent(runs);
  for (BoardTable& table : tables) {
    all.push_back(effects_of(std::move(table), seed));
    all.back().gain_percent = gain;
  }
  for (const RunQuantity quantity : {RunQuantity::net_energy, RunQuantity::latency})
    for (const BoardTable& table : board_tables(runs, quantity))
      for (BoardEffects& effects : all)
        if (same_work(table, effects.table))
          effects.others.push_back({quantity, fit_boards(look_within_boards(table))});
  return all;
}

}  // namespace isojoule

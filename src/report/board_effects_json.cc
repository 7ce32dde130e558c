#include "report/board_effects_json.h"

#include <cmath>

#include "report/summary_json.h"

namespace isojoule {
namespace {

using Eigen::Index;
using nlohmann::json;

json finite(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
json log_percent(double log_ratio) { return finite(100 * std::expm1(log_ratio)); }
template <typename T>
json or_nothing(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

json part_json(const BoardComponent& part) {
  return {{"percent", part.deviation ? log_percent(*part.deviation) : json(nullptr)},
          {"low_percent", part.interval ? log_percent(part.interval->low) : json(nullptr)},
          {"high_percent", part.interval ? log_percent(part.interval->high) : json(nullptr)},
          {"method", part.method},
          {"note", part.note}};
}

json components_json(const BoardFit& fit) {
  return {{"board", part_json(fit.board)},
          {"interaction", part_json(fit.interaction)},
          {"block", part_json(fit.block)},
          {"error", part_json(fit.error)}};
}

json test_json(const InteractionTest& test) {
  return {{"f", test.f ? finite(*test.f) : json(nullptr)},
          {"p", test.f ? finite(test.p) : json(nullptr)},
          {"freedom", test.freedom},
          {"error_freedom", test.error_freedom},
          {"note", test.note}};
}

json boards_json(const BoardEffects& effects) {
  json rows = json::array();
  const bool fitted = effects.fit.why_absent.empty();
  for (std::size_t board = 0; board < effects.table.boards.size(); ++board) {
    const auto j = static_cast<Index>(board);
    const auto runs = effects.within.runs.col(j).array();
    json row = {
        {"board", effects.table.boards[board]},
        {"settings", (runs > 0).count()},
        {"runs", std::llround(runs.sum())},
        {"effect_percent", fitted ? log_percent(effects.fit.board_effect(j)) : json(nullptr)},
        {"effect_u_percent", fitted ? log_percent(effects.fit.board_u(j)) : json(nullptr)},
        {"raw_percent", fitted ? log_percent(effects.fit.board_raw(j)) : json(nullptr)},
        {"best", nullptr}};
    if (board < effects.best.boards.size()) {
      const OwnBest& best = effects.best.boards[board];
      row["best"] = {{"setting", to_json(effects.table.settings[best.setting].setting)},
                     {"probability", best.probability},
                     {"loss_percent", finite(best.loss_percent)},
                     {"measured", best.measured}};
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

json best_json(const BoardEffects& effects) {
  const BestOfBoards& best = effects.best;
  const bool known = best.why_absent.empty();
  return {
      {"why_absent", best.why_absent},
      {"setting", known ? to_json(effects.table.settings[best.fleet_best].setting) : json(nullptr)},
      {"rivals", best.rivals},
      {"share_best", best.share_best},
      {"share_best_low", best.share_best_interval.low},
      {"share_best_high", best.share_best_interval.high},
      {"share_within", best.share_within},
      {"share_within_low", best.share_within_interval.low},
      {"share_within_high", best.share_within_interval.high},
      {"loss_median_percent", finite(best.loss_median_percent)},
      {"loss_90_percent", finite(best.loss_90_percent)},
      {"loss_most_percent", finite(best.loss_most_percent)}};
}

json savings_json(const BoardEffects& effects) {
  json rows = json::array();
  for (const SavingOfBoards& saving : effects.savings) {
    json boards = json::array();
    for (const BoardSaving& one : saving.boards)
      boards.push_back({{"board", effects.table.boards[one.board]},
                        {"saving_percent", finite(one.saving_percent)},
                        {"blocks", one.pairs}});
    const auto& interval = saving.interval_percent;
    rows.push_back({{"baseline", saving.baseline},
                    {"mean_percent", finite(saving.mean_percent)},
                    {"low_percent", interval ? finite(interval->low) : json(nullptr)},
                    {"high_percent", interval ? finite(interval->high) : json(nullptr)},
                    {"spread_percent", or_nothing(saving.spread_percent)},
                    {"least_percent", finite(saving.least_percent)},
                    {"most_percent", finite(saving.most_percent)},
                    {"boards", std::move(boards)}});
  }
  return rows;
}

json needed_json(const BoardsNeeded& needed) {
  json widths = json::array();
  for (const BoardsFor& one : needed.for_width)
    widths.push_back({{"half_width_percent", one.half_width_percent},
                      {"energy", or_nothing(one.energy)},
                      {"difference", or_nothing(one.difference)},
                      {"saving", or_nothing(one.saving)}});
  return {{"why_absent", needed.why_absent},    {"repeats", needed.repeats},
          {"widths", std::move(widths)},        {"best", or_nothing(needed.for_best)},
          {"best_reach", finite(needed.reach)}, {"best_note", needed.best_note}};
}

json outliers_json(const BoardEffects& effects) {
  json rows = json::array();
  for (const OutlierBoard& one : effects.outliers)
    rows.push_back({{"board", effects.table.boards[one.board]},
                    {"kind", name_of(one.kind)},
                    {"percent", finite(one.percent)},
                    {"usual_percent", finite(one.usual)},
                    {"score", finite(one.score)},
                    {"threshold", finite(one.threshold)},
                    {"sentence", one.sentence}});
  return rows;
}

json one_json(const BoardEffects& effects) {
  const BoardTable& table = effects.table;
  json others = json::array();
  for (const BoardSpread& other : effects.others)
    others.push_back(
        {{"quantity", name_of(other.quantity)}, {"components", components_json(other.fit)}});
  return {{"network", table.network},
          {"job", to_string(table.job)},
          {"batch", table.batch},
          {"settings", table.settings.size()},
          {"runs", table.readings.size()},
          {"left_out", table.left_out},
          {"why_left_out", table.why_left_out},
          {"why_absent", effects.fit.why_absent},
          {"components", components_json(effects.fit)},
          {"error_in_interaction", effects.fit.error_in_interaction},
          {"gain_percent", finite(effects.gain_percent)},
          {"interaction_test", test_json(effects.fit.test)},
          {"boards", boards_json(effects)},
          {"best", best_json(effects)},
          {"savings", savings_json(effects)},
          {"needed", needed_json(effects.needed)},
          {"outliers", outliers_json(effects)},
          {"others", std::move(others)}};
}

}  // namespace

json to_json(std::span<const BoardEffects> effects) {
  json rows = json::array();
  for (const BoardEffects& one : effects) rows.push_back(one_json(one));
  return rows;
}

}  // namespace isojoule

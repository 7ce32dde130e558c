#include "app/tune/recorded_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/tune/tune_json.h"
#include "app/tune/tune_words.h"
#include "base/text.h"

namespace isojoule {
namespace {

using nlohmann::json;

std::string or_dash(const std::optional<double>& share) {
  return share ? share_text(*share) : std::string("-");
}

json json_of_best(const RecordedSearch& search) {
  const TruthGrid& grid = search.board.grid;
  const Answer& answer = *search.answer;
  const Metrics& truth = grid.truth[static_cast<std::size_t>(answer.point)];
  json best = {{"setting", json_of_setting(grid.space.setting(answer.point), false)},
               {"cost", json_of_optional(search.goal.cost.of(search.seen))},
               {"true_cost", json_of_optional(search.goal.cost.of(truth))},
               {"regret", json_of_optional(search.regrets.back())},
               {"believed_cost", json_of_optional(answer.cost)},
               {"believed_sd", json_of_optional(answer.log_sd)},
               {"expected_gain", json_of_optional(answer.expected_gain)},
               {"met", search.met},
               {"beyond", json_of_optional(search.goal.beyond(search.seen))},
               {"limits", json_of_limits(search.goal, search.seen)}};
  put_metrics(best, search.seen);
  return best;
}

// One line a probe: what was tried, its cost, and how far what would be recommended is.
std::string table_of(const RecordedSearch& search) {
  const SearchSpace& space = search.board.grid.space;
  std::string head = "  probe";
  std::vector<std::size_t> widths;
  for (const SearchAxis& axis : space.axes()) {
    std::size_t width = axis.name.size();
    for (const Value& value : axis.values) width = std::max(width, to_string(value).size());
    widths.push_back(width);
    head += fmt::format("  {:>{}}", axis.name, width);
  }
  std::string text = head + "        cost   regret  why\n";
  for (std::size_t i = 0; i < search.steps.size(); ++i) {
    const SearchStep& step = search.steps[i];
    const auto levels = space.levels(step.probe.point);
    text += fmt::format("  {:>5}", i + 1);
    for (std::size_t a = 0; a < widths.size(); ++a)
      text += fmt::format("  {:>{}}",
                          to_string(space.axes()[a].values[static_cast<std::size_t>(levels[a])]),
                          widths[a]);
    const auto cost = search.goal.cost.of(step.probe.metrics);
    const bool broken = step.probe.failure.empty() && !search.goal.met(step.probe.metrics);
    text += fmt::format("  {:>9}{}  {:>7}  {}\n", cost ? cost_text(*cost, search.goal.cost) : "-",
                        broken ? "!" : " ", or_dash(search.regrets[i]),
                        step.probe.failure.empty() ? step.question.why : step.probe.failure);
  }
  if (!search.goal.limits.empty()) text += "  '!': beyond a limit\n";
  return text;
}

std::string verdict(const RecordedSearch& search) {
  const TruthGrid& grid = search.board.grid;
  const auto cost = search.goal.cost.of(search.seen);
  std::string text = fmt::format("{}  {}: {}\n", search.met ? "Best   " : "Nearest",
                                 setting_words(grid.space, search.answer->point),
                                 cost ? cost_text(*cost, search.goal.cost) : "cost not known");
  if (!search.met)
    text += "Limits that it does not keep:\n" + limits_text(search.goal, search.seen);
  if (search.true_minimum)
    text += fmt::format(
        "Truth    the least is {}, {} of {} settings are within 1 % of it; regret {}\n",
        cost_text(*search.true_minimum, search.goal.cost),
        std::lround(share_within(grid, search.goal, 0.01) * static_cast<double>(grid.space.size())),
        grid.space.size(), or_dash(search.regrets.back()));
  if (search.answer->expected_gain)
    text += fmt::format("Better?  one that was not tried is expected to be better by {}\n",
                        share_text(*search.answer->expected_gain));
  return text;
}

}  // namespace

json recorded_json(const RecordedSearchRequest& request, const RecordedSearch& search) {
  const RecordedGrid& board = search.board;
  json probes = json::array();
  for (std::size_t i = 0; i < search.steps.size(); ++i) {
    json one = json_of_step(search.steps[i], board.grid.space, search.goal, false);
    one["regret"] = json_of_optional(search.regrets[i]);
    probes.push_back(std::move(one));
  }
  json left_out = json::array();
  for (const LeftOutRows& rows : board.left_out)
    left_out.push_back({{"why", rows.why}, {"count", rows.count}, {"first", rows.first}});
  json axes = json::object();
  for (const SearchAxis& axis : board.grid.space.axes()) axes[axis.name] = axis.values.size();
  return {{"recorded", request.table.path},
          {"minimise", search.goal.cost.text()},
          {"cost_unit", search.goal.cost.unit()},
          {"optimiser", request.optimiser},
          {"seed", request.seed},
          {"noise", request.noise},
          {"budget", request.budget},
          {"settings", board.grid.space.size()},
          {"axes", std::move(axes)},
          {"rows", board.rows},
          {"rows_used", board.used},
          {"duplicate_rows", board.duplicates},
          {"holes", board.holes},
          {"settings_that_cannot_run", board.refused},
          {"left_out", std::move(left_out)},
          {"true_minimum", json_of_optional(search.true_minimum)},
          {"met", search.met},
          {"exhausted", search.exhausted},
          {"decide_s", search.decide_s},
          {"notes", search.notes},
          {"best", json_of_best(search)},
          {"probes", std::move(probes)}};
}

std::string recorded_text(const RecordedSearchRequest& request, const RecordedSearch& search) {
  const SearchSpace& space = search.board.grid.space;
  std::string text =
      fmt::format("{}: {} settings, recorded; {} with seed {}, {} noise, to the least {}\n",
                  request.table.path, space.size(), request.optimiser, request.seed,
                  share_text(request.noise), search.goal.cost.text());
  for (const std::string& note : search.notes) text += "note: " + note + "\n";
  text += table_of(search);
  std::vector<PlottedProbe> plotted;
  for (const SearchStep& step : search.steps) {
    PlottedProbe one;
    one.cost = search.goal.cost.of(step.probe.metrics);
    one.met = search.goal.met(step.probe.metrics);
    if (step.answer)
      one.least = search.goal.cost.of(
          search.board.grid.truth[static_cast<std::size_t>(step.answer->point)]);
    plotted.push_back(one);
  }
  const std::string plot = cost_plot(plotted, search.goal.cost);
  if (!plot.empty()) text += "\n" + plot;
  return text + "\n" + verdict(search);
}

}  // namespace isojoule

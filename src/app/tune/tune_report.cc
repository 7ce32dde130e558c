#include "app/tune/tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/predict/predict_text.h"
#include "app/tune/tune_json.h"
#include "app/tune/tune_words.h"
#include "base/text.h"
#include "report/text/format.h"

namespace isojoule {
namespace {

using nlohmann::json;

std::string duration_words(double seconds) {
  const auto total = static_cast<long>(std::lround(seconds));
  if (total < 60) return fmt::format("{:.1f} s", seconds);
  if (total < 3600) return fmt::format("{} min {:02} s", total / 60, total % 60);
  return fmt::format("{} h {:02} min", total / 3600, total % 3600 / 60);
}

std::string interval_words(const std::optional<Interval>& interval, const CostFunction& cost) {
  if (!interval) return "";
  return fmt::format(" (95 %: {} to {})", cost_text(interval->low, cost),
                     cost_text(interval->high, cost));
}

std::string saving_words(const TuneSaving& saving) {
  std::string text = share_text(saving.share);
  if (saving.share_95)
    text += fmt::format(
        " (95 %: {} to {}{})", share_text(saving.share_95->low), share_text(saving.share_95->high),
        saving.share_95->low <= 0 && saving.share_95->high >= 0 ? "; no difference is shown" : "");
  return text;
}

// The setting's axes of the search alone.
std::string words_of(const TuneResult& result, const Setting& setting) {
  if (const auto point = result.space.find(setting)) return setting_words(result.space, *point);
  return to_string(setting);
}

std::string metrics_words(const Metrics& metrics) {
  std::vector<std::string> words;
  for (std::size_t m = 0; m < kMetrics; ++m)
    if (metrics[m])
      words.push_back(fmt::format("{} {}", name_of(static_cast<Metric>(m)),
                                  metric_text(static_cast<Metric>(m), *metrics[m])));
  return join(words, ", ");
}

json json_of_interval(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {{"low", json_of_optional(interval->low)}, {"high", json_of_optional(interval->high)}};
}

json json_of_candidate(const TuneCandidate& one, const Goal& goal) {
  json made = {{"setting", json_of_setting(one.setting, true)},
               {"runs", one.runs},
               {"measured_again", one.again},
               {"cost", json_of_optional(one.cost)},
               {"cost_95", json_of_interval(one.cost_95)},
               {"met", one.met},
               {"beyond", json_of_optional(goal.beyond(one.mean))},
               {"limits", json_of_limits(goal, one.mean)}};
  if (!one.baseline.empty()) made["baseline"] = one.baseline;
  put_metrics(made, one.mean);
  return made;
}

std::string failures_text(const TuneResult& result) {
  std::string text;
  for (const SearchStep& step : result.steps)
    if (!step.probe.failure.empty())
      text += fmt::format("  {}: {}{}\n", setting_words(result.space, step.probe.point),
                          step.probe.failure, step.probe.definite ? "" : " (may pass)");
  return text.empty() ? "" : "Could not run, and is not tried again:\n" + text;
}

std::string candidates_text(const TuneResult& result) {
  if (result.candidates.size() < 2) return "";
  std::string text = result.candidates.front().again
                         ? "Measured again, by turns with the governors:\n"
                         : "The best of what was measured:\n";
  for (const TuneCandidate& one : result.candidates)
    text += fmt::format("  {}{}: {}{}, {} run{}{}{}\n", &one == result.winner() ? "* " : "  ",
                        words_of(result, one.setting),
                        one.cost ? cost_text(*one.cost, result.goal.cost) : "not known",
                        interval_words(one.cost_95, result.goal.cost), one.runs,
                        one.runs == 1 ? "" : "s",
                        result.candidates.front().again && !one.again ? ", not by turns" : "",
                        one.met ? "" : ", beyond a limit");
  return text;
}

// Which of several governors: at what the engine was told.
std::string governors_words(const TuneResult& result, const TuneCandidate& one) {
  if (result.governors.size() < 2) return "";
  return ", at " + to_string(engine_part(one.setting));
}

std::string best_text(const TuneResult& result) {
  const TuneCandidate* const winner = result.winner();
  if (winner == nullptr) return "Nothing that was measured has a cost\n";
  std::string text = fmt::format(
      "{}  {}\n         {} {}{}, from {} run{}\n         {}\n", winner->met ? "Best   " : "Nearest",
      words_of(result, winner->setting), result.goal.cost.text(),
      cost_text(*winner->cost, result.goal.cost), interval_words(winner->cost_95, result.goal.cost),
      winner->runs, winner->runs == 1 ? "" : "s", metrics_words(winner->mean));
  if (!winner->met)
    text +=
        "Limits that no setting that was measured keeps, and by how much this one breaks them:\n" +
        limits_text(result.goal, winner->mean);
  for (const TuneCandidate& one : result.governors)
    text +=
        fmt::format("Governors {}{}{}{}\n", one.cost ? cost_text(*one.cost, result.goal.cost) : "-",
                    interval_words(one.cost_95, result.goal.cost), governors_words(result, one),
                    one.met ? "" : ", beyond a limit");
  if (result.saving)
    text += fmt::format("Saving   {} against the governors\n", saving_words(*result.saving));
  return text;
}

std::string cost_of_search(const TuneResult& result) {
  std::string text = fmt::format(
      "Search   {} probe{} of {} settings, {} runs in all: {}{}, deciding {:.2g} s{}\n",
      result.steps.size(), result.steps.size() == 1 ? "" : "s", result.space.size(), result.runs,
      duration_words(result.search_s),
      result.search_j > 0 ? " and about " + amount_text(result.search_j, "J") : "", result.decide_s,
      result.exhausted     ? "; the optimiser had nothing more to ask"
      : result.out_of_time ? "; the time was over"
                           : "");
  text += "Study    " + result.study_path + "\n";
  if (result.answer && result.answer->expected_gain)
    text += fmt::format("Better?  a setting that was not tried is expected to be better by {}\n",
                        share_text(*result.answer->expected_gain));
  return text;
}

}  // namespace

json tune_json(const TuneResult& result) {
  json probes = json::array(), candidates = json::array(), governors = json::array();
  std::int64_t failed = 0, beyond = 0;
  for (const SearchStep& step : result.steps) {
    probes.push_back(json_of_step(step, result.space, result.goal, true));
    if (!step.probe.failure.empty())
      ++failed;
    else if (!result.goal.met(step.probe.metrics))
      ++beyond;
  }
  for (const TuneCandidate& one : result.candidates)
    candidates.push_back(json_of_candidate(one, result.goal));
  for (const TuneCandidate& one : result.governors)
    governors.push_back(json_of_candidate(one, result.goal));
  json axes = json::object();
  for (const SearchAxis& axis : result.space.axes()) axes[axis.name] = axis.values.size();
  json best =
      result.winner() == nullptr ? json(nullptr) : json_of_candidate(*result.winner(), result.goal);
  return {{"network", result.asked.network},
          {"board", result.info.board},
          {"simulated", result.info.simulated},
          {"engine", result.info.engine},
          {"study", result.study_path},
          {"measured_now", result.measured},
          {"minimise", result.goal.cost.text()},
          {"cost_unit", result.goal.cost.unit()},
          {"limits", result.asked.limits},
          {"optimiser", result.asked.optimiser},
          {"seed", result.asked.seed},
          {"settings", result.space.size()},
          {"axes", std::move(axes)},
          {"best", std::move(best)},
          {"met", result.met()},
          {"finalists", std::move(candidates)},
          {"governors", std::move(governors)},
          {"saving", result.saving ? json(result.saving->share) : json(nullptr)},
          {"saving_95", result.saving ? json_of_interval(result.saving->share_95) : json(nullptr)},
          {"expected_gain",
           result.answer ? json_of_optional(result.answer->expected_gain) : json(nullptr)},
          {"probes", std::move(probes)},
          {"probes_failed", failed},
          {"probes_beyond_limits", beyond},
          {"runs", result.runs},
          {"runs_already_there", result.already_there},
          {"search_s", result.search_s},
          {"search_j", result.search_j > 0 ? json(result.search_j) : json(nullptr)},
          {"decide_s", result.decide_s},
          {"interrupted", result.interrupted},
          {"exhausted", result.exhausted},
          {"out_of_time", result.out_of_time},
          {"notes", result.notes}};
}

std::string tune_text(const TuneResult& result) {
  std::string text =
      fmt::format("{}{} on {}{}, the least {}{}: {} settings, optimiser {}\n",
                  result.info.simulated ? "SIMULATED " : "", result.asked.network,
                  result.info.simulated ? "twin:" : "", result.info.board, result.goal.cost.text(),
                  result.asked.limits.empty() ? "" : " with " + join(result.asked.limits, ", "),
                  result.space.size(), result.asked.optimiser);
  if (!result.measured)
    text += "Ranked anew from " + result.study_path + "; nothing was measured\n";
  for (const std::string& note : result.notes) text += "note: " + note + "\n";
  std::vector<PlottedProbe> plotted;
  for (const SearchStep& step : result.steps) {
    PlottedProbe one{
        result.goal.cost.of(step.probe.metrics), result.goal.met(step.probe.metrics), {}};
    if (step.answer) one.least = step.answer->cost;
    plotted.push_back(one);
  }
  const std::string plot = cost_plot(plotted, result.goal.cost);
  if (!plot.empty()) text += "\n" + plot;
  return text + "\n" + failures_text(result) + candidates_text(result) + best_text(result) +
         cost_of_search(result) +
         (result.interrupted ? "Interrupted: the same command goes on from here\n" : "");
}

std::string progress_text(const TuneProgress& progress) {
  const auto cost =
      progress.cost ? cost_text(*progress.cost, progress.goal->cost) : std::string("-");
  if (progress.step == nullptr)
    return fmt::format("{:>9}  {:>10}  {}",
                       progress.stage == TuneProgress::Stage::governors ? "governors" : "again",
                       cost, progress.words);
  const SearchStep& step = *progress.step;
  const bool ran = step.probe.failure.empty();
  return fmt::format("{:>4}/{:<4}  {:>10}{} {:>10}  {}  ({}{})", progress.done, progress.total,
                     cost, ran && !progress.goal->met(step.probe.metrics) ? "!" : " ",
                     progress.least ? cost_text(*progress.least, progress.goal->cost) : "-",
                     setting_words(*progress.space, step.probe.point),
                     ran ? step.question.why : step.probe.failure,
                     progress.stored ? "; there already" : "");
}

}  // namespace isojoule

#include "app/benchmark_optimisers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/benchmark_suites.h"
#include "base/text.h"

namespace isojoule {
namespace {

double probes_or_beyond(const SearchScore& score, std::size_t regret, std::int64_t budget) {
  return static_cast<double>(score.probes[regret] == 0 ? budget + 1 : score.probes[regret]);
}

double regret_after(const SearchScore& score, std::size_t probes) {
  if (score.regrets.empty()) return 1;
  const double regret = double{score.regrets[std::min(probes, score.regrets.size()) - 1]};
  return std::isfinite(regret) ? regret : 1;
}

BenchmarkRow row_of(const std::string& suite, const std::vector<SearchScore>& scores,
                    std::int64_t budget) {
  BenchmarkRow row;
  row.suite = suite;
  row.optimiser = scores.front().optimiser;
  row.searches = std::ssize(scores);
  for (std::size_t i = 0; i < kRegrets.size(); ++i) {
    row.median[i] = probes_quantile(scores, i, 0.5);
    row.p90[i] = probes_quantile(scores, i, 0.9);
  }
  double made = 0, beyond = 0, failed = 0, decide_s = 0;
  const auto share = 1.0 / static_cast<double>(scores.size());
  for (const SearchScore& score : scores) {
    made += static_cast<double>(score.made);
    beyond += static_cast<double>(score.beyond);
    failed += static_cast<double>(score.failed);
    decide_s += score.decide_s;
    row.mean_probes_2 += share * probes_or_beyond(score, 1, budget);
    row.regret_10 += share * regret_after(score, 10);
    row.regret_20 += share * regret_after(score, 20);
    // What a search of that many probes took: its own mean probe times their number.
    const double part =
        std::min(1.0, probes_or_beyond(score, 1, budget) /
                          static_cast<double>(std::max<std::int64_t>(1, score.made)));
    row.seconds_to_2 += share * part * score.seconds;
    row.joules_to_2 += share * part * score.joules;
  }
  row.beyond_share = made > 0 ? beyond / made : 0;
  row.failed_share = made > 0 ? failed / made : 0;
  row.decide_ms = made > 0 ? 1e3 * decide_s / made : 0;
  return row;
}

BenchmarkResult::SuiteInfo info_of(const BenchmarkSuite& suite) {
  BenchmarkResult::SuiteInfo info;
  info.name = suite.name;
  info.what = suite.what;
  info.grids = std::ssize(suite.grids);
  info.fewest_settings = suite.grids.front().space.size();
  for (const TruthGrid& grid : suite.grids) {
    info.fewest_settings = std::min<std::int64_t>(info.fewest_settings, grid.space.size());
    info.most_settings = std::max<std::int64_t>(info.most_settings, grid.space.size());
    if (const auto goal = goal_of(grid, suite.options))
      info.within_1_percent +=
          share_within(grid, *goal, 0.01) / static_cast<double>(suite.grids.size());
  }
  return info;
}

Result<std::vector<const OptimiserKind*>> kinds_of(const BenchmarkRequest& request) {
  std::vector<const OptimiserKind*> kinds;
  for (const std::string& name : request.optimisers) {
    ISOJOULE_TRY(const OptimiserKind* kind, find_optimiser(name));
    kinds.push_back(kind);
  }
  if (kinds.empty())
    for (const OptimiserKind& kind : optimiser_kinds()) kinds.push_back(&kind);
  return kinds;
}

std::string probes_text(const std::array<std::optional<std::int64_t>, 3>& probes) {
  std::vector<std::string> words;
  for (const auto& count : probes) words.push_back(count ? std::to_string(*count) : "-");
  return join(words, " / ");
}

nlohmann::json probes_json(const std::array<std::optional<std::int64_t>, 3>& probes) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& count : probes)
    json.push_back(count ? nlohmann::json(*count) : nlohmann::json());
  return json;
}

}  // namespace

Result<BenchmarkResult> benchmark_optimisers(
    const Paths& paths, const BenchmarkRequest& request, const std::atomic<bool>& interrupted,
    const std::function<void(const std::string&)>& progress) {
  ISOJOULE_TRY(const auto kinds, kinds_of(request));
  BenchmarkResult result;
  TwinTruths truths;
  ISOJOULE_TRY(const auto makers, benchmark_suites(request));
  for (const SuiteMaker* maker : makers) {
    progress(fmt::format("{}: the truth", maker->name));
    ISOJOULE_TRY(const BenchmarkSuite suite,
                 make_suite(*maker, paths, request, interrupted, truths, result.notes));
    result.suites.push_back(info_of(suite));
    for (const OptimiserKind* kind : kinds) {
      progress(fmt::format("{}: {}", suite.name, kind->name));
      ISOJOULE_TRY(const auto scores, judge({kind}, suite.grids, suite.options, interrupted));
      result.rows.push_back(row_of(suite.name, scores, suite.options.budget));
      result.rows.back().grids = std::ssize(suite.grids);
    }
  }
  return result;
}

nlohmann::json to_json(const BenchmarkResult& result) {
  nlohmann::json json = {{"schema", "isojoule.benchmark_optimisers.1"}, {"notes", result.notes}};
  for (const auto& suite : result.suites)
    json["suites"].push_back({{"name", suite.name},
                              {"what", suite.what},
                              {"grids", suite.grids},
                              {"fewest_settings", suite.fewest_settings},
                              {"most_settings", suite.most_settings},
                              {"share_within_1_percent", suite.within_1_percent}});
  for (const BenchmarkRow& row : result.rows)
    json["rows"].push_back({{"suite", row.suite},
                            {"optimiser", row.optimiser},
                            {"searches", row.searches},
                            {"probes_to_5_2_1_percent_median", probes_json(row.median)},
                            {"probes_to_5_2_1_percent_p90", probes_json(row.p90)},
                            {"probes_to_2_percent_mean", row.mean_probes_2},
                            {"limit_breaking_share", row.beyond_share},
                            {"failed_share", row.failed_share},
                            {"regret_after_10", row.regret_10},
                            {"regret_after_20", row.regret_20},
                            {"search_to_2_percent_s", row.seconds_to_2},
                            {"search_to_2_percent_j", row.joules_to_2},
                            {"decide_s", row.decide_ms * 1e-3}});
  return json;
}

std::string benchmark_markdown(const BenchmarkResult& result) {
  std::string text;
  for (const auto& suite : result.suites) {
    text += fmt::format(
        "### {}\n\n{}; {} grids of {} to {} settings, of which {:.1f} % lie within 1 %.\n\n",
        suite.name, suite.what, suite.grids, suite.fewest_settings, suite.most_settings,
        100 * suite.within_1_percent);
    text +=
        "| optimiser | median to 5 / 2 / 1 % | p90 | mean to 2 % | regret after 10, 20 | beyond a "
        "limit | search to 2 % | decides in |\n";
    text += "|---|---|---|---|---|---|---|---|\n";
    for (const BenchmarkRow& row : result.rows)
      if (row.suite == suite.name)
        text += fmt::format(
            "| {} | {} | {} | {:.1f} | {:.2f} %, {:.2f} % | {:.1f} % | {:.0f} s, {:.0f} J | {:.2f} "
            "ms |\n",
            row.optimiser, probes_text(row.median), probes_text(row.p90), row.mean_probes_2,
            100 * row.regret_10, 100 * row.regret_20, 100 * row.beyond_share, row.seconds_to_2,
            row.joules_to_2, row.decide_ms);
    text += "\n";
  }
  for (const std::string& note : result.notes) text += note + "\n";
  return text;
}

}  // namespace isojoule

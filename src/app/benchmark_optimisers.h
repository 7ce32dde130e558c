// `isojoule benchmark-optimisers`: every optimiser on every grid whose truth is known, over many
// seeds, as the table of docs/optimisers.md.
#pragma once

#include <atomic>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/paths.h"
#include "optimise/judge.h"

namespace isojoule {

// A set of grids that are judged together.
struct BenchmarkSuite {
  std::string name;  // "jetson-nano"
  std::string what;  // a line for people
  std::vector<TruthGrid> grids;
  JudgeOptions options;
};

struct BenchmarkRequest {
  std::vector<std::string> optimisers;  // names; empty: all
  std::vector<std::string> suites;      // names; empty: all that need nothing from outside
  std::vector<std::string> networks;    // of the twins; empty: the whole zoo
  std::int64_t seeds = 20;
  std::int64_t budget = 60;
  double noise = 0.01;
  int threads = 1;
  std::string measured_folder;  // of other people's measurements that do not come along; "": none
  std::string grids_folder;     // where the twins' grids are written as CSV; "": nowhere
};

// One row of the table: an optimiser on a suite.
struct BenchmarkRow {
  std::string suite, optimiser;
  std::int64_t grids = 0, searches = 0;
  std::array<std::optional<std::int64_t>, 3> median,
      p90;                              // probes to kRegrets; absent: beyond the budget
  double mean_probes_2 = 0;             // to 2 %, where not reached the budget + 1
  double beyond_share = 0;              // of the probes, that break a limit
  double failed_share = 0;              // of the probes, that could not run
  double regret_10 = 0, regret_20 = 0;  // mean, after so many probes; nothing feasible counts as 1
  double seconds_to_2 = 0, joules_to_2 = 0;  // of the probes up to 2 %, mean over the searches
  double decide_ms = 0;                      // a probe
};

struct BenchmarkResult {
  std::vector<BenchmarkRow> rows;
  struct SuiteInfo {
    std::string name, what;
    std::int64_t grids = 0;
    std::int64_t fewest_settings = 0, most_settings = 0;
    double within_1_percent = 0;  // share of settings, mean over the grids
  };
  std::vector<SuiteInfo> suites;
  std::vector<std::string> notes;
};

std::vector<std::string> benchmark_suite_names();

Result<BenchmarkResult> benchmark_optimisers(
    const Paths& paths, const BenchmarkRequest& request, const std::atomic<bool>& interrupted,
    const std::function<void(const std::string&)>& progress);

nlohmann::json to_json(const BenchmarkResult& result);
std::string benchmark_markdown(const BenchmarkResult& result);

}  // namespace isojoule

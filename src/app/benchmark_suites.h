// The sets of grids that optimisers are judged on: twins, and what other people measured.
#pragma once

#include <map>
#include <span>
#include <string_view>

#include "app/benchmark_optimisers.h"

namespace isojoule {

// Constants of the model-based optimisers were chosen on the suites whose role is `developed`;
// `judged` ones were never looked at for that.
enum class SuiteRole : std::uint8_t { developed, judged };

struct SuiteMaker {
  std::string_view name;
  std::string_view what;
  std::string_view board;    // of a twin; "": recorded
  double allowed_share = 1;  // of the settings, by latency
  bool large = false;        // clocks x memory x batch x cores instead of the two clocks
  SuiteRole role = SuiteRole::judged;
  // Of somebody's measurements that may not be handed on: a file below the folder that the request
  // names, with the columns that it is judged on.
  std::string_view file = {}, axis = {}, latency = {}, power = {}, energy = {};
};

std::span<const SuiteMaker> all_suites();
// Those that it names, or all judged ones whose files are here. Errors: not_found, with the
// nearest; invalid (one that needs a folder of measurements, without it).
Result<std::vector<const SuiteMaker*>> benchmark_suites(const BenchmarkRequest& request);

// Truth of twins that was made already: a suite and the same under a limit have the same grids.
using TwinTruths = std::map<std::string, std::vector<TruthGrid>>;

// Networks that no setting of a board can run are left out, with a note.
Result<BenchmarkSuite> make_suite(const SuiteMaker& maker, const Paths& paths,
                                  const BenchmarkRequest& request,
                                  const std::atomic<bool>& interrupted, TwinTruths& truths,
                                  std::vector<std::string>& notes);

}  // namespace isojoule

// How well optimisers do on grids whose truth is known: the same noise, the same luck and the same
// budget for each, over many seeds.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "optimise/optimiser.h"
#include "optimise/truth_grid.h"

namespace isojoule {

struct JudgeOptions {
  std::int64_t budget = 60;  // probes a search
  std::int64_t seeds = 20;   // 1 .. seeds
  ProbeNoise noise;
  // Of settings within the latency limit; 1: no limit. 0.5 excludes the slower half of each grid.
  double allowed_share = 1;
  std::string cost = "energy";
  int threads = 1;
};

// Shares of regret that the tables name.
inline constexpr std::array<double, 3> kRegrets = {0.05, 0.02, 0.01};

// One search, scored on the noiseless grid.
struct SearchScore {
  std::string optimiser, grid;
  std::uint64_t seed = 0;
  // Probes after which the recommendation's regret is at most kRegrets[i] and stays there until the
  // budget; 0: not reached.
  std::array<std::int64_t, 3> probes{};
  std::vector<float> regrets;  // after each probe; infinite: nothing that meets the limits
  std::int64_t made = 0;       // probes; fewer than the budget where it had nothing more to ask
  std::int64_t beyond = 0;     // of them that break a limit
  std::int64_t failed = 0;
  double seconds = 0, joules = 0;  // of the probes
  double decide_s = 0;             // of the optimiser itself, real time
};

// Sorted by optimiser, grid, seed, whatever the threads did. Errors: a cost that is none, a grid
// where nothing meets it; the optimiser's that cannot search a grid.
Result<std::vector<SearchScore>> judge(
    const std::vector<const OptimiserKind*>& kinds, const std::vector<TruthGrid>& grids,
    const JudgeOptions& options, const std::atomic<bool>& interrupted,
    const std::function<void(std::size_t done, std::size_t all)>& progress = {});

// The goal of a grid under these options.
Result<Goal> goal_of(const TruthGrid& grid, const JudgeOptions& options);

// Over searches: quantiles of a count where 0 stands for "not reached", which is beyond all others.
// Absent: the quantile is not reached.
std::optional<std::int64_t> probes_quantile(const std::vector<SearchScore>& scores,
                                            std::size_t regret, double q);

}  // namespace isojoule

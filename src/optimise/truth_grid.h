// A whole space whose every setting was measured once, well: what optimisers are judged on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "optimise/evaluator.h"
#include "optimise/goal.h"

namespace isojoule {

struct TruthGrid {
  std::string name;    // "jetson-nano/resnet18"
  std::string source;  // whose measurements; "simulated" among the words where a twin's
  SearchSpace space;
  std::vector<Metrics> truth;        // by point; no metric at all: it cannot run
  std::vector<double> seconds = {};  // that a probe takes, by point; empty: not known
};

// The least cost of the settings that meet the limits; nothing where none does.
std::optional<double> least_cost(const TruthGrid& grid, const Goal& goal);
// Cost of a point over the least, minus 1. A point that breaks a limit has nothing.
std::optional<double> regret(const TruthGrid& grid, const Goal& goal, GridPoint point);
// Share of the settings whose regret is at most this: how much of it luck would find.
double share_within(const TruthGrid& grid, const Goal& goal, double regret);

// "cpu_frequency_hz,...,energy_j,latency_s,time_s,power_w", a row a setting that can run.
std::string grid_csv(const TruthGrid& grid);

struct ProbeNoise {
  double energy = 0.01, latency = 0.01;  // relative standard deviations; log-normal
};

// Answers from the grid, with noise: the n-th look at a point reads the same whoever asks, and in
// whatever order, so that optimisers are compared on equal luck.
class GridEvaluator final : public Evaluator {
 public:
  // The grid outlives it.
  GridEvaluator(const TruthGrid& grid, const ProbeNoise& noise, std::uint64_t seed);

 private:
  Result<Probe> do_measure(GridPoint point) override;

  const TruthGrid& grid_;
  ProbeNoise noise_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> looks_;  // by point
};

}  // namespace isojoule

// Every figure that the RPE report (Dutt, Stony Brook 2023) states for a board and a network of
// this project, beside what a twin's constants give: what the constants are fitted to, and what a
// change of a constant is held against.
//
// Fixed clocks are evaluated in closed form, governors by a short simulation. Leakage is held at
// its reference temperature in both.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cost/cost.h"
#include "twin/constants.h"
#include "twin/work.h"

namespace isojoule::twin {

struct Claim {
  std::string name;  // "saving alexnet"
  std::string unit;
  std::string source;        // section of the report
  double low = 0, high = 0;  // as stated; equal for a single value
  double tolerance = 0;      // how far outside is still called reproduced
  double weight = 1;         // in the fit; 0: shown only
  double value = 0;          // the twin's
  bool met() const { return value >= low - tolerance && value <= high + tolerance; }
};

// Cost of one batch of a network; it is kept by the caller (looked up often).
using CostOf = std::function<const NetworkCost&(const std::string& network, std::int64_t batch)>;

// One setting of fixed clocks (indexes into the tables), a whole batch.
struct PinnedFigures {
  double seconds_per_inference = 0;
  double joules_per_inference = 0;
  double watts = 0;
};
PinnedFigures pinned_figures(const Constants& constants, const NetworkConstants& network,
                             const BatchWork& work, std::size_t cpu, std::size_t gpu);

// A run under governors in its steady state.
struct GovernedFigures {
  PinnedFigures figures;
  double highest_cpu_percent = 0, highest_gpu_percent = 0;  // share of time at the highest clock
};
GovernedFigures governed_figures(const Constants& constants, const NetworkCost& cost,
                                 const std::string& network, const std::string& cpu_governor,
                                 const std::string& gpu_governor, double seconds);

// All claims of constants.board, evaluated; empty for a board without any. `nano` adds the claims
// between boards (ratio of energies), where it is known: joules an inference by network.
std::vector<Claim> evaluate_claims(const Constants& constants, const CostOf& cost_of,
                                   const std::map<std::string, double>& nano = {});
// Energy an inference under the default governors, by network, at the claims' batch sizes.
std::map<std::string, double> default_energies(const Constants& constants, const CostOf& cost_of);

// Sum over the claims of (distance beyond most of the tolerance, in tolerances)^2 x weight.
double misfit(const std::vector<Claim>& claims);

}  // namespace isojoule::twin

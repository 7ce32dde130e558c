// Does a network keep to an amount of energy, and which layers break it?
#pragma once

#include <string>
#include <vector>

#include "app/predict/network_answer.h"

namespace isojoule {

enum class BudgetVerdict {
  kept,           // the whole 90 % interval is below
  likely_kept,    // the prediction is, its interval reaches above
  likely_broken,  // the prediction is above, its interval reaches below
  broken          // the whole interval is above
};
std::string_view name_of(BudgetVerdict verdict);  // "kept", "likely_kept", ...

// All of one inference.
struct BudgetShare {
  std::size_t layer = 0;  // of NetworkAnswer::layers
  double energy_j = 0;
  // What the layer may take: the budget times its share of the network's multiply-accumulates.
  double fair_j = 0;
  double over_j() const { return energy_j - fair_j; }
};

// The parts above their fair share, less those below it, plus the rest, are what the network takes
// above the budget: sum(over_j) + rest_j = energy_j - budget_j.
struct NetworkBudget {
  double budget_j = 0;
  double energy_j = 0;
  double rest_j = 0;  // belongs to no layer, and has no share
  BudgetVerdict verdict = BudgetVerdict::kept;
  std::vector<BudgetShare> over;  // layers above their fair share, the farthest first
  // The fewest layers without which the rest fits: the largest first. Empty where it fits already,
  // or where `rest_j` alone does not.
  std::vector<std::size_t> without;
  double without_j = 0;  // what then remains
  bool kept() const {
    return verdict == BudgetVerdict::kept || verdict == BudgetVerdict::likely_kept;
  }
};

NetworkBudget budget_of(const NetworkAnswer& answer, double budget_j);

}  // namespace isojoule

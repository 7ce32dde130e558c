#include "app/predict/network_budget.h"

#include <algorithm>
#include <numeric>

namespace isojoule {
namespace {

BudgetVerdict verdict_of(double energy_j, const Interval& interval, double budget_j) {
  if (interval.high <= budget_j) return BudgetVerdict::kept;
  if (energy_j <= budget_j) return BudgetVerdict::likely_kept;
  return interval.low <= budget_j ? BudgetVerdict::likely_broken : BudgetVerdict::broken;
}

void find_without(const NetworkAnswer& answer, NetworkBudget& budget) {
  if (budget.energy_j <= budget.budget_j || budget.rest_j > budget.budget_j) return;
  std::vector<std::size_t> order(answer.layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return answer.layers[a].predicted.energy_j > answer.layers[b].predicted.energy_j;
  });
  double left = budget.energy_j;
  for (const std::size_t layer : order) {
    if (left <= budget.budget_j) break;
    left -= answer.layers[layer].predicted.energy_j / answer.inferences();
    budget.without.push_back(layer);
  }
  budget.without_j = left;
}

}  // namespace

std::string_view name_of(BudgetVerdict verdict) {
  switch (verdict) {
    case BudgetVerdict::kept: return "kept";
    case BudgetVerdict::likely_kept: return "likely_kept";
    case BudgetVerdict::likely_broken: return "likely_broken";
    case BudgetVerdict::broken: return "broken";
  }
  return "broken";
}

NetworkBudget budget_of(const NetworkAnswer& answer, double budget_j) {
  const double each = answer.inferences();
  NetworkBudget budget;
  budget.budget_j = budget_j;
  budget.energy_j = answer.total.energy_j / each;
  budget.rest_j = answer.rest.energy_j / each;
  budget.verdict =
      verdict_of(budget.energy_j,
                 {answer.total.energy_90.low / each, answer.total.energy_90.high / each}, budget_j);
  for (std::size_t i = 0; i < answer.layers.size(); ++i) {
    const LayerAnswer& layer = answer.layers[i];
    const double share = answer.macs > 0 ? layer.macs / answer.macs : 0;
    const BudgetShare one{i, layer.predicted.energy_j / each, budget_j * share};
    if (one.over_j() > 0) budget.over.push_back(one);
  }
  std::stable_sort(
      budget.over.begin(), budget.over.end(),
      [](const BudgetShare& a, const BudgetShare& b) { return a.over_j() > b.over_j(); });
  find_without(answer, budget);
  return budget;
}

}  // namespace isojoule

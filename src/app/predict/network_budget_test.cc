#include "app/predict/network_budget.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "app/predict/fake_model.h"

namespace isojoule {
namespace {

const OperatingPoint kAt{1000e6, 400e6, 0, 0};

NetworkAnswer answer(const std::vector<double>& million_macs, std::int64_t batch = 1) {
  return answer_of(fake::closed_form_model(), fake::made_up_network(million_macs, batch), kAt);
}

TEST(NetworkBudget, AboveBelowAndWithinTheInterval) {
  const NetworkAnswer network = answer({40, 10, 2});
  const double energy = network.total.energy_j;
  EXPECT_EQ(budget_of(network, 2 * energy).verdict, BudgetVerdict::kept);
  EXPECT_EQ(budget_of(network, 1.02 * energy).verdict, BudgetVerdict::likely_kept);
  EXPECT_EQ(budget_of(network, 0.98 * energy).verdict, BudgetVerdict::likely_broken);
  EXPECT_EQ(budget_of(network, 0.5 * energy).verdict, BudgetVerdict::broken);
  EXPECT_TRUE(budget_of(network, 1.02 * energy).kept());
  EXPECT_FALSE(budget_of(network, 0.98 * energy).kept());
}

TEST(NetworkBudget, NamesTheFewestLayersWithoutWhichItFits) {
  const NetworkAnswer network = answer({2, 40, 10});
  const double largest = network.layers[1].predicted.energy_j;
  const NetworkBudget budget = budget_of(network, network.total.energy_j - 0.5 * largest);
  ASSERT_EQ(budget.without, (std::vector<std::size_t>{1}));
  EXPECT_NEAR(budget.without_j, network.total.energy_j - largest, 1e-12);
  EXPECT_TRUE(budget_of(network, 2 * network.total.energy_j).without.empty());
  // What belongs to no layer is above it alone: no layer would help.
  const NetworkBudget nothing = budget_of(network, fake::ClosedFormPredictor::kRest_j / 2);
  EXPECT_TRUE(nothing.without.empty());
  EXPECT_GT(nothing.rest_j, nothing.budget_j);
}

TEST(NetworkBudget, AnInferenceOfABatchIsMeant) {
  const NetworkAnswer one = answer({40, 10, 2}, 8);
  EXPECT_NEAR(budget_of(one, 1).energy_j, one.total.energy_j / 8, 1e-15);
}

// The layers above their share are found, and what they all are above it is what is too much.
RC_GTEST_PROP(NetworkBudgetProperty, TheOverrunIsDividedAmongTheLayers, ()) {
  const auto macs = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(0, 2000), [](int n) { return n / 10.0; })));
  const NetworkAnswer network = answer(macs);
  RC_PRE(network.macs > 0);
  const double share = *rc::gen::inRange(1, 300) / 100.0;
  const double amount = share * network.total.energy_j;
  const NetworkBudget budget = budget_of(network, amount);
  double over = 0, under = 0;
  for (const BudgetShare& one : budget.over) over += one.over_j();
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const bool named = std::any_of(budget.over.begin(), budget.over.end(),
                                   [i](const BudgetShare& one) { return one.layer == i; });
    if (!named)
      under +=
          network.layers[i].predicted.energy_j - amount * network.layers[i].macs / network.macs;
  }
  RC_ASSERT(under <= 0);
  RC_ASSERT(std::abs(over + under + budget.rest_j - (budget.energy_j - amount)) <
            1e-9 * budget.energy_j);
  RC_ASSERT(std::is_sorted(budget.over.begin(), budget.over.end(),
                           [](const auto& a, const auto& b) { return a.over_j() > b.over_j(); }));
  if (!budget.without.empty()) {
    RC_ASSERT(budget.without_j <= amount);
    const double last = network.layers[budget.without.back()].predicted.energy_j;
    RC_ASSERT(budget.without_j + last > amount);  // none too many
  }
}

}  // namespace
}  // namespace isojoule

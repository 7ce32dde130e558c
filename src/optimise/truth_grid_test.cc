#include "optimise/truth_grid.h"

#include <gtest/gtest.h>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

TruthGrid three_points() {
  TruthGrid grid{"three", "made up", *SearchSpace::grid({test_numbers("batch", 1, 4, 4)}), {}, {}};
  for (const double energy : {2.0, 1.0, 1.1})
    grid.truth.push_back(
        test_probe(0,
                   {{Metric::energy, energy}, {Metric::latency, 0.01 / energy}, {Metric::power, 5}})
            .metrics);
  grid.truth.push_back({});  // cannot run
  grid.seconds = {1, 2, 3, 4};
  return grid;
}

TEST(TruthGrid, RegretIsOverTheLeastThatMeetsTheLimits) {
  const TruthGrid grid = three_points();
  const Goal free = test_goal("energy"), bound = test_goal("energy", {"latency<9.5ms"});
  EXPECT_EQ(least_cost(grid, free), 1.0);
  EXPECT_DOUBLE_EQ(*regret(grid, free, 0), 1);
  EXPECT_DOUBLE_EQ(*regret(grid, free, 1), 0);
  EXPECT_FALSE(regret(grid, free, 3));
  EXPECT_EQ(least_cost(grid, bound), 1.1);
  EXPECT_FALSE(regret(grid, bound, 1));  // breaks the limit
  EXPECT_DOUBLE_EQ(*regret(grid, bound, 2), 0);
  EXPECT_DOUBLE_EQ(share_within(grid, free, 0.11), 0.5);
  EXPECT_DOUBLE_EQ(share_within(grid, free, 0.01), 0.25);
  const Goal none = test_goal("energy", {"latency<1ms"});
  EXPECT_FALSE(least_cost(grid, none));
  EXPECT_FALSE(regret(grid, none, 1));
  EXPECT_EQ(share_within(grid, none, 1), 0);
}

TEST(GridEvaluator, TheNthLookReadsTheSameInAnyOrder) {
  const TruthGrid grid = three_points();
  GridEvaluator one(grid, {0.05, 0.02}, 7), other(grid, {0.05, 0.02}, 7);
  const auto energy = [](Evaluator& evaluator, GridPoint point) {
    return *at(evaluator.measure(point)->metrics, Metric::energy);
  };
  const double first = energy(one, 0), second = energy(one, 0), elsewhere = energy(one, 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(energy(other, 1), elsewhere);
  EXPECT_EQ(energy(other, 0), first);
  EXPECT_EQ(energy(other, 0), second);
  GridEvaluator seeded(grid, {0.05, 0.02}, 8);
  EXPECT_NE(energy(seeded, 0), first);
}

TEST(GridEvaluator, NoiseIsOfTheSizeThatWasAskedFor) {
  const TruthGrid grid = three_points();
  GridEvaluator evaluator(grid, {0.05, 0.0}, 3);
  double squares = 0, sum = 0;
  const int looks = 2000;
  for (int i = 0; i < looks; ++i) {
    const auto probe = evaluator.measure(1);
    const double apart = std::log(*at(probe->metrics, Metric::energy));
    squares += apart * apart;
    sum += apart;
    EXPECT_EQ(*at(probe->metrics, Metric::latency), 0.01);
  }
  EXPECT_NEAR(std::sqrt(squares / looks), 0.05, 0.004);
  EXPECT_NEAR(sum / looks, 0, 0.005);
}

TEST(GridEvaluator, PowerIsReadAsEnergyOverTimeAre) {
  TruthGrid grid = three_points();
  at(grid.truth[0], Metric::time) = 0.4;  // 2 J in 0.4 s are 5 W
  GridEvaluator evaluator(grid, {0.05, 0.02}, 3);
  const auto probe = evaluator.measure(0);
  const double power = *at(probe->metrics, Metric::power);
  EXPECT_DOUBLE_EQ(power, *at(probe->metrics, Metric::energy) / *at(probe->metrics, Metric::time));
  EXPECT_GT(std::abs(power - 5), 1e-3);
}

TEST(GridEvaluator, WhatCannotRunFailsForGoodAndWhatIsNotThereIsAnError) {
  const TruthGrid grid = three_points();
  GridEvaluator evaluator(grid, {}, 1);
  const auto probe = evaluator.measure(3);
  ASSERT_TRUE(probe.has_value());
  EXPECT_FALSE(probe->failure.empty());
  EXPECT_TRUE(probe->definite);
  EXPECT_EQ(probe->seconds, 4);
  EXPECT_EQ(evaluator.measure(0)->joules, 5);  // 5 W for 1 s
  EXPECT_EQ(evaluator.measure(4).error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(evaluator.measure(-1).error().kind, ErrorKind::out_of_range);
}

}  // namespace
}  // namespace isojoule

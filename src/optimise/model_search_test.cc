#include "optimise/model_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "optimise/search.h"
#include "optimise/truth_grid.h"

namespace isojoule {
namespace {

SearchAxis axis_of(const std::string& name, std::initializer_list<double> numbers) {
  SearchAxis axis{name, {}, true};
  for (const double number : numbers) axis.values.emplace_back(number);
  return axis;
}

// Training as in Zeus' tables: a batch and a cap of power; what the table calls latency is the time
// of an epoch, which does not grow with the batch.
TruthGrid epochs() {
  TruthGrid grid{"epochs",
                 "made up",
                 *SearchSpace::grid({axis_of("batch_size", {8, 16, 32, 64, 128, 256}),
                                     axis_of("power_limit", {100, 125, 150, 175, 200, 225, 250})}),
                 {},
                 {}};
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    const double b = *grid.space.setting(p).number("batch_size");
    const double cap = *grid.space.setting(p).number("power_limit");
    const double time = (1 + 12 / b) / std::pow((cap - 60) / 190, 0.4);
    Metrics metrics;
    at(metrics, Metric::latency) = time;
    at(metrics, Metric::energy) = time * (40 + 0.8 * cap);
    grid.truth.push_back(metrics);
  }
  return grid;
}

// Two clocks; GPU clocks above 800 MHz cannot run with the large batch.
TruthGrid clocks_that_fail() {
  TruthGrid grid{"failing",
                 "made up",
                 *SearchSpace::grid({axis_of("gpu_frequency", {2e8, 4e8, 6e8, 8e8, 1e9, 1.2e9}),
                                     axis_of("batch", {1, 2, 4, 8, 16, 32})}),
                 {},
                 {}};
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    const double g = *grid.space.setting(p).number("gpu_frequency") / 1.2e9;
    const double b = *grid.space.setting(p).number("batch");
    Metrics metrics;
    if (b <= 8) {
      const double time = 0.01 * (1 + 2 / b) / g;
      at(metrics, Metric::time) = time;
      at(metrics, Metric::latency) = time * b;
      at(metrics, Metric::energy) = time * (2 + 6 * g * g * g);
    }
    grid.truth.push_back(metrics);
  }
  return grid;
}

Goal goal_for(const std::string& cost, const std::vector<std::string>& limits = {}) {
  Goal goal{*CostFunction::parse(cost), {}};
  for (const std::string& limit : limits) goal.limits.push_back(*parse_limit(limit));
  return goal;
}

SearchEnd search_on(const TruthGrid& grid, const Goal& goal, const SearchOptions& options,
                    std::int64_t budget, double noise = 0.01) {
  ModelSearch search(grid.space, goal, options, {});
  GridEvaluator evaluator(grid, {noise, noise}, options.seed);
  return *run_search(search, evaluator, budget);
}

TEST(ModelSearch, UnderstandsATableWhoseLatencyDoesNotGrowWithTheBatch) {
  const TruthGrid grid = epochs();
  const Goal goal = goal_for("energy");
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto end = search_on(grid, goal, {.seed = seed, .warm = {}, .prior = {}}, 12);
    sum += *regret(grid, goal, end.steps.back().answer->point);
  }
  EXPECT_LT(sum / 5, 0.02);
}

TEST(ModelSearch, LearnsWhereNothingRuns) {
  const TruthGrid grid = clocks_that_fail();  // 12 of the 36 cannot run, the best lies beside them
  const Goal goal = goal_for("energy");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto end = search_on(grid, goal, {.seed = seed, .warm = {}, .prior = {}}, 10);
    std::int64_t failures = 0;
    for (std::size_t i = 0; i < 6; ++i) failures += end.steps[i].probe.failure.empty() ? 0 : 1;
    EXPECT_LE(failures, 3) << seed;
    EXPECT_LT(*regret(grid, goal, end.steps.back().answer->point), 0.03) << seed;
  }
}

TEST(Runnable, WhatFailedFailsWithLargerBatchesAndSaysLittleOfSmallOnes) {
  const TruthGrid grid = clocks_that_fail();
  Runnable runnable(grid.space);
  EXPECT_EQ(runnable.probability().minCoeff(), 1.0F);
  const auto at_place = [&](double gpu, double batch) {
    Setting setting;
    setting.set("gpu_frequency", gpu);
    setting.set("batch", batch);
    return *grid.space.find(setting);
  };
  runnable.failed(at_place(6e8, 16));
  runnable.ran(at_place(6e8, 4));
  const auto chance = runnable.probability();
  EXPECT_LT(chance[at_place(6e8, 16)], 0.6F);
  EXPECT_LE(chance[at_place(6e8, 32)], chance[at_place(6e8, 16)]);
  EXPECT_GT(chance[at_place(6e8, 1)], 0.65F);
  EXPECT_GT(chance[at_place(6e8, 2)], chance[at_place(6e8, 8)]);
  for (int i = 0; i < 4; ++i) runnable.failed(at_place(8e8, 16));
  EXPECT_LT(runnable.probability()[at_place(1e9, 32)], 0.3F);
}

TEST(ModelSearch, WhatIsKnownOfAnotherBoardSavesProbes) {
  const TruthGrid grid = clocks_that_fail();
  const Goal goal = goal_for("energy");
  SearchOptions knowing{.seed = 3, .warm = {}, .prior = {}};
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    Probe probe{.point = p, .metrics = grid.truth[static_cast<std::size_t>(p)], .failure = {}};
    if (!at(probe.metrics, Metric::energy)) {
      probe.failure = "out of memory";
      knowing.prior.push_back({probe, 0.1});
      continue;
    }
    *at(probe.metrics, Metric::energy) *= 2.5;  // a board of another size
    knowing.prior.push_back({probe, 0.1});
  }
  const auto end = search_on(grid, goal, knowing, 3);
  ASSERT_TRUE(end.steps.back().answer);
  EXPECT_LT(*regret(grid, goal, end.steps.back().answer->point), 0.02);
  EXPECT_TRUE(end.steps.front().probe.failure.empty());
  std::int64_t failures = 0;
  for (const SearchStep& step : end.steps) failures += step.probe.failure.empty() ? 0 : 1;
  EXPECT_LE(failures, 1);
}

TEST(ModelSearch, AWarmStartIsAsIfTold) {
  const TruthGrid grid = clocks_that_fail();
  const Goal goal = goal_for("energy");
  const auto whole = search_on(grid, goal, {.seed = 4, .warm = {}, .prior = {}}, 10);
  SearchOptions warm{.seed = 4, .warm = {}, .prior = {}};
  for (std::size_t i = 0; i < 6; ++i) warm.warm.push_back(whole.steps[i].probe);
  ModelSearch search(grid.space, goal, warm, {});
  EXPECT_EQ(search.ask()->point, whole.steps[6].question.point);
}

TEST(ModelSearch, APercentileIsJudgedByItsRatioToTheMean) {
  TruthGrid grid = clocks_that_fail();
  for (Metrics& metrics : grid.truth)
    if (const auto& latency = at(metrics, Metric::latency))
      at(metrics, Metric::latency_p99) = 2 * *latency;
  const Goal goal = goal_for("energy", {"latency_p99<150ms"});
  const auto end = search_on(grid, goal, {.seed = 1, .warm = {}, .prior = {}}, 20, 0.003);
  const auto found = end.steps.back().answer;
  ASSERT_TRUE(found && found->certain);
  EXPECT_LT(*regret(grid, goal, found->point), 0.05);
  std::int64_t broken = 0;
  for (const SearchStep& step : end.steps)
    if (step.probe.failure.empty() && !goal.met(step.probe.metrics)) ++broken;
  EXPECT_LE(broken, 4);
}

TEST(ModelSearch, WithNoSettingThatMeetsTheLimitsTheNearestIsNamed) {
  const TruthGrid grid = clocks_that_fail();
  const Goal goal = goal_for("energy", {"latency<1ms"});
  const auto end = search_on(grid, goal, {.seed = 1, .warm = {}, .prior = {}}, 8);
  ASSERT_TRUE(end.steps.back().answer);
  EXPECT_FALSE(end.steps.back().answer->certain);
  EXPECT_EQ(*grid.space.setting(end.steps.back().answer->point).number("gpu_frequency"), 1.2e9);
}

}  // namespace
}  // namespace isojoule

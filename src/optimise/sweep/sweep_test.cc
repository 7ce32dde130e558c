#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "optimise/test_grids.h"

namespace isojoule {
namespace {

// A board as boards are: the latency a soft maximum of compute and memory with a part on the
// processor, the energy idle power times it and voltage beside; memory grows with the batch.
TruthGrid likely_board(Random& random) {
  TruthGrid grid{"board",
                 "made up",
                 *SearchSpace::grid({test_numbers("cpu_frequency", 3e8, 1.5e9, 5),
                                     test_numbers("gpu_frequency", 1e8, 9e8, 5),
                                     test_numbers("batch", 1, 9, 3)}),
                 {},
                 {}};
  const double fixed = 0.01 * random.uniform(), host = 0.01 * random.uniform(),
               compute = 0.02 * random.uniform(), memory = 0.01 * random.uniform(),
               idle = 1 + 4 * random.uniform(), gpu = 10 * random.uniform(),
               cpu = 4 * random.uniform(), bytes = 5e8 * random.uniform();
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    const Setting setting = grid.space.setting(p);
    const double fc = *setting.number("cpu_frequency") / 1.5e9,
                 fg = *setting.number("gpu_frequency") / 9e8, batch = *setting.number("batch");
    const double work = batch * std::pow(std::pow(compute / fg, 4) + std::pow(memory, 4), 0.25);
    const double latency = 0.001 + fixed + host / fc + work;
    Metrics metrics;
    at(metrics, Metric::latency) = latency;
    at(metrics, Metric::latency_p99) = 1.2 * latency;
    at(metrics, Metric::time) = latency / batch;
    at(metrics, Metric::memory) = 2e8 + bytes * batch;
    at(metrics, Metric::energy) =
        latency / batch * (idle + gpu * std::pow(fg, 3) + cpu * std::pow(fc, 3));
    at(metrics, Metric::power) = *at(metrics, Metric::energy) * batch / latency;
    grid.truth.push_back(metrics);
  }
  return grid;
}

// With the noise of probes, whatever the limits: the setting of the least cost is measured, or the
// nearest where none meets them.
RC_GTEST_PROP(Sweep, NeverPrunesTheBest, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  Random random(seed);
  TruthGrid grid = likely_board(random);
  Goal goal = test_goal(random.below(2) == 0 ? "energy" : "edp");
  const char* const names[] = {"latency", "latency_p99", "time", "memory", "power"};
  for (std::uint64_t i = 0; i < 1 + random.below(2); ++i) {
    const Metric metric = *metric_named(names[random.below(5)]);
    const auto& some = grid.truth[random.below(grid.truth.size())];
    goal.limits.push_back({metric, *at(some, metric) * (0.5 + random.uniform()), "a limit"});
  }
  SearchOptions options;
  options.seed = seed;
  options.noise = 0.01;
  const auto sweep = test_optimiser("sweep", grid.space, goal, options);
  GridEvaluator evaluator(grid, {0.01, 0.01}, seed);
  const auto end = run_search(*sweep, evaluator, 1000);
  RC_ASSERT(end.has_value());
  RC_ASSERT(end->exhausted);
  std::set<GridPoint> seen;
  for (const SearchStep& step : end->steps) seen.insert(step.probe.point);
  GridPoint best = 0;
  const auto rank = [&](GridPoint p) {
    const Metrics& truth = grid.truth[static_cast<std::size_t>(p)];
    return std::pair(*goal.beyond(truth), *goal.cost.of(truth));
  };
  for (GridPoint p = 0; p < grid.space.size(); ++p)
    if (rank(p) < rank(best)) best = p;
  RC_ASSERT(seen.contains(best));
}

TEST(Sweep, SkipsWhatMustBreakTheLimit) {
  const TruthGrid grid = test_bowl(test_clocks(15, 15));
  const Goal goal = test_goal("energy", {"latency<30ms"});
  const auto sweep = test_optimiser("sweep", grid.space, goal);
  GridEvaluator evaluator(grid, {}, 1);
  const auto end = run_search(*sweep, evaluator, 1000);
  ASSERT_TRUE(end && end->exhausted);
  std::int64_t within = 0;
  for (const Metrics& truth : grid.truth) within += goal.met(truth) ? 1 : 0;
  EXPECT_GE(std::ssize(end->steps), within);
  EXPECT_LT(std::ssize(end->steps), 170);  // of 225
  EXPECT_LE(*regret(grid, goal, end->steps.back().answer->point), 0.02);
  EXPECT_EQ(end->steps.back().answer->expected_gain, 0.0);
}

TEST(Sweep, WithoutALimitItSeesEverySettingOnceCoarseLevelsFirst) {
  const TruthGrid grid = test_bowl(test_clocks(9, 5));
  const auto sweep = test_optimiser("sweep", grid.space, test_goal("energy"));
  GridEvaluator evaluator(grid, {}, 1);
  const auto end = run_search(*sweep, evaluator, 1000);
  ASSERT_TRUE(end && end->exhausted);
  ASSERT_EQ(end->steps.size(), 45u);
  std::set<GridPoint> first, all;
  for (const SearchStep& step : end->steps) {
    if (first.size() < 4) first.insert(step.probe.point);
    all.insert(step.probe.point);
  }
  EXPECT_EQ(all.size(), 45u);
  EXPECT_EQ(first, (std::set<GridPoint>{0, 4, 40, 44}));  // the corners
}

TEST(Sweep, TwoLacksOfMemoryStandForAllLargerBatches) {
  const SearchSpace space = *SearchSpace::grid(
      {test_numbers("batch", 1, 8, 8), test_numbers("gpu_frequency", 1e8, 9e8, 3)});
  const auto sweep = test_optimiser("sweep", space, test_goal("energy"));
  std::int64_t lacks = 0;
  for (int i = 0; i < 100; ++i) {
    const auto question = sweep->ask();
    if (!question) break;
    Probe probe = test_probe(question->point, {{Metric::energy, 1.0}});
    if (*space.setting(question->point).number("batch") > 3) {
      probe.failure = "out of memory: 3 GB";
      probe.definite = true;
      ++lacks;
    }
    sweep->tell(probe);
  }
  EXPECT_FALSE(sweep->ask());
  EXPECT_LT(lacks, 10);  // of 15
  EXPECT_GE(lacks, 2);
}

}  // namespace
}  // namespace isojoule

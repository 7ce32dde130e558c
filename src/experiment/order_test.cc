#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "experiment/experiment.h"
#include "experiment/fake_board.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

Plan small_plan() {
  Plan plan;
  plan.protocol.repeats = 4;
  PlanBaseline usual;
  usual.name = "default";
  usual.setting.set("cpu_governor", std::string("schedutil"));
  plan.baselines.push_back(usual);
  PlanGrid map;
  map.name = "map";
  map.networks = {"alexnet", "resnet-18"};
  map.axes = {{"cpu_frequency", true, {}}, {"gpu_frequency", true, {}}};
  map.fixed.set("batch", 16.0);
  map.baselines = {"default"};
  plan.grids.push_back(map);
  return plan;
}

std::string identity(const PlannedRun& run) {
  return run.network + "|" + run.baseline + "|" + to_string(run.setting);
}

std::string error_of(const Plan& plan) {
  fake::Bench bench;
  const auto runs = order_runs(plan, bench.board);
  return runs ? "no error" : to_string(runs.error());
}

TEST(Order, TakesTheInferencesOfTheFirstGridThatAsks) {
  fake::Bench bench;
  Plan plan = small_plan();
  plan.grids.push_back(plan.grids[0]);
  plan.grids[0].networks = {"alexnet"};
  plan.grids[0].inferences = 50;
  const auto runs = order_runs(plan, bench.board);
  ASSERT_TRUE(runs);
  EngineUse use;
  use.model_paths = {{"alexnet", "a"}, {"resnet-18", "r"}};
  for (const PlannedRun& run : *runs)
    EXPECT_EQ(job_of(run, plan.protocol, use).inferences,
              run.network == "alexnet" ? 50 : plan.protocol.inferences);
}

RC_GTEST_PROP(Order, EverySettingOnceABlockWhateverTheSeed, (std::uint64_t seed)) {
  fake::Bench bench;
  Plan plan = small_plan();
  plan.protocol.seed = seed;
  plan.protocol.repeats = *rc::gen::inRange(1, 6);
  const auto runs = order_runs(plan, bench.board);
  RC_ASSERT(runs.has_value());
  const std::size_t block = 2 * (3 * 3 + 1);  // two networks, nine points and the baseline each
  RC_ASSERT(runs->size() == block * static_cast<std::size_t>(plan.protocol.repeats));
  for (std::size_t first = 0; first < runs->size(); first += block) {
    std::multiset<std::string> seen;
    for (std::size_t i = first; i < first + block; ++i) {
      const PlannedRun& run = (*runs)[i];
      RC_ASSERT(run.sequence == static_cast<std::int64_t>(i));
      RC_ASSERT(run.block == static_cast<std::int64_t>(first / block));
      RC_ASSERT(seen.count(identity(run)) == 0u);
      seen.insert(identity(run));
    }
    RC_ASSERT(seen.count("alexnet|default|batch=16 cpu_governor=schedutil") == 1u);
    RC_ASSERT(seen.count("resnet-18|default|batch=16 cpu_governor=schedutil") == 1u);
  }
  const auto again = order_runs(plan, bench.board);
  for (std::size_t i = 0; i < runs->size(); ++i)
    RC_ASSERT(identity((*runs)[i]) == identity((*again)[i]));
}

TEST(Order, BlocksAndSeedsDiffer) {
  fake::Bench bench;
  Plan plan = small_plan();
  const auto one = order_runs(plan, bench.board);
  plan.protocol.seed = 2;
  const auto two = order_runs(plan, bench.board);
  ASSERT_TRUE(one && two);
  int moved_by_seed = 0, moved_by_block = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    moved_by_seed += identity((*one)[i]) != identity((*two)[i]);
    moved_by_block += identity((*one)[i]) != identity((*one)[i + 20]);
  }
  EXPECT_GT(moved_by_seed, 5);
  EXPECT_GT(moved_by_block, 5);
}

TEST(Order, APointOfTwoGridsIsMeasuredOnce) {
  fake::Bench bench;
  Plan plan = small_plan();
  PlanGrid sweep;
  sweep.name = "sweep";
  sweep.networks = {"alexnet"};
  sweep.axes = {{"gpu_frequency", true, {}}};
  sweep.fixed.set("batch", 16.0);
  sweep.fixed.set("cpu_frequency", 200e6);
  sweep.baselines = {"default"};
  plan.grids.push_back(sweep);
  EXPECT_EQ(order_runs(plan, bench.board)->size(), 4u * 20);
  plan.grids.back().fixed.set("batch", 8.0);  // now three new points and a baseline of their own
  EXPECT_EQ(order_runs(plan, bench.board)->size(), 4u * 24);
}

TEST(Order, ABatchNotNamedIsOne) {
  fake::Bench bench;
  Plan plan = small_plan();
  plan.grids[0].fixed.erase("batch");
  const auto runs = order_runs(plan, bench.board);
  ASSERT_TRUE(runs);
  for (const PlannedRun& run : *runs) EXPECT_EQ(run.setting.number("batch"), 1.0);
}

TEST(Order, EngineAxesThatAreWordsHaveTheirChoices) {
  fake::Bench bench;
  Plan plan = small_plan();
  plan.grids[0].fixed.set("accelerator", std::string("dla"));
  plan.grids[0].fixed.set("option.gc", std::string("off"));  // the engine knows its options
  plan.grids[0].axes[1] = {"precision", true, {}};           // "all": every choice
  const auto runs = order_runs(plan, bench.board);
  ASSERT_TRUE(runs) << to_string(runs.error());
  std::set<std::string> precisions;
  for (const PlannedRun& run : *runs)
    if (run.baseline.empty()) precisions.insert(*run.setting.text("precision"));
  EXPECT_EQ(precisions, (std::set<std::string>{"fp16", "fp32", "int8"}));
  plan.grids[0].fixed.set("accelerator", std::string("dlaa"));
  EXPECT_THAT(error_of(plan), HasSubstr("no accelerator is 'dlaa'"));
  EXPECT_THAT(error_of(plan), HasSubstr("Did you mean 'dla'?"));
  plan.grids[0].fixed.set("accelerator", 1.0);
  EXPECT_THAT(error_of(plan), HasSubstr("Give one of its words: cpu, gpu, dla, dla1"));
}

TEST(Order, MoreThanAnybodyMeasuresIsRefused) {
  Plan plan = small_plan();
  PlanAxis batches{"batch", false, {}};
  for (int batch = 1; batch <= 1001; ++batch) batches.values.push_back(static_cast<double>(batch));
  plan.grids[0].axes = {batches, batches};
  EXPECT_THAT(error_of(plan), HasSubstr("grid 'map' has more than 1000000 settings"));
  plan = small_plan();
  plan.protocol.repeats = 1'000'000'000;
  EXPECT_THAT(error_of(plan), HasSubstr("more than 10000000 runs"));
}

TEST(Order, WhatTheBoardDoesNotHaveIsNamed) {
  Plan plan = small_plan();
  plan.grids[0].axes[1] = {"gpu_frequency", false, {850e6}};
  EXPECT_THAT(error_of(plan), HasSubstr("fake-board has no gpu_frequency of 850000000 Hz"));
  EXPECT_THAT(error_of(plan), HasSubstr("614400000 Hz and 921600000 Hz"));
  plan.grids[0].axes[1] = {"gpu_frequencies", true, {}};
  EXPECT_THAT(error_of(plan), HasSubstr("Did you mean 'gpu_frequency'?"));
  plan = small_plan();
  plan.baselines[0].setting.set("cpu_governor", std::string("powersafe"));
  EXPECT_THAT(error_of(plan), HasSubstr("Did you mean 'powersave'?"));
  plan = small_plan();
  plan.grids[0].fixed.set("batch", 0.0);
  EXPECT_THAT(error_of(plan), HasSubstr("batch = 0 is not possible"));
  plan.grids[0].fixed.erase("batch");
  plan.grids[0].axes.push_back({"batch", true, {}});
  EXPECT_THAT(error_of(plan), HasSubstr("\"all\" is not possible"));
}

}  // namespace
}  // namespace isojoule

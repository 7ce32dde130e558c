#include "fleet/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "experiment/fake_board.h"
#include "fleet/message_same.h"

namespace isojoule::fleet {
namespace {

using testing::HasSubstr;

BoardCard card_of_block_board() {
  BoardCard card = example_card();
  card.knobs = {{"cpu_frequency", {Value(1e8), Value(2e8), Value(3e8)}},
                {"gpu_frequency", {Value(1e8), Value(2e8), Value(3e8), Value(4e8)}},
                {"cpu_governor", {Value("schedutil"), Value("userspace")}}};
  return card;
}

Board block_board() { return described_board(card_of_block_board()).value(); }

// Two grids with baselines of their own; some points are in both.
Plan block_plan() {
  Plan plan;
  plan.protocol.repeats = 3;
  for (const char* name : {"default", "powersave"}) {
    PlanBaseline baseline;
    baseline.name = name;
    baseline.setting.set("cpu_governor", std::string("schedutil"));
    plan.baselines.push_back(baseline);
  }
  PlanGrid map;
  map.name = "map";
  map.networks = {"alexnet", "resnet-18"};
  map.axes = {{"cpu_frequency", true, {}}, {"gpu_frequency", true, {}}};
  map.fixed.set("batch", 16.0);
  map.baselines = {"default"};
  PlanGrid batches;
  batches.name = "batches";
  batches.networks = {"alexnet"};
  batches.axes = {{"batch", false, {Value(1.0), Value(4.0), Value(16.0)}}};
  batches.fixed.set("cpu_frequency", 1e8);
  batches.fixed.set("gpu_frequency", 2e8);
  batches.baselines = {"default", "powersave"};
  batches.inferences = 50;
  plan.grids = {map, batches};
  return plan;
}

// By value: a range-for keeps no temporary alive.
std::vector<PlannedRun> planned_runs(const Plan& plan, const Board& board) {
  return order_runs(plan, board).value();
}

std::vector<BlockMessage> blocks_of(const Plan& plan, const Board& board,
                                    const BlockOptions& options = {}) {
  return cut_blocks("s", plan, board, options).value();
}

std::string identity_of(const PlannedRun& run) {
  return run.network + "|" + run.baseline + "|" + to_string(run.setting);
}

std::map<std::string, int> counts_of(const std::vector<BlockMessage>& blocks, std::int64_t lane,
                                     bool baselines) {
  std::map<std::string, int> counts;
  for (const BlockMessage& block : blocks)
    for (const PlannedRun& run : block.runs)
      if ((lane < 0 || block.lane == lane) && run.baseline.empty() != baselines)
        ++counts[identity_of(run)];
  return counts;
}

// What each block of a grid and network must have.
std::map<std::pair<std::string, std::string>, std::set<std::string>> baselines_of(
    const Plan& plan, const Board& board) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> found;
  for (const PlanGrid& grid : plan.grids) {
    Plan alone = plan;
    alone.grids = {grid};
    const auto runs = planned_runs(alone, board);
    for (const PlannedRun& run : runs) {
      auto& own = found[{grid.name, run.network}];
      if (!run.baseline.empty()) own.insert(identity_of(run));
    }
  }
  return found;
}

void check_block(const BlockMessage& block, const std::set<std::string>& baselines,
                 std::int64_t most_points) {
  std::multiset<std::string> own;
  std::int64_t points = 0;
  for (const PlannedRun& run : block.runs) {
    RC_ASSERT(run.network == block.runs[0].network);
    RC_ASSERT(run.grid == block.runs[0].grid);
    RC_ASSERT(run.block == block.block);
    RC_ASSERT(run.repeat == block.runs[0].repeat);
    if (run.baseline.empty())
      ++points;
    else
      own.insert(identity_of(run));
  }
  RC_ASSERT(own == std::multiset<std::string>(baselines.begin(), baselines.end()));
  RC_ASSERT(points <= most_points);
}

RC_GTEST_PROP(FleetBlocks, HoldEverySettingAsOftenAsAskedForAndTheirBaselinesOnce,
              (std::uint64_t seed)) {
  const Board board = block_board();
  Plan plan = block_plan();
  plan.protocol.seed = seed;
  plan.protocol.repeats = *rc::gen::inRange(1, 4);
  BlockOptions options;
  options.lanes = *rc::gen::inRange(1, 4);
  options.block_runs = *rc::gen::inRange(0, 15);
  const auto blocks = blocks_of(plan, board, options);

  const std::int64_t most = options.block_runs > 0 ? options.block_runs : 60;
  const auto baselines = baselines_of(plan, board);
  std::int64_t sequence = 0;
  std::map<std::int64_t, std::set<std::int64_t>> lanes_of_repeat;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const BlockMessage& block = blocks[i];
    RC_ASSERT(block.study == "s");
    RC_ASSERT(block.block == static_cast<std::int64_t>(i));
    RC_ASSERT(!block.runs.empty());
    check_block(block, baselines.at({block.runs[0].grid, block.runs[0].network}), most);
    for (const PlannedRun& run : block.runs) {
      RC_ASSERT(run.sequence == sequence++);
      lanes_of_repeat[run.repeat].insert(block.lane);
    }
  }
  RC_ASSERT(static_cast<std::int64_t>(lanes_of_repeat.size()) ==
            options.lanes * plan.protocol.repeats);
  for (const auto& [repeat, lanes] : lanes_of_repeat) RC_ASSERT(lanes.size() == 1u);

  // The plan's own settings, no more and no fewer.
  std::map<std::string, int> expected;
  for (const PlannedRun& run : planned_runs(plan, board))
    if (run.baseline.empty()) expected[identity_of(run)] += static_cast<int>(options.lanes);
  RC_ASSERT(counts_of(blocks, -1, false) == expected);
  for (std::int64_t lane = 1; lane < options.lanes; ++lane)
    for (const bool of_baselines : {false, true})
      RC_ASSERT(counts_of(blocks, lane, of_baselines) == counts_of(blocks, 0, of_baselines));
  RC_ASSERT(blocks_of(plan, board, options) == blocks);
}

TEST(FleetBlocks, AreWhatOrderRunsPlansOfRealKnobsToo) {
  const fake::Bench bench;
  Plan plan = block_plan();
  plan.grids.resize(1);
  const auto blocks = blocks_of(plan, bench.board);
  std::set<std::string> cut, planned;
  for (const BlockMessage& block : blocks)
    for (const PlannedRun& run : block.runs) cut.insert(identity_of(run));
  for (const PlannedRun& run : planned_runs(plan, bench.board)) planned.insert(identity_of(run));
  EXPECT_EQ(cut, planned);
}

TEST(FleetBlocks, LanesSeedsAndRepeatsAreOrderedDifferently) {
  Plan plan = block_plan();
  const Board board = block_board();
  const auto order = [](const std::vector<BlockMessage>& blocks, std::int64_t lane,
                        std::int64_t repeat) {
    std::string text;
    for (const BlockMessage& block : blocks)
      if (block.lane == lane)
        for (const PlannedRun& run : block.runs)
          if (run.repeat == repeat) text += identity_of(run) + "\n";
    return text;
  };
  const auto blocks = blocks_of(plan, board, {2, 0});
  plan.protocol.seed = 2;
  const auto others = blocks_of(plan, board, {2, 0});
  EXPECT_NE(order(blocks, 0, 0), "");
  EXPECT_NE(order(blocks, 0, 0), order(blocks, 0, 1));
  EXPECT_NE(order(blocks, 0, 0), order(blocks, 1, 3));
  EXPECT_NE(order(blocks, 0, 0), order(others, 0, 0));
}

TEST(FleetBlocks, BaselinesAreAQuarterAndBlocksOfOneSize) {
  Plan plan = block_plan();
  plan.grids.resize(1);
  plan.grids[0].axes.push_back({"threads", false, {}});
  for (int threads = 1; threads <= 10; ++threads)
    plan.grids[0].axes.back().values.emplace_back(static_cast<double>(threads));
  // 120 points a network, and as many baselines as threads: 30 points a block.
  for (const BlockMessage& block : blocks_of(plan, block_board()))
    EXPECT_EQ(block.runs.size(), 40u);
  // 7 points or fewer: 18 blocks of 6 or 7.
  for (const BlockMessage& block : blocks_of(plan, block_board(), {1, 7}))
    EXPECT_THAT(block.runs.size(), testing::AnyOf(16u, 17u));
}

TEST(FleetBlocks, AGridThatAddsOnlyABaselineHasABlockOfIt) {
  Plan plan = block_plan();
  plan.protocol.repeats = 1;
  plan.grids[1] = plan.grids[0];
  plan.grids[1].name = "again";
  plan.grids[1].networks = {"alexnet"};
  const auto before = blocks_of(plan, block_board());
  EXPECT_EQ(before.size(), 2u);  // nothing new in it
  plan.grids[1].baselines = {"default", "powersave"};
  const auto after = blocks_of(plan, block_board());
  EXPECT_EQ(after.size(), 3u);
}

TEST(FleetBlocks, WhatCannotBeIsRefused) {
  const auto fault = [](const Plan& plan, const BlockOptions& options) {
    const auto blocks = cut_blocks("s", plan, block_board(), options);
    return blocks ? "none" : to_string(blocks.error());
  };
  Plan plan = block_plan();
  EXPECT_THAT(fault(plan, {0, 0}), HasSubstr("0 boards for each setting"));
  EXPECT_THAT(fault(plan, {1, 5000}), HasSubstr("blocks of 5000 runs"));
  plan.protocol.repeats = 1'000'000;
  EXPECT_THAT(fault(plan, {4096, 0}), HasSubstr("10000000 runs in a study"));
  plan = block_plan();
  plan.grids[0].networks = {std::string(300, 'n')};
  EXPECT_THAT(fault(plan, {1, 0}), HasSubstr("network has 300 characters"));
  plan = block_plan();
  plan.grids[0].fixed.set("gpu_frequency", 5e8);
  EXPECT_THAT(fault(plan, {1, 0}), HasSubstr("400000000 Hz"));
}

TEST(DescribedBoard, HasTheKnobsAndCannotBeTouched) {
  const BoardCard card = example_card();
  const Board board = described_board(card).value();
  EXPECT_EQ(board.file.name, "jetson-orin-nx");
  EXPECT_EQ(board.file.total, "VDD_IN");
  EXPECT_EQ(board.file.rails.size(), 2u);
  EXPECT_TRUE(board.simulated);
  Knob* knob = board.knob("cpu_frequency");
  ASSERT_NE(knob, nullptr);
  EXPECT_EQ(knob->axis().unit, Unit::hertz);
  EXPECT_EQ(knob->values(), card.knobs[0].values);
  fake::FakeClock clock;
  EXPECT_EQ(knob->get().error().kind, ErrorKind::unsupported);
  EXPECT_EQ(knob->set(Value(115200000.0), clock, {}).error().kind, ErrorKind::unsupported);
  EXPECT_EQ(knob->release().error().kind, ErrorKind::unsupported);
  EXPECT_EQ(knob->save().error().kind, ErrorKind::unsupported);
  BoardCard twice = card;
  twice.knobs.push_back(card.knobs[0]);
  EXPECT_THAT(described_board(twice).error().what, HasSubstr("cpu_frequency twice"));
}

TEST(StudyId, IsOfEverythingThatMakesAStudyAnother) {
  const StudyRecord study = example_study();
  const auto id = [](const StudyRecord& of, const std::string& plan, const BlockOptions& options) {
    return study_id(plan, of.board, of.simulated, of.engine, of.networks, of.files, options);
  };
  const std::string first = id(study, "plan", {});
  EXPECT_EQ(first.size(), 24u);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id(study, "plan", {}), first);
  StudyRecord moved = study;  // who published a network says nothing about it
  moved.networks["alexnet"].writer = "other";
  EXPECT_EQ(id(moved, "plan", {}), first);
  std::set<std::string> ids = {first, id(study, "plan ", {}), id(study, "plan", {2, 0}),
                               id(study, "plan", {1, 20})};
  StudyRecord other = study;
  other.board = "jetson-tx2";
  ids.insert(id(other, "plan", {}));
  other = study;
  other.simulated = false;
  ids.insert(id(other, "plan", {}));
  other = study;
  other.engine = "opencv";
  ids.insert(id(other, "plan", {}));
  other = study;
  other.networks["alexnet"].hash = std::string(64, 'f');
  ids.insert(id(other, "plan", {}));
  other = study;
  other.files.clear();
  ids.insert(id(other, "plan", {}));
  EXPECT_EQ(ids.size(), 9u);
}

}  // namespace
}  // namespace isojoule::fleet

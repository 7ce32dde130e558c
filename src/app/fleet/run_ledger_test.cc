#include "app/fleet/run_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isojoule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PlannedRun planned_run(std::int64_t sequence, std::int64_t block, double frequency) {
  PlannedRun run;
  run.sequence = sequence;
  run.block = block;
  run.repeat = 1;
  run.network = "net";
  run.setting.set("cpu_frequency", frequency);
  return run;
}

fleet::BlockMessage block_of(std::int64_t number, std::int64_t lane, std::vector<PlannedRun> runs) {
  fleet::BlockMessage block;
  block.study = "s";
  block.block = number;
  block.lane = lane;
  block.runs = std::move(runs);
  return block;
}

// Three runs in two blocks of two lanes.
RunLedger small_ledger() {
  RunLedger ledger;
  ledger.add(block_of(0, 0, {planned_run(0, 0, 1e9), planned_run(1, 0, 2e9)}));
  ledger.add(block_of(1, 1, {planned_run(2, 1, 1e9)}));
  return ledger;
}

TEST(RunLedger, CountsRunsAndBlocks) {
  RunLedger ledger = small_ledger();
  EXPECT_EQ(ledger.planned(), 3);
  EXPECT_EQ(ledger.lane_of(1), 1);
  EXPECT_TRUE(ledger.mark(1));
  EXPECT_FALSE(ledger.mark(1)) << "a run is there once";
  EXPECT_FALSE(ledger.mark(3)) << "not planned";
  EXPECT_FALSE(ledger.mark(-1));
  EXPECT_THAT(ledger.incomplete_blocks(), ElementsAre(0, 1));
  EXPECT_THAT(ledger.missing_sequences(0), ElementsAre(0));
  EXPECT_TRUE(ledger.mark(2));
  EXPECT_THAT(ledger.incomplete_blocks(), ElementsAre(0));
  EXPECT_FALSE(ledger.complete());
  EXPECT_TRUE(ledger.mark(0));
  EXPECT_TRUE(ledger.complete());
}

TEST(RunLedger, ABlockThatIsAddedTwiceCountsOnce) {
  RunLedger ledger = small_ledger();
  ledger.add(block_of(1, 1, {planned_run(2, 1, 1e9)}));
  EXPECT_EQ(ledger.planned(), 3);
  EXPECT_EQ(ledger.missing_of(1), 1);
}

TEST(RunLedger, TakesARunOfThePlanOnly) {
  const RunLedger ledger = small_ledger();
  const fleet::RunPlace place{"board-1", "s", 0, 1};
  const isojoule::Run good = run_of(planned_run(1, 0, 2e9));
  EXPECT_THAT(ledger.refusal(place, good), IsEmpty());

  isojoule::Run bad = good;
  bad.setting.set("cpu_frequency", 1e9);
  EXPECT_THAT(ledger.refusal(place, bad),
              HasSubstr("planned as net at cpu_frequency=2000000000, not as net at "
                        "cpu_frequency=1000000000"));
  bad = good;
  bad.setting.set("cpu_frequency", 3e9);  // no run of the plan at all
  EXPECT_THAT(ledger.refusal(place, bad), HasSubstr("is planned as"));
  bad = good;
  bad.network = "other";
  EXPECT_THAT(ledger.refusal(place, bad), HasSubstr("not as other"));
  bad = good;
  bad.baseline = "default";
  EXPECT_THAT(ledger.refusal(place, bad), HasSubstr("under baseline 'default'"));
  bad = good;
  bad.repeat = 0;
  EXPECT_THAT(ledger.refusal(place, bad), HasSubstr("of repeat 1, not 0"));
  bad = good;
  bad.on_board = "board-2";
  EXPECT_THAT(ledger.refusal(place, bad), HasSubstr("it says board 'board-2'"));
  bad = good;
  bad.sequence = 0;
  EXPECT_THAT(ledger.refusal(place, bad), HasSubstr("under the subject of run 1"));
}

TEST(RunLedger, TakesNoPlaceThatThePlanLacks) {
  const RunLedger ledger = small_ledger();
  isojoule::Run run = run_of(planned_run(1'000'000'000'000, 0, 1e9));
  EXPECT_THAT(ledger.refusal({"b", "s", 0, 1'000'000'000'000}, run),
              HasSubstr("the study has no run 1000000000000"));
  run = run_of(planned_run(1, 1, 2e9));  // a run of block 0 said to be of block 1
  EXPECT_THAT(ledger.refusal({"b", "s", 1, 1}, run), HasSubstr("is of block 0, not 1"));
}

}  // namespace
}  // namespace isojoule

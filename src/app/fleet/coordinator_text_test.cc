#include "app/fleet/coordinator_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace isojoule {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

FleetProgress half_way() {
  FleetProgress progress;
  progress.done = 1200;
  progress.total = 2400;
  progress.blocks_waiting = 40;
  progress.blocks_claimed = 2;
  progress.elapsed = Second(600);
  progress.left = Second(605);
  progress.boards = {
      {"rack1-a", "measuring", "block 7, 3 of 12: resnet-50 cpu_frequency=1479000000", "", 700, 1},
      {"rack1-b", "lost", "", "no sign of life", 500, 20}};
  progress.troubles = {"rack1-b is lost: no sign of life for 20 s"};
  return progress;
}

TEST(CoordinatorText, ATerminalShowsTheWholeTheTroubleAndTheBoards) {
  EXPECT_THAT(
      fleet_progress_lines(half_way(), 72, 24),
      ElementsAre("[############             ]  50 %  1,200 of 2,400 runs, 10 min 05 s left",
                  "10 min 00 s gone, 40 blocks wait, 2 in boards' hands",
                  "! rack1-b is lost: no sign of life for 20 s",
                  "board    state          runs  doing",
                  "rack1-a  measuring       700  block 7, 3 of 12: resnet-50 cpu_frequen...",
                  "rack1-b  lost            500  no sign of life"));
}

TEST(CoordinatorText, EveryLineFitsAndBoardsInTroubleComeFirst) {
  FleetProgress progress = half_way();
  for (int i = 0; i < 100; ++i)
    progress.boards.push_back({"rack2-" + std::to_string(i), "idle", "", "", i, 0});
  for (const int columns : {20, 40, 72, 200})
    for (const int rows : {2, 3, 6, 30}) {
      const auto lines = fleet_progress_lines(progress, columns, rows);
      EXPECT_LE(lines.size(), static_cast<std::size_t>(rows));
      for (const std::string& line : lines)
        EXPECT_LE(line.size(), static_cast<std::size_t>(columns)) << line;
    }
  const auto lines = fleet_progress_lines(progress, 80, 8);
  ASSERT_EQ(lines.size(), 8U);
  EXPECT_THAT(lines[4], HasSubstr("rack1-b"));
  EXPECT_EQ(lines.back(), "and 99 more boards");
}

TEST(CoordinatorText, NothingThatABoardSaysReachesTheTerminalAsAnOrder) {
  FleetProgress progress = half_way();
  progress.boards[0].doing = "\x1b[2J\nowned";
  progress.troubles = {"rack\x1b]0;title\x07"};
  EXPECT_THAT(fleet_progress_lines(progress, 72, 24),
              Each(AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\n")))));
  EXPECT_THAT(fleet_progress_line(progress), AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07"))));
}

TEST(CoordinatorText, WhatNobodyMeasuresHasNoEnd) {
  FleetProgress progress = half_way();
  progress.left = Second(std::numeric_limits<double>::infinity());
  EXPECT_EQ(fleet_progress_line(progress),
            "1,200 of 2,400 runs, 1 of 2 boards at work, 10 min 00 s gone, ? left; rack1-b is "
            "lost: no sign of life for 20 s");
}

TEST(CoordinatorText, TheSummarySaysWhatIsThereAndWhatToDoNext) {
  FleetSweepResult result;
  result.planned = 2000;
  result.already_there = 800;
  result.collected = 1200;
  result.boards = 4;
  result.simulated = true;
  EXPECT_EQ(fleet_summary(result, "lab.study", true),
            "lab.study: 2,000 of 2,000 runs there, 1,200 collected now, 4 simulated boards\n"
            "next: isojoule show lab.study, isojoule report lab.study\n");
  result.collected = 200;
  result.refused = 3;
  result.damaged = 1;
  result.interrupted = true;
  result.left_out = {"board-9: lost"};
  EXPECT_EQ(fleet_summary(result, "lab.study", true),
            "lab.study: 1,000 of 2,000 runs there, 200 collected now, 4 simulated boards, 3 "
            "refused, 1 could not be read\n"
            "left out: board-9: lost\n"
            "interrupted; the boards go on; the same command, here or elsewhere, collects\n");
  result.interrupted = false;
  EXPECT_THAT(fleet_summary(result, "lab.study", false),
              HasSubstr("\nthe boards go on; the same command, here or elsewhere, collects\n"));
  result.given_up = 2;
  EXPECT_THAT(fleet_summary(result, "lab.study", true),
              HasSubstr("\n2 blocks stay incomplete; the same command tries them again\n"));
}

}  // namespace
}  // namespace isojoule

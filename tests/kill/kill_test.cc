#include <gtest/gtest.h>

#include <cstdlib>

#include "kill/rounds.h"
#include "whole/mounted_twin.h"

namespace isojoule::kill {
namespace {

class KillOnce : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::MountedTwin::why_not(); !why.empty())
      GTEST_SKIP() << "skipped: " << why;
    ::setenv("ISOJOULE_STATE", place_.path("state").c_str(), 1);
    rounds_.program = test::program_path();
  }
  void TearDown() override { ::unsetenv("ISOJOULE_STATE"); }
  test::Workplace place_;
  Rounds rounds_;
};

class Kill : public KillOnce, public ::testing::WithParamInterface<const char*> {};

TEST_P(Kill, EveryDeathIsMadeGood) {
  const test::MountedTwin twin(place_, GetParam());
  ASSERT_TRUE(twin.mounted()) << twin.log();
  rounds_.root = twin.root();
  rounds_.limit_s = 30;  // whether, not when: kill_rounds measures that on a quiet machine
  const Outcome outcome = run_rounds(rounds_);
  EXPECT_EQ(outcome.fault, "");
  EXPECT_EQ(outcome.made, rounds_.rounds);
  // Most must have died while they were setting the board, else little was tried.
  EXPECT_LT(outcome.died_early, rounds_.rounds / 2);
  EXPECT_GT(outcome.died_inside, 0);
}

INSTANTIATE_TEST_SUITE_P(Boards, Kill, ::testing::Values("jetson-nano", "jetson-orin-nx"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(KillOnce, WithoutAKeeperNothingIsWritten) {
  const test::MountedTwin twin(place_, "jetson-nano");
  ASSERT_TRUE(twin.mounted()) << twin.log();
  rounds_.root = twin.root();
  rounds_.program = "/nonexistent";
  rounds_.rounds = 6;  // some are killed before they could say so
  EXPECT_NE(run_rounds(rounds_).fault, "");
}

}  // namespace
}  // namespace isojoule::kill

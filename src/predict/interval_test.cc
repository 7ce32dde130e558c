#include "predict/interval.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace isojoule {
namespace {

TEST(ConformalSpread, IsAFactorEachWay) {
  const ConformalSpread spread{2, 0.3, 10, 10};
  const Interval interval = spread.around(5, 0.4);  // s = 0.5
  EXPECT_NEAR(interval.low, 5 / std::exp(1), 1e-12);
  EXPECT_NEAR(interval.high, 5 * std::exp(1), 1e-12);
  EXPECT_TRUE(std::isinf(unknown_spread().around(5, 0.1).high));
  EXPECT_EQ(unknown_spread().around(5, 0.1).low, 0);
}

// Groups of one run, equal log_sd: the ceil((n + 1) 0.9)-th of n.
TEST(ConformalSpread, OfManyGroupsIsTheConformalQuantile) {
  for (const int n : {10, 19, 40}) {
    std::vector<Score> scores;
    for (int i = 1; i <= n; ++i) scores.push_back({i, (i % 2 == 0 ? 0.01 : -0.01) * i, 0});
    const ConformalSpread spread = calibrated_spread(scores, 0.9);
    const double kth = std::ceil((n + 1) * 0.9 - 1e-9);
    EXPECT_NEAR(spread.quantile * spread.floor, 0.01 * kth, 1e-9) << n;
    EXPECT_EQ(spread.runs, n);
    EXPECT_EQ(spread.groups, n);
  }
}

TEST(ConformalSpread, CountsEveryGroupAlike) {
  std::vector<Score> scores;
  for (int group = 0; group < 20; ++group) scores.push_back({group, 0.1, 0});
  const ConformalSpread alone = calibrated_spread(scores, 0.9);
  for (int i = 0; i < 500; ++i) scores.push_back({19, 0.9, 0});  // one group with many bad runs
  const ConformalSpread crowded = calibrated_spread(scores, 0.9);
  EXPECT_EQ(crowded.quantile, alone.quantile);
  EXPECT_EQ(crowded.floor, alone.floor);
}

TEST(ConformalSpread, OfFewGroupsIsStudents) {
  std::vector<Score> scores;
  for (int i = 0; i < 30; ++i) scores.push_back({i % 3, i % 2 == 0 ? 0.1 : -0.1, 0});
  const ConformalSpread spread = calibrated_spread(scores, 0.9);
  EXPECT_NEAR(spread.quantile * spread.floor, 2.3534 * 0.1, 1e-4);  // t of 3 degrees at 0.95
}

// Two networks in twelve are off by half; elsewhere log_sd is three times as large. The interval
// there is wider by what log_sd says, not by that times the odd networks' scores.
TEST(ConformalSpread, OddGroupsDoNotMultiplyLogSd) {
  std::vector<Score> scores;
  for (int i = 0; i < 12; ++i) scores.push_back({i, i < 2 ? 0.5 : 0.003, 0.004});
  const ConformalSpread spread = calibrated_spread(scores, 0.9);
  EXPECT_LE(spread.quantile, 1.645);
  EXPECT_NEAR(spread.around(1, 0.004).high, std::exp(0.5), 0.01);
  EXPECT_LT(spread.around(1, 0.012).high, std::exp(0.51));
}

TEST(ConformalSpread, OfOneGroupIsNone) {
  const Score scores[] = {{1, 0.1, 0}, {1, 0.2, 0}};
  EXPECT_TRUE(std::isinf(calibrated_spread(scores, 0.9).quantile));
  EXPECT_TRUE(std::isinf(calibrated_spread({}, 0.9).quantile));
}

TEST(ConformalSpread, WidensWhereThePredictorIsLessSure) {
  std::vector<Score> scores;
  for (int i = 0; i < 40; ++i) scores.push_back({i, 0.002 * i, 0.05});
  const ConformalSpread spread = calibrated_spread(scores, 0.9);
  EXPECT_GT(spread.around(1, 0.5).high, 2 * spread.around(1, 0.05).high - 1);
}

// Groups whose runs have an error in common, drawn anew: nine in ten new runs are inside, for few
// groups and for many.
TEST(ConformalSpread, CoversWhatItSays) {
  Random random(5);
  for (const int groups : {4, 8, 12, 40}) {
    int covered = 0;
    constexpr int kTrials = 2000;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<Score> scores;
      for (int group = 0; group <= groups; ++group) {
        const double common = 0.1 * random.normal();
        for (int run = 0; run < 3; ++run)
          scores.push_back({group, common + 0.05 * random.normal(), 0});
      }
      const double truth = std::exp(scores.back().log_error);
      scores.resize(scores.size() - 3);
      covered += calibrated_spread(scores, 0.9).around(1, 0).contains(truth) ? 1 : 0;
    }
    EXPECT_GT(covered, 0.87 * kTrials) << groups;
    EXPECT_LT(covered, 0.96 * kTrials) << groups;
  }
}

RC_GTEST_PROP(ConformalSpread, AnyScoresGiveAnIntervalAroundTheValue, ()) {
  std::vector<Score> scores;
  const int count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i)
    scores.push_back({*rc::gen::inRange(0, 15), *rc::gen::inRange(-3000, 3000) / 1000.0,
                      *rc::gen::inRange(0, 1000) / 1000.0});
  const Interval interval = calibrated_spread(scores, 0.9).around(2, 0.1);
  RC_ASSERT(interval.low >= 0 && interval.low <= 2 && interval.high >= 2);
}

}  // namespace
}  // namespace isojoule

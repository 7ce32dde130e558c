#include "trace/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

struct Pair {
  std::vector<ComparedRun> a, b;
};

// `blocks` with a common disturbance of 3 % and noise of 1 % of each run; A is `ratio` x B.
Pair study(Random& random, int blocks, double ratio, double gain = 0, double offset = 0) {
  Pair pair;
  for (int block = 0; block < blocks; ++block) {
    const double common = 100 * std::exp(0.03 * random.normal());
    const double a = ratio * common * std::exp(0.01 * random.normal());
    const double b = common * std::exp(0.01 * random.normal());
    pair.a.push_back({block, {a, gain * a, offset, 0, 0}});
    pair.b.push_back({block, {b, gain * b, offset, 0, 0}});
  }
  return pair;
}

// What is counted here is not the bootstrap's doing, which takes most of the time.
const ComparisonOptions kNoBootstrap = {.resamples = 1};

TEST(Comparison, ADifferenceIsShownInOneOfTwentyThatAreNone) {
  constexpr int kStudies = 2000;
  for (const int blocks : {3, 10}) {
    Random random(static_cast<std::uint64_t>(blocks));
    int paired = 0, welch = 0;
    for (int i = 0; i < kStudies; ++i) {
      const Pair pair = study(random, blocks, 1);
      paired += compare_settings(pair.a, pair.b, kNoBootstrap).verdict != Difference::not_shown;
      welch +=
          compare_settings(pair.a, study(random, blocks, 1).b, {.may_pair = false, .resamples = 1})
              .verdict != Difference::not_shown;
    }
    EXPECT_NEAR(100.0 * paired / kStudies, 5, 1.7) << blocks;
    EXPECT_NEAR(100.0 * welch / kStudies, 4.5, 1.8) << blocks;
  }
}

TEST(Comparison, TheIntervalHoldsTheTruthAndTheRealDifferenceShows) {
  constexpr int kStudies = 1000;
  Random random(5);
  int held = 0, less = 0;
  for (int i = 0; i < kStudies; ++i) {
    const Pair pair = study(random, 10, 0.96);
    const SettingComparison said = compare_settings(pair.a, pair.b, kNoBootstrap);
    held += said.percent_interval->contains(-4);
    less += said.verdict == Difference::less;
  }
  EXPECT_NEAR(100.0 * held / kStudies, 95, 2.5);
  EXPECT_EQ(less, kStudies);  // 4 % is nine standard errors
}

// What it says it would have seen, it sees in four of five studies.
TEST(Comparison, TheDetectableDifferenceIsSeenAsOftenAsItSays) {
  Random random(6);
  constexpr int kStudies = 2000;
  const double sigma = 0.01 * std::sqrt(2.0) / std::sqrt(8.0);  // true, of eight blocks
  const double size = std::expm1((2.3646 + 0.8960) * sigma);    // t(7) at 0.975 and 0.8
  int seen = 0;
  double told = 0;
  for (int i = 0; i < kStudies; ++i) {
    const Pair pair = study(random, 8, 1 + size);
    const SettingComparison said = compare_settings(pair.a, pair.b, kNoBootstrap);
    seen += said.verdict == Difference::more;
    told += *said.detectable_percent / kStudies;
  }
  EXPECT_NEAR(100.0 * seen / kStudies, 80, 4);
  EXPECT_NEAR(told, 100 * size, 0.1 * 100 * size);
}

TEST(Comparison, BlocksTakeAwayWhatTheyShare) {
  Random random(7);
  const Pair pair = study(random, 10, 0.98);
  const SettingComparison paired = compare_settings(pair.a, pair.b);
  const SettingComparison welch = compare_settings(pair.a, pair.b, {.may_pair = false});
  EXPECT_TRUE(paired.is_paired);
  EXPECT_FALSE(welch.is_paired);
  EXPECT_EQ(paired.verdict, Difference::less);
  EXPECT_LT(*paired.p, 0.1 * *welch.p);
  EXPECT_LT(2 * paired.random_percent, welch.random_percent);
  ASSERT_TRUE(paired.sign_p && paired.bca.bounds);
  EXPECT_LT(*paired.sign_p, 0.05);
  EXPECT_LT(paired.bca.bounds->high, 0);
}

// Ratios 1.02, 1.04, 1.06 of logarithms d: mean d +- t(2) s / sqrt(3).
TEST(Comparison, ByHand) {
  std::vector<ComparedRun> a, b;
  std::vector<double> logs;
  for (const double ratio : {1.02, 1.04, 1.06}) {
    a.push_back({static_cast<std::int64_t>(logs.size()), {50 * ratio}});
    b.push_back({static_cast<std::int64_t>(logs.size()), {50}});
    logs.push_back(std::log(ratio));
  }
  const SettingComparison said = compare_settings(a, b);
  const double half = 4.302652730 * deviation_of(logs) / std::sqrt(3.0);
  EXPECT_NEAR(said.percent, 100 * std::expm1(mean_of(logs)), 1e-9);
  EXPECT_NEAR(said.percent_interval->low, 100 * std::expm1(mean_of(logs) - half), 1e-6);
  EXPECT_NEAR(said.percent_interval->high, 100 * std::expm1(mean_of(logs) + half), 1e-6);
  EXPECT_NEAR(said.freedom, 2, 1e-9);
  EXPECT_DOUBLE_EQ(*said.sign_p, 2.0 / 8);  // all three have one sign
  EXPECT_FALSE(said.bca.bounds);
  EXPECT_EQ(said.blocks, 3);
}

TEST(Comparison, TheOtherWayRoundIsTheInverse) {
  Random random(8);
  const Pair pair = study(random, 6, 1.05, 0.01, 0.3);
  const SettingComparison one = compare_settings(pair.a, pair.b);
  const SettingComparison other = compare_settings(pair.b, pair.a);
  EXPECT_NEAR((1 + one.percent / 100) * (1 + other.percent / 100), 1, 1e-12);
  EXPECT_NEAR((1 + one.percent_interval->low / 100) * (1 + other.percent_interval->high / 100), 1,
              1e-12);
  EXPECT_NEAR(*one.p, *other.p, 1e-12);
}

TEST(Comparison, TheGainCancelsOnOneSensorOnly) {
  Random random(9);
  const Pair without = study(random, 6, 1.05);
  Pair with = without;
  for (auto* side : {&with.a, &with.b})
    for (ComparedRun& run : *side) run.value.gain = 0.02 * run.value.value;
  const auto plain = compare_settings(without.a, without.b);
  const auto same = compare_settings(with.a, with.b);
  const auto other = compare_settings(with.a, with.b, {.one_sensor = false});
  EXPECT_NEAR(same.percent_interval->low, plain.percent_interval->low, 1e-9);
  EXPECT_NEAR(same.gain_percent, 2, 1e-9);
  EXPECT_NEAR(other.systematic_percent, 1.05 * 2 * std::sqrt(2.0), 0.05);
  EXPECT_LT(other.percent_interval->low, plain.percent_interval->low - 3);
  // Joules are wider by the gain even so.
  EXPECT_GT(same.difference_interval->high - same.difference_interval->low,
            plain.difference_interval->high - plain.difference_interval->low);
}

TEST(Comparison, TheOffsetCountsByTheDifferenceOfItsShares) {
  std::vector<ComparedRun> a, b;
  for (int block = 0; block < 4; ++block) {
    a.push_back({block, {100 + 0.1 * block, 0, 1, 0, 0}});
    b.push_back({block, {200 + 0.1 * block, 0, 1, 0, 0}});
  }
  const SettingComparison said = compare_settings(a, b);
  EXPECT_NEAR(said.systematic_percent, 100 * 0.5 * (1 / 100.15 - 1 / 200.15), 1e-3);
}

TEST(Comparison, WhatTheReadingsAdmitIsTheLeastUncertainty) {
  std::vector<ComparedRun> a, b;
  for (int block = 0; block < 4; ++block) {
    a.push_back({block, {100 + 0.001 * block, 0, 0, 0, 1}});
    b.push_back({block, {100.5 - 0.001 * block, 0, 0, 0, 1}});
  }
  const SettingComparison said = compare_settings(a, b);
  EXPECT_NEAR(said.random_percent, 100 * 0.01 * std::sqrt(2.0) / 2, 0.01);
  EXPECT_EQ(said.verdict, Difference::not_shown);
}

TEST(Comparison, BlocksWithOnlyOneAreLeftOutAndCounted) {
  Random random(10);
  Pair pair = study(random, 6, 1.1);
  pair.a.erase(pair.a.begin() + 2);
  pair.a.push_back({0, {110}});  // a second run in block 0
  const SettingComparison said = compare_settings(pair.a, pair.b);
  EXPECT_TRUE(said.is_paired);
  EXPECT_EQ(said.blocks, 5);
  EXPECT_EQ(said.left_out, 1);
  EXPECT_EQ(said.first_runs, 6);
  EXPECT_EQ(said.second_runs, 5);
}

TEST(Comparison, WhatCannotBeSaidIsNotSaid) {
  const std::vector<ComparedRun> one = {{0, {10}}}, other = {{0, {11}}}, negative = {{0, {-1}}};
  EXPECT_EQ(compare_settings({}, other).verdict, Difference::unknown);
  const SettingComparison single = compare_settings(one, other);
  EXPECT_EQ(single.verdict, Difference::unknown);
  EXPECT_FALSE(single.percent_interval);
  EXPECT_NE(single.reason, "");
  EXPECT_NEAR(single.percent, -100.0 / 11, 1e-9);  // the plain ratio is told
  EXPECT_EQ(compare_settings(negative, other).verdict, Difference::unknown);
  std::vector<ComparedRun> a, b;
  for (int block = 0; block < 5; ++block) {
    a.push_back({block, {10}});
    b.push_back({block, {11}});
  }
  EXPECT_EQ(compare_settings(a, b).verdict, Difference::unknown);  // not a digit of spread
}

TEST(HoldsTogether, IsHolms) {
  using P = std::optional<double>;
  const std::vector<P> p = {0.01, 0.04, std::nullopt, 0.013, 0.2};
  // 0.01 <= 0.05/4, 0.013 <= 0.05/3, 0.04 > 0.05/2.
  const std::vector<bool> expected = {true, false, false, true, false};
  EXPECT_EQ(holds_together(p), expected);
}

}  // namespace
}  // namespace isojoule

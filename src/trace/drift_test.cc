#include "trace/drift.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

// A study of `settings` in randomised blocks: levels that differ by a factor of ten, noise of 1 %,
// and `drift(share of the study gone)` as a factor.
template <typename Drift>
std::vector<DriftObservation> study(std::uint64_t seed, int settings, int blocks, Drift drift,
                                    bool has_time = true) {
  Random random(seed);
  std::vector<DriftObservation> runs;
  for (int block = 0; block < blocks; ++block) {
    std::vector<int> order(static_cast<std::size_t>(settings));
    for (int i = 0; i < settings; ++i) order[static_cast<std::size_t>(i)] = i;
    random.shuffle(order);
    for (const int setting : order) {
      const auto n = static_cast<std::int64_t>(runs.size());
      const double gone = static_cast<double>(n) / (settings * blocks - 1);
      const double level = 10 * std::pow(10, static_cast<double>(setting) / settings);
      runs.push_back({static_cast<std::size_t>(setting), block, n,
                      has_time ? std::optional(60.0 * static_cast<double>(n)) : std::nullopt,
                      level * (1 + 0.01 * random.normal()) * drift(gone)});
    }
  }
  return runs;
}

double none(double) { return 1; }

TEST(Drift, CriesWolfInOneOfTwentyQuietStudies) {
  constexpr int kStudies = 1000;
  for (const auto& [settings, blocks] : {std::pair{7, 5}, {3, 10}, {30, 3}}) {
    int shown = 0;
    for (int i = 0; i < kStudies; ++i)
      shown += find_drift(study(static_cast<std::uint64_t>(i), settings, blocks, none),
                          {.permutations = 199})
                   .shown;
    EXPECT_NEAR(100.0 * shown / kStudies, 5, 2.1) << settings << " x " << blocks;
  }
}

TEST(Drift, NoneIsFoundInHeavyTailsEither) {
  int shown = 0;
  constexpr int kStudies = 500;
  for (int i = 0; i < kStudies; ++i) {
    auto runs = study(1000 + static_cast<std::uint64_t>(i), 6, 6, none);
    Random random(static_cast<std::uint64_t>(i));
    for (auto& run : runs)
      if (random.below(10) == 0) run.value *= 1.5;
    shown += find_drift(runs, {.permutations = 199}).shown;
  }
  EXPECT_NEAR(100.0 * shown / kStudies, 5, 3);
}

TEST(Drift, ATrendIsFoundWithItsSize) {
  int found = 0, covered = 0;
  constexpr int kStudies = 100;
  for (int i = 0; i < kStudies; ++i) {
    const DriftTest test = find_drift(
        study(static_cast<std::uint64_t>(i), 7, 6, [](double gone) { return 1 + 0.03 * gone; }),
        {.permutations = 499});
    found += test.shown;
    covered += test.trend_interval.contains(3 / 1.015);  // of the median level, in the middle
  }
  EXPECT_GE(found, 95);
  EXPECT_GE(covered, 85);
  const DriftTest test = find_drift(study(1, 40, 10, [](double gone) { return 1 + 0.03 * gone; }));
  EXPECT_TRUE(test.shown);
  EXPECT_FALSE(test.is_jump);
  EXPECT_NEAR(test.trend_percent, 3, 0.5);
  ASSERT_TRUE(test.hours && test.trend_percent_per_hour);
  EXPECT_NEAR(*test.hours, 399.0 / 60, 1e-9);
  EXPECT_NEAR(*test.trend_percent_per_hour, test.trend_percent / *test.hours, 1e-12);
}

TEST(Drift, AJumpIsFoundWhereItWas) {
  const auto jump = [](double gone) { return gone > 0.6 ? 1.02 : 1; };
  const DriftTest test = find_drift(study(2, 30, 10, jump));
  EXPECT_TRUE(test.shown);
  EXPECT_TRUE(test.is_jump);
  EXPECT_NEAR(test.jump_percent, 2, 0.4);
  EXPECT_NEAR(static_cast<double>(test.jump_sequence), 0.6 * 300, 8);
  EXPECT_NEAR(static_cast<double>(test.jump_block), 6, 1);
}

TEST(Drift, OneWildRunIsNoDrift) {
  auto runs = study(3, 7, 6, none);
  ASSERT_FALSE(find_drift(runs).shown);
  runs.back().value *= 50;
  EXPECT_FALSE(find_drift(runs).shown);
}

TEST(Drift, TheOrderOfTheListAndTheUnitDoNotMatter) {
  auto runs = study(4, 7, 5, [](double gone) { return 1 + 0.01 * gone; });
  const DriftTest before = find_drift(runs);
  Random random(1);
  random.shuffle(runs);
  for (auto& run : runs) run.value *= 1000;
  const DriftTest after = find_drift(runs);
  EXPECT_NEAR(after.trend_percent, before.trend_percent, 1e-9);
  EXPECT_NEAR(after.p, before.p, 1e-12);
}

TEST(Drift, AClockThatBeganAnewGivesNoPercentPerHour) {
  auto runs = study(5, 7, 5, none);
  runs[20].time_s = 0;
  const DriftTest test = find_drift(runs);
  EXPECT_FALSE(test.hours);
  EXPECT_FALSE(test.trend_percent_per_hour);
  EXPECT_FALSE(find_drift(study(5, 7, 5, none, false)).hours);
}

TEST(Drift, TooFewRunsAreSaid) {
  EXPECT_NE(find_drift({}).why_absent, "");
  EXPECT_NE(find_drift(study(6, 20, 1, none)).why_absent, "");
  EXPECT_NE(find_drift(study(6, 3, 2, none)).why_absent, "");  // 8 orders
  EXPECT_EQ(find_drift(study(6, 8, 2, none)).why_absent, "");
}

TEST(Drift, EqualValuesShowNone) {
  std::vector<DriftObservation> runs;
  for (int i = 0; i < 40; ++i) runs.push_back({static_cast<std::size_t>(i % 8), i / 8, i, {}, 5});
  const DriftTest test = find_drift(runs);
  EXPECT_FALSE(test.shown);
  EXPECT_EQ(test.p, 1);
  EXPECT_EQ(test.trend_percent, 0);
}

TEST(Drift, SoManyPairsThatSomeAreDrawn) {
  const DriftTest test = find_drift(study(7, 1, 2500, [](double gone) { return 1 + 0.01 * gone; }),
                                    {.permutations = 99});
  EXPECT_TRUE(test.shown);
  EXPECT_NEAR(test.trend_percent, 1, 0.25);
}

}  // namespace
}  // namespace isojoule

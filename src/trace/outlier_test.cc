#include "trace/outlier.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace isojoule {
namespace {

std::vector<double> normals(Random& random, std::size_t count) {
  std::vector<double> values(count);
  for (double& value : values) value = 100 + random.normal();
  return values;
}

TEST(Outlier, IsNamedWithItsPlace) {
  const std::vector<double> values = {10, 10.1, 9.9, 10.05, 9.95, 10.02, 14};
  const Outliers outliers = find_outliers(values);
  ASSERT_EQ(outliers.found.size(), 1U);
  EXPECT_EQ(outliers.found[0].place, 6U);
  EXPECT_GT(outliers.found[0].score, 20);
}

TEST(Outlier, TwoDoNotHideEachOther) {
  Random random(4);
  std::vector<double> values = normals(random, 10);
  values[2] = 130;
  values[7] = 131;
  const Outliers outliers = find_outliers(values);
  ASSERT_EQ(outliers.found.size(), 2U);
  EXPECT_EQ(outliers.found[1].place, 7U);
}

TEST(Outlier, QuietListsNameOneInAHundred) {
  constexpr int kLists = 20'000;
  for (const std::size_t size : {5, 6, 9, 10, 17, 30}) {
    Random random(size);
    int named = 0;
    for (int i = 0; i < kLists; ++i)
      named += find_outliers(normals(random, size)).found.empty() ? 0 : 1;
    EXPECT_NEAR(100.0 * named / kLists, 1, 0.35) << size;
  }
}

TEST(Outlier, TheThresholdIsDefinedForEverySize) {
  for (std::size_t size = 1; size < 3000; ++size) {
    EXPECT_GE(outlier_threshold(size), 4.2) << size;
    EXPECT_LE(outlier_threshold(size), 18.7) << size;
  }
}

TEST(Outlier, IsNotSoughtAmongFewOrEqualValues) {
  EXPECT_NE(find_outliers(std::vector{1.0, 1.0, 1.0, 9.0}).why_not_sought, "");
  const Outliers equal = find_outliers(std::vector{1.0, 1.0, 1.0, 1.0, 9.0});
  EXPECT_TRUE(equal.found.empty());
  EXPECT_NE(equal.why_not_sought, "");
}

TEST(Outlier, WhatTheReadingMayBeWrongByMakesNone) {
  const std::vector<double> values = {10, 10.001, 9.999, 10.0005, 9.9995, 10.5};
  EXPECT_EQ(find_outliers(values).found.size(), 1U);
  EXPECT_TRUE(find_outliers(values, 0.2).found.empty());
}

}  // namespace
}  // namespace isojoule

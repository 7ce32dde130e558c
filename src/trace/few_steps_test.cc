#include "trace/few_steps.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <cmath>
#include <limits>

namespace isojoule {
namespace {

double sum_of(const std::map<double, double>& shares, bool weighted) {
  double sum = 0;
  for (const auto& [value, share] : shares) sum += weighted ? value * share : share;
  return sum;
}

TEST(FewSteps, AClockThatIsSetStaysAsItIs) {
  std::map<double, double> shares;
  for (int i = 0; i < 64; ++i) shares[1e6 * i] = 100.0 / 64;
  EXPECT_EQ(few_steps(shares), shares);
  EXPECT_TRUE(few_steps({}).empty());
}

RC_GTEST_PROP(FewSteps, MeanSpanAndSumStay, ()) {
  std::map<double, double> shares;
  for (const int value : *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(-9999, 9999)))
    shares[value * 0.37] += *rc::gen::inRange(1, 50);
  const auto few = few_steps(shares);
  RC_ASSERT(shares.size() <= kMostSteps || few.size() <= kStepBins + 2);
  RC_ASSERT(few.begin()->first == shares.begin()->first);
  RC_ASSERT(few.rbegin()->first == shares.rbegin()->first);
  RC_ASSERT(std::abs(sum_of(few, false) - sum_of(shares, false)) < 1e-6);
  RC_ASSERT(std::abs(sum_of(few, true) - sum_of(shares, true)) < 1e-4);
}

TEST(FewSteps, WhatHasNoWidthIsEmpty) {
  std::map<double, double> shares = {{std::numeric_limits<double>::infinity(), 1}};
  for (int i = 0; i < 100; ++i) shares[i] = 1;
  EXPECT_TRUE(few_steps(shares).empty());
}

}  // namespace
}  // namespace isojoule

#include "trace/statistic.h"

#include <gtest/gtest.h>

#include <limits>

namespace isojoule {
namespace {

// JCGM 100:2008, table G.2, columns 95 %, 95.45 % and 99 %.
TEST(Student, IsTheTableOfTheGuide) {
  EXPECT_NEAR(student_t(0.95, 1), 12.71, 0.005);
  EXPECT_NEAR(student_t(kCoverage, 1), 13.97, 0.005);
  EXPECT_NEAR(student_t(0.95, 4), 2.78, 0.005);
  EXPECT_NEAR(student_t(kCoverage, 4), 2.87, 0.005);
  EXPECT_NEAR(student_t(kCoverage, 9), 2.32, 0.005);
  EXPECT_NEAR(student_t(0.99, 9), 3.25, 0.005);
  EXPECT_NEAR(student_t(kCoverage, 100), 2.025, 0.0006);
}

TEST(Student, BecomesTheNormalDistribution) {
  EXPECT_NEAR(student_t(kCoverage, std::numeric_limits<double>::infinity()), 2, 1e-9);
  EXPECT_NEAR(student_t(kCoverage, 1e6), 2, 1e-4);
  EXPECT_GT(student_t(kCoverage, 1e5), 2);
}

TEST(Student, FallsWithTheDegreesOfFreedom) {
  double before = std::numeric_limits<double>::infinity();
  for (double degrees = 1; degrees < 200; degrees *= 1.3) {
    const double t = student_t(0.95, degrees);
    EXPECT_LT(t, before) << degrees;
    before = t;
  }
}

}  // namespace
}  // namespace isojoule

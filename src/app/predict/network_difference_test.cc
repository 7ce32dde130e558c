#include "app/predict/network_difference.h"

#include <gtest/gtest.h>

#include "app/predict/fake_model.h"

namespace isojoule {
namespace {

const OperatingPoint kPoint{1000e6, 400e6, 0, 0};

NetworkDifference against(const std::vector<double>& a, const std::vector<double>& b,
                          const EnergyModel& model) {
  return difference_of(answer_of(model, fake::made_up_network(a), kPoint),
                       answer_of(model, fake::made_up_network(b), kPoint));
}

TEST(NetworkDifference, ALargeOneIsShownASmallOneIsNot) {
  const EnergyModel model = fake::closed_form_model(5);
  const NetworkDifference large = against({100, 40}, {20, 8}, model);
  EXPECT_LT(large.ratio, 0.3);
  EXPECT_TRUE(large.is_shown());
  EXPECT_LT(large.difference_j, 0);
  const NetworkDifference small = against({100, 40}, {100, 38}, model);
  EXPECT_LT(small.ratio, 1);
  EXPECT_FALSE(small.is_shown());
}

TEST(NetworkDifference, HalfWidthsAddInQuadrature) {
  const EnergyModel model = fake::closed_form_model(5);
  const NetworkDifference one = against({100}, {100}, model);
  EXPECT_DOUBLE_EQ(one.ratio, 1);
  EXPECT_NEAR(std::log(one.ratio_90.high), std::sqrt(2.0) * std::log(1.05), 1e-9);
  EXPECT_NEAR(one.ratio_90.low * one.ratio_90.high, 1, 1e-9);
  ASSERT_TRUE(one.time_ratio && one.time_ratio_90);
  EXPECT_NEAR(*one.time_ratio, 1, 1e-12);
}

TEST(NetworkDifference, WithoutIntervalsNothingIsShown) {
  EnergyModel model = fake::closed_form_model();
  model.network_energy.quantile = INFINITY;
  model.why_no_interval = "too few groups";
  const NetworkDifference one = against({1000}, {1}, model);
  EXPECT_FALSE(one.is_shown());
  EXPECT_LT(one.ratio, 1);
}

}  // namespace
}  // namespace isojoule

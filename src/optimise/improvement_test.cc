#include "optimise/improvement.h"

#include <gtest/gtest.h>

#include <cmath>

namespace isojoule {
namespace {

LogView view_of(float mean, float sd) {
  return {Eigen::VectorXf::Constant(1, mean), Eigen::VectorXf::Constant(1, sd)};
}

TEST(Improvement, IsTheIntegralOverTheNormal) {
  EXPECT_NEAR(double{expected_improvement(view_of(0, 1), 0)[0]}, 0.398942, 1e-5);  // 1 / sqrt(2 pi)
  // By numbers: E[max(0, 0.3 - x)] of x ~ N(0.5, 0.2).
  double sum = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = -1.5 + 4.0 * (i + 0.5) / 200000;
    sum += std::max(0.0, 0.3 - x) * normal_density((x - 0.5) / 0.2) / 0.2 * 4.0 / 200000;
  }
  EXPECT_NEAR(double{expected_improvement(view_of(0.5F, 0.2F), 0.3)[0]}, sum, 1e-5);
  EXPECT_EQ(expected_improvement(view_of(5, 0.1F), 0)[0], 0.0F);
}

TEST(Improvement, ACostOfSeveralMetricsHasTheirDoubtsTogether) {
  const Goal goal{*CostFunction::parse("edp"), {}};
  const LogView cost =
      cost_view(goal, {view_of(std::log(2.0F), 0.03F), view_of(std::log(0.1F), 0.04F)});
  EXPECT_NEAR(double{cost.mean[0]}, std::log(0.2), 1e-5);
  EXPECT_NEAR(double{cost.sd[0]}, 0.05, 1e-4);
}

TEST(Improvement, ALimitAtTheMeanIsMetHalfOfTheTime) {
  const Goal goal{*CostFunction::parse("energy"),
                  {*parse_limit("latency<33ms"), *parse_limit("power<15W")}};
  const MetricViews views = {view_of(0, 0.1F), view_of(std::log(0.033F), 0.1F),
                             view_of(std::log(15.0F), 0.1F)};
  EXPECT_NEAR(double{probability_met(goal, views)[0]}, 0.25, 1e-4);
}

}  // namespace
}  // namespace isojoule

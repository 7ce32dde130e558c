#include "predict/regression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "trace/statistic.h"

namespace isojoule {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// y = exp(a) u + exp(b) w, u and w of 60 rows; w in proportion to u where it is told to be.
LogProblem two_costs(double a, double b, double noise, std::uint64_t seed, bool collinear = false) {
  Random random(seed);
  VectorXd u(60), w(60);
  LogProblem problem;
  problem.log_measured.resize(60);
  for (Index i = 0; i < 60; ++i) {
    u[i] = std::exp(2 * random.normal());
    w[i] = collinear ? 2 * u[i] : std::exp(2 * random.normal());
    problem.log_measured[i] =
        std::log(std::exp(a) * u[i] + std::exp(b) * w[i]) + noise * random.normal();
  }
  problem.priors = {{0, 3}, {0, 3}};
  problem.model = [u, w](const VectorXd& theta, VectorXd& model, MatrixXd* jacobian) {
    const VectorXd x = std::exp(theta[0]) * u, y = std::exp(theta[1]) * w, sum = x + y;
    model = sum.array().log();
    if (jacobian == nullptr) return;
    jacobian->col(0) = x.cwiseQuotient(sum);
    jacobian->col(1) = y.cwiseQuotient(sum);
  };
  return problem;
}

RC_GTEST_PROP(Regression, FindsTheCostsWithinAFewDeviations, ()) {
  const double a = *rc::gen::inRange(-200, 200) / 100.0, b = *rc::gen::inRange(-200, 200) / 100.0;
  const auto seed = *rc::gen::inRange<std::uint64_t>(1, 1000);
  const LogProblem problem = two_costs(a, b, 0.02, seed);
  const LogFit fit = fit_logs(problem, {prior_start(problem.priors)});
  RC_ASSERT(std::abs(fit.theta[0] - a) < 0.05 + 6 * std::sqrt(fit.covariance(0, 0)));
  RC_ASSERT(std::abs(fit.theta[1] - b) < 0.05 + 6 * std::sqrt(fit.covariance(1, 1)));
}

// 90 % intervals hold the truth in about 90 of 100 samples of noise.
TEST(Regression, IntervalsHoldTheTruthAboutAsOftenAsTheySay) {
  int held = 0;
  constexpr int samples = 200;
  for (int i = 0; i < samples; ++i) {
    const LogProblem problem = two_costs(0.5, -0.5, 0.05, static_cast<std::uint64_t>(i + 1));
    const FittedVector fitted(fit_logs(problem, {prior_start(problem.priors)}));
    held += std::abs(fitted.theta[0] - 0.5) <= fitted.half_width(0) ? 1 : 0;
  }
  EXPECT_GE(held, samples * 84 / 100);
  EXPECT_LE(held, samples * 97 / 100);
}

TEST(Regression, CollinearCostsAreNotLearned) {
  const LogProblem problem = two_costs(0, 0, 0.01, 3, true);
  const LogFit fit = fit_logs(problem, {prior_start(problem.priors)});
  // Their sum is; neither of the two is.
  EXPECT_NEAR(std::log(std::exp(fit.theta[0]) + 2 * std::exp(fit.theta[1])), std::log(3.0), 0.02);
  EXPECT_GT(fit.covariance.diagonal().minCoeff(), 0.3);
  EXPECT_GT(FittedVector(fit).half_width(0), 0.7);  // a factor of two
}

TEST(Regression, AHeldParameterStays) {
  LogProblem problem = two_costs(0, 1, 0.01, 3);
  problem.priors[1] = {1, 0};
  const LogFit fit = fit_logs(problem, {VectorXd::Zero(2)});
  EXPECT_EQ(fit.theta[1], 1);
  EXPECT_EQ(fit.covariance(1, 1), 0);
  EXPECT_NEAR(fit.theta[0], 0, 0.05);
}

TEST(Regression, GroupsThatErrTogetherWidenTheInterval) {
  LogProblem problem = two_costs(0, 0, 0.0, 3);
  Random random(7);
  for (Index i = 0; i < 60; ++i) problem.groups.push_back(static_cast<int>(i / 10));
  for (int group = 0; group < 6; ++group) {
    const double off = 0.1 * random.normal();
    for (Index i = 10 * group; i < 10 * group + 10; ++i) problem.log_measured[i] += off;
  }
  const LogFit grouped = fit_logs(problem, {prior_start(problem.priors)});
  problem.groups.clear();
  const LogFit alone = fit_logs(problem, {prior_start(problem.priors)});
  EXPECT_EQ(grouped.degrees, 5);
  EXPECT_GT(grouped.covariance.trace(), 1.5 * alone.covariance.trace());
}

// Tables of Student's t, one-sided 95 %.
TEST(Regression, QuantilesOfStudentsT) {
  EXPECT_NEAR(student_t(0.9, 1), 6.314, 1e-3);
  EXPECT_NEAR(student_t(0.9, 6), 1.943, 2e-3);
  EXPECT_NEAR(student_t(0.9, 10), 1.812, 1e-3);
  EXPECT_NEAR(student_t(0.9, 30), 1.697, 1e-3);
  EXPECT_NEAR(student_t(0.9, 100000), 1.645, 1e-3);
}

TEST(Regression, AStoredVectorOfAnotherLengthIsRefused) {
  const LogProblem problem = two_costs(0, 0, 0.01, 3);
  const nlohmann::json stored =
      to_json(FittedVector(fit_logs(problem, {prior_start(problem.priors)})));
  EXPECT_TRUE(fitted_vector(JsonAt(stored, "x"), 2));
  const auto wrong = fitted_vector(JsonAt(stored, "x"), 3);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::parse);
  nlohmann::json negative = stored;
  negative["degrees"] = -1;
  EXPECT_FALSE(fitted_vector(JsonAt(negative, "x"), 2));
}

}  // namespace
}  // namespace isojoule

#include "predict/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>

#include "base/random.h"
#include "predict/json_at.h"

namespace isojoule {
namespace {

using Eigen::Index;

// y = 0.5 sin(2 x0), x1 without effect, groups of three, noise 0.02.
GaussianData wave(Index rows) {
  Random random(3);
  GaussianData data;
  data.inputs.resize(rows, 2);
  data.outputs.resize(rows);
  for (Index i = 0; i < rows; ++i) {
    data.inputs(i, 0) = 4 * random.uniform() - 2;
    data.inputs(i, 1) = 4 * random.uniform() - 2;
    data.outputs[i] = 0.5 * std::sin(2 * data.inputs(i, 0)) + 0.02 * random.normal();
    data.groups.push_back(static_cast<int>(i / 3));
  }
  return data;
}

// One row: everything is a quotient of two numbers (2.25, 2.26).
TEST(GaussianProcess, OneRowIsDoneByHand) {
  GaussianData data;
  data.inputs = Eigen::MatrixXd::Zero(1, 1);
  data.outputs = Eigen::VectorXd::Constant(1, 0.3);
  data.groups = {0};
  const auto process = GaussianProcess::make(data, {0.5, 0.2, 0.1, {1}});
  ASSERT_TRUE(process.has_value());
  const double k = 0.25 * std::exp(-0.5), total = 0.25 + 0.04 + 0.01;
  const double at[] = {1.0};
  EXPECT_NEAR(process->mean(at), k / total * 0.3, 1e-12);
  EXPECT_NEAR(process->deviation(at), std::sqrt(0.25 - k * k / total + 0.05), 1e-12);
  const double likelihood =
      -0.5 * 0.09 / total - 0.5 * std::log(total) - 0.5 * std::log(2 * std::numbers::pi);
  EXPECT_NEAR(log_marginal_likelihood(data, process->kernel(), nullptr), likelihood, 1e-12);
}

TEST(GaussianProcess, TheSlopeIsThatOfTheLikelihood) {
  const GaussianData data = wave(12);
  const std::vector<double> logs = {-1.0, -2.0, -2.5, 0.3, 0.8};
  const auto at = [&](const std::vector<double>& x, Eigen::VectorXd* slope) {
    return log_marginal_likelihood(
        data, {std::exp(x[0]), std::exp(x[1]), std::exp(x[2]), {std::exp(x[3]), std::exp(x[4])}},
        slope);
  };
  Eigen::VectorXd slope;
  at(logs, &slope);
  for (std::size_t i = 0; i < logs.size(); ++i) {
    std::vector<double> up = logs, down = logs;
    up[i] += 1e-5;
    down[i] -= 1e-5;
    const double difference = (at(up, nullptr) - at(down, nullptr)) / 2e-5;
    EXPECT_NEAR(slope[static_cast<Index>(i)], difference, 1e-4 * (1 + std::abs(difference)));
  }
}

TEST(GaussianProcess, LearnsAWaveAndWhichInputMatters) {
  const auto process = GaussianProcess::fit(wave(90));
  ASSERT_TRUE(process.has_value());
  for (double x = -1.5; x <= 1.5; x += 0.25) {
    const double at[] = {x, 0.5};
    EXPECT_NEAR(process->mean(at), 0.5 * std::sin(2 * x), 0.06) << x;
  }
  EXPECT_GT(process->kernel().lengths[1], 2 * process->kernel().lengths[0]);
}

TEST(GaussianProcess, FarAwayItIsThePrior) {
  const auto process = GaussianProcess::fit(wave(60));
  ASSERT_TRUE(process.has_value());
  const double far[] = {500.0, 0.0}, near[] = {0.0, 0.0};
  EXPECT_NEAR(process->mean(far), 0, 1e-12);
  EXPECT_GT(process->deviation(far), process->deviation(near));
}

TEST(GaussianProcess, RowsAreBoundedAndSpread) {
  const auto process = GaussianProcess::fit(wave(700));
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process->size(), GaussianProcess::kMostRows);
  const std::vector<Index> order = farthest_first(wave(50).inputs, 50);
  EXPECT_EQ(std::set<Index>(order.begin(), order.end()).size(), 50u);
  Eigen::MatrixXd line(5, 1);
  line << 0, 1, 2, 3, 10;
  EXPECT_EQ(farthest_first(line, 3), (std::vector<Index>{3, 4, 0}));
  EXPECT_EQ(farthest_first(Eigen::MatrixXd::Zero(4, 2), 9).size(), 4u);
}

TEST(GaussianProcess, AStoredOneIsTheSame) {
  const auto process = GaussianProcess::fit(wave(30));
  ASSERT_TRUE(process.has_value());
  const auto state = nlohmann::json::parse(process->state().dump());
  const auto loaded = GaussianProcess::load(JsonAt(state, "state"), 2);
  ASSERT_TRUE(loaded.has_value()) << to_string(loaded.error());
  const double at[] = {0.3, -0.2};
  EXPECT_EQ(loaded->mean(at), process->mean(at));
  EXPECT_EQ(loaded->deviation(at), process->deviation(at));
  EXPECT_FALSE(GaussianProcess::load(JsonAt(state, "state"), 3).has_value());
  for (const char* key : {"signal", "group", "noise", "lengths", "inputs", "outputs", "groups"}) {
    auto broken = state;
    broken[key] = -1;
    const auto refused = GaussianProcess::load(JsonAt(broken, "state"), 2);
    ASSERT_FALSE(refused.has_value()) << key;
    EXPECT_EQ(refused.error().kind, ErrorKind::parse) << key;
  }
}

}  // namespace
}  // namespace isojoule

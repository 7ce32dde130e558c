#include "optimise/point_process.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "base/random.h"

namespace isojoule {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

SearchSpace mixed_space() {
  return *SearchSpace::grid({{"cpu_frequency", {1e8, 2e8, 5e8, 1e9}},
                             {"gpu_frequency", {1e8, 3e8, 9e8}},
                             {"precision", {"fp16", "fp32", "int8"}, false}});
}

struct Drawn {
  std::vector<GridPoint> points;
  VectorXd values;
};

Drawn draw_runs(const SearchSpace& space, int count, std::uint64_t seed) {
  Random random(seed);
  Drawn drawn{{}, VectorXd(count)};
  for (int i = 0; i < count; ++i) {
    drawn.points.push_back(
        static_cast<GridPoint>(random.below(static_cast<std::uint64_t>(space.size()))));
    drawn.values[i] = random.normal();
  }
  return drawn;
}

MatrixXd covariance_of(const SearchSpace& space, const PointKernel& kernel,
                       const std::vector<GridPoint>& a, const std::vector<GridPoint>& b) {
  const KernelTables tables(space, kernel);
  MatrixXd found(a.size(), b.size());
  for (Eigen::Index i = 0; i < found.rows(); ++i)
    for (Eigen::Index j = 0; j < found.cols(); ++j)
      found(i, j) = tables.between(a[static_cast<std::size_t>(i)], b[static_cast<std::size_t>(j)]);
  return found;
}

constexpr double kNoise = 0.05;
const PointKernel kKernel = {.signal = 0.8, .lengths = {0.7, 1.3, 1}, .words = 0.4};

TEST(PointProcess, OneAfterAnotherGivesWhatTheFormulasGiveAtOnce) {
  const SearchSpace space = mixed_space();
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const Drawn drawn = draw_runs(space, 20, seed);  // some points more than once
    PointProcess process(space, kKernel, kNoise);
    for (std::size_t i = 0; i < drawn.points.size(); ++i)
      process.add(drawn.points[i], drawn.values[static_cast<Eigen::Index>(i)]);
    std::vector<GridPoint> all;
    for (GridPoint p = 0; p < space.size(); ++p) all.push_back(p);
    MatrixXd own = covariance_of(space, kKernel, drawn.points, drawn.points);
    own.diagonal().array() += kNoise * kNoise;
    const MatrixXd cross = covariance_of(space, kKernel, drawn.points, all);
    const MatrixXd solved = own.ldlt().solve(cross);
    const VectorXd mean = solved.transpose() * drawn.values;
    EXPECT_LT((process.mean().cast<double>() - mean).cwiseAbs().maxCoeff(), 2e-3);
    for (GridPoint p = 0; p < space.size(); ++p) {
      const double variance = 0.8 * 0.8 - cross.col(p).dot(solved.col(p));
      EXPECT_NEAR(double{process.variance()[p]}, variance, 1e-4);
    }
    EXPECT_NEAR(process.log_likelihood(),
                log_likelihood(space, kKernel, kNoise, drawn.points, drawn.values), 1e-3);
  }
}

TEST(PointProcess, ADensityLeftOutIsThatOfAProcessWhichWasNotShownTheRun) {
  const SearchSpace space = mixed_space();
  const Drawn drawn = draw_runs(space, 9, 7);
  PointProcess whole(space, kKernel, kNoise);
  for (std::size_t i = 0; i < 9; ++i)
    whole.add(drawn.points[i], drawn.values[static_cast<Eigen::Index>(i)]);
  const VectorXd left_out = whole.left_out();
  for (std::size_t i = 0; i < 9; ++i) {
    PointProcess others(space, kKernel, kNoise);
    for (std::size_t j = 0; j < 9; ++j)
      if (j != i) others.add(drawn.points[j], drawn.values[static_cast<Eigen::Index>(j)]);
    const GridPoint p = drawn.points[i];
    const double variance = double{others.variance()[p]} + kNoise * kNoise;
    const double apart = drawn.values[static_cast<Eigen::Index>(i)] - double{others.mean()[p]};
    const double density = -0.5 * apart * apart / variance - 0.5 * std::log(2 * M_PI * variance);
    EXPECT_NEAR(left_out[static_cast<Eigen::Index>(i)], density, 2e-2 * (1 + std::abs(density)));
  }
}

TEST(PointProcess, TheSamePointManyTimesLeavesANumber) {
  const SearchSpace space = mixed_space();
  PointProcess process(space, kKernel, 0.003);
  for (int i = 0; i < 200; ++i) process.add(5, 1.0 + 0.001 * (i % 3));
  EXPECT_NEAR(double{process.mean()[5]}, 1.001, 1e-3);
  EXPECT_GT(process.variance()[5], 0.0F);
  EXPECT_TRUE(process.mean().allFinite());
}

TEST(LearnKernel, FindsWhichAxisMattersAndNeverALessLikelyKernel) {
  const SearchSpace space = mixed_space();
  Random random(3);
  std::vector<GridPoint> points;
  VectorXd values(24);
  for (int i = 0; i < 24; ++i) {
    points.push_back(static_cast<GridPoint>(random.below(36)));
    const Setting setting = space.setting(points.back());
    values[i] = std::log(*setting.number("gpu_frequency") / 9e8) + 0.01 * random.normal();
  }
  values.array() -= values.mean();
  PointKernel from{.signal = 0.5, .lengths = {1, 1, 1}, .words = 0.5};
  const PointKernel found = learn_kernel(space, from, 0.01, points, values, 1);
  EXPECT_GT(found.lengths[0], found.lengths[1]);  // the CPU's clock does nothing
  EXPECT_GE(log_likelihood(space, found, 0.01, points, values),
            log_likelihood(space, from, 0.01, points, values));
}

}  // namespace
}  // namespace isojoule

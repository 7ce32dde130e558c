#include "optimise/physics.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "optimise/physics_model.h"

namespace isojoule {
namespace {

using Eigen::VectorXd;

SearchSpace every_role() {
  return *SearchSpace::grid({{"cpu_frequency_hz", {4e8, 1e9, 1.6e9}},
                             {"gpu_frequency", {2e8, 6e8, 1.1e9}},
                             {"memory_frequency", {8e8, 1.6e9}},
                             {"cpu_online", {2.0, 4.0}},
                             {"batch", {1.0, 8.0}},
                             {"power_limit", {10.0, 20.0}},
                             {"precision", {"fp16", "fp32"}, false}});
}

VectorXd some_theta(const Physics& physics, std::uint64_t seed) {
  Random random(seed);
  VectorXd theta(physics.parameters());
  for (double& one : theta) one = random.normal();
  return theta;
}

TEST(Physics, RolesComeFromNamesAsPeopleGiveThem) {
  const auto role = [](const char* name) { return role_of({name, {1.0, 2.0}, true}); };
  EXPECT_EQ(role("cpu_frequency"), AxisRole::cpu_clock);
  EXPECT_EQ(role("nvml_gr_clock"), AxisRole::gpu_clock);
  EXPECT_EQ(role("gpu_frequency_hz"), AxisRole::gpu_clock);
  EXPECT_EQ(role("memory_frequency"), AxisRole::memory_clock);
  EXPECT_EQ(role("power_limit"), AxisRole::cap);
  EXPECT_EQ(role("batch_size"), AxisRole::batch);
  EXPECT_EQ(role("cpu_online"), AxisRole::cores);
  EXPECT_EQ(role("fan"), AxisRole::none);
  EXPECT_EQ(role_of({"accelerator", {"dla", "gpu"}, false}), AxisRole::words);
  EXPECT_EQ(role_of({"cpu_frequency", {0.0, 1.0}, true}), AxisRole::none);  // no logarithm
}

TEST(Physics, SlopesAreThoseOfSmallSteps) {
  const SearchSpace space = every_role();
  const Physics physics(space);
  std::vector<GridPoint> points(static_cast<std::size_t>(space.size()));
  std::iota(points.begin(), points.end(), 0);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const VectorXd theta = some_theta(physics, seed);
    const auto out = physics.at(points, theta, true);
    constexpr double step = 1e-5;
    for (Eigen::Index j = 0; j < theta.size(); ++j) {
      VectorXd above = theta, below = theta;
      above[j] += step;
      below[j] -= step;
      const auto up = physics.at(points, above, false), down = physics.at(points, below, false);
      const VectorXd time = (up.log_time - down.log_time) / (2 * step);
      const VectorXd energy = (up.log_energy - down.log_energy) / (2 * step);
      EXPECT_LT((time - out.time_slope.col(j)).cwiseAbs().maxCoeff(), 1e-6) << j;
      EXPECT_LT((energy - out.energy_slope.col(j)).cwiseAbs().maxCoeff(), 1e-6) << j;
    }
  }
}

TEST(Physics, AHigherClockIsNeverSlower) {
  const SearchSpace space = every_role();
  const Physics physics(space);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const VectorXd theta = some_theta(physics, seed);
    for (GridPoint p = 0; p < space.size(); ++p)
      for (const std::size_t axis : {0, 1, 2, 3}) {
        std::vector<Level> levels(space.levels(p).begin(), space.levels(p).end());
        if (levels[axis] == 0) continue;
        --levels[axis];
        const std::vector<GridPoint> pair = {*space.at(levels), p};
        const auto out = physics.at(pair, theta, false);
        EXPECT_GE(out.log_time[0], out.log_time[1] - 1e-9);
      }
  }
}

TEST(Physics, AFitFindsTheFormAgainFromARunOfFive) {
  const SearchSpace space = *SearchSpace::grid(
      {{"cpu_frequency", {3e8, 6e8, 9e8, 1.2e9, 1.5e9}}, {"gpu_frequency", {2e8, 4e8, 6e8, 9e8}}});
  const Physics physics(space);
  const PhysicalPrior prior = usual_physics();
  std::vector<GridPoint> all(static_cast<std::size_t>(space.size()));
  std::iota(all.begin(), all.end(), 0);
  Random random(5);
  VectorXd theta = prior.mean;
  const Eigen::MatrixXd factor = prior.covariance.llt().matrixL();
  VectorXd draw(theta.size());
  for (double& one : draw) one = random.normal();
  theta += factor * draw;
  const auto truth = physics.at(all, theta, false);
  std::vector<PhysicalRun> runs;
  for (const GridPoint p : {0, 3, 10, 16, 19})
    runs.push_back({p, truth.log_time[p] + 4, truth.log_energy[p] - 7});
  const PhysicalFit fit = fit_physics(physics, prior, runs, 0.02, prior.mean);
  const auto found = physics.at(all, fit.theta, false);
  for (const GridPoint p : all) {
    EXPECT_NEAR(found.log_time[p] + fit.time_unit, truth.log_time[p] + 4, 0.12);
    EXPECT_NEAR(found.log_energy[p] + fit.energy_unit, truth.log_energy[p] - 7, 0.12);
  }
}

// Adding a run to a model is the same as having known it, parameters and all else equal: checked
// against the dense formulas through what it says of runs left out and of the points themselves.
TEST(PhysicsModel, SaysAtItsRunsWhatTheyWereAndDoubtsElsewhere) {
  const SearchSpace space = *SearchSpace::grid(
      {{"cpu_frequency", {3e8, 6e8, 9e8, 1.2e9, 1.5e9}}, {"gpu_frequency", {2e8, 4e8, 6e8, 9e8}}});
  const Physics physics(space);
  PhysicsModel model(space, physics, usual_physics(), {});
  std::vector<PhysicalRun> runs;
  for (const GridPoint p : {0, 3, 10, 16}) runs.push_back({p, 0.1 * p, 1 - 0.05 * p});
  model.learn(runs);
  model.add({19, 1.2, 0.2});
  const LogView energy = model.energy(), time = model.time();
  ASSERT_EQ(model.count(), 5);
  EXPECT_NEAR(double{energy.mean[19]}, 0.2, 0.05);
  EXPECT_NEAR(double{time.mean[19]}, 1.2, 0.05);
  for (const PhysicalRun& run : runs)
    EXPECT_NEAR(double{energy.mean[run.point]}, run.log_energy, 0.05);
  EXPECT_LT(energy.sd[19], 0.02F);
  EXPECT_GT(energy.sd[12], energy.sd[10]);
  EXPECT_TRUE(energy.sd.allFinite());
  EXPECT_EQ(model.left_out_energy().size(), 5);
  EXPECT_TRUE(model.left_out_time().allFinite());
}

}  // namespace
}  // namespace isojoule

#include "optimise/process_draw.h"

#include <gtest/gtest.h>

#include <numeric>

#include "optimise/arm_posterior.h"
#include "optimise/test_grids.h"

namespace isojoule {
namespace {

// Draws have the mean and the deviation of the posterior, and neighbours vary together.
void expect_draws_of_the_posterior(const SearchSpace& space) {
  ProcessDraw process(space, {0.5, {0.7, 0.7}, 0.5}, 0.01);
  process.add(2, 0.4);
  process.add(11, -0.3);
  process.add(11, -0.31);
  std::vector<GridPoint> points(static_cast<std::size_t>(space.size()));
  std::iota(points.begin(), points.end(), 0);
  const int draws = 400;
  Eigen::MatrixXd all(space.size(), draws);
  Random random(5);
  for (int i = 0; i < draws; ++i) all.col(i) = process.draw(points, random).cast<double>();
  for (const GridPoint p : points) {
    const double mean = all.row(p).mean();
    const double deviation = std::sqrt((all.row(p).array() - mean).square().mean());
    EXPECT_NEAR(mean, process.mean(p), 0.2 * process.deviation(p) + 2e-3) << p;
    EXPECT_NEAR(deviation, process.deviation(p), 0.15 * process.deviation(p) + 5e-3) << p;
  }
  EXPECT_NEAR(process.mean(2), 0.4, 0.01);
  EXPECT_NEAR(process.mean(11), -0.305, 0.01);
  EXPECT_LT(process.deviation(11), 0.011);
  const auto apart = [&](Eigen::Index p) {
    return Eigen::RowVectorXd(all.row(p).array() - all.row(p).mean());
  };
  const auto together = [&](Eigen::Index p, Eigen::Index q) {
    return apart(p).dot(apart(q)) / (apart(p).norm() * apart(q).norm());
  };
  const Eigen::Index last = space.size() - 1;
  EXPECT_GT(together(last, last - 1), 0.7);
  EXPECT_LT(std::abs(together(last, 0)), 0.5);
}

TEST(ProcessDraw, OnAGrid) { expect_draws_of_the_posterior(test_clocks(5, 4)); }

TEST(ProcessDraw, WithHoles) {
  const SearchSpace all = test_clocks(5, 4);
  std::vector<Setting> settings;
  for (GridPoint p = 0; p < all.size(); ++p)
    if (p != 7) settings.push_back(all.setting(p));
  const SearchSpace space = *SearchSpace::of(settings);
  EXPECT_FALSE(is_full_grid(space));
  EXPECT_TRUE(is_full_grid(all));
  expect_draws_of_the_posterior(space);
}

TEST(ArmPosterior, DrawsAreWideBeforeARewardAndNarrowAfter) {
  const ArmPrior prior{1, 0.5, 0.01};
  ArmRewards arm;
  Random random(3);
  const auto spread = [&] {
    double sum = 0, squares = 0;
    const int draws = 4000;
    for (int i = 0; i < draws; ++i) {
      const double value = arm.draw(prior, random);
      sum += value;
      squares += value * value;
    }
    const double mean = sum / draws;
    return std::pair(mean, std::sqrt(squares / draws - mean * mean));
  };
  // Student's t with 4 degrees: deviation sqrt(2) of the scale, which is the spread / sqrt(2).
  EXPECT_NEAR(spread().first, 1, 0.05);
  EXPECT_NEAR(spread().second, 0.5, 0.1);
  for (const double reward : {0.2, 0.21, 0.19, 0.2}) arm.add(reward);
  EXPECT_NEAR(spread().first, 0.2, 0.005);
  EXPECT_LT(spread().second, 0.02);
}

// What is foretold is where the searches begin that begin somewhere.
TEST(PlainSearch, BeginsAtTheBestThatIsForetold) {
  const TruthGrid grid = test_bowl(test_clocks(6, 5));
  const Goal goal = test_goal("energy", {"latency<30ms"});
  SearchOptions options;
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    Probe probe;
    probe.point = p;
    probe.metrics = grid.truth[static_cast<std::size_t>(p)];
    options.prior.push_back({probe, 0.1});
  }
  for (const char* name : {"unimodal", "gradient", "spsa", "gp_thompson", "coarse"}) {
    const auto first = test_optimiser(name, grid.space, goal, options)->ask();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(regret(grid, goal, first->point), 0.0) << name;
  }
}

}  // namespace
}  // namespace isojoule

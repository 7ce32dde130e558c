#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "predict/mac/modes.h"
#include "predict/observation_fixture.h"

namespace isojoule {

const PredictorKind& predictor_kind_mac();

namespace {

using namespace predict_fixture;

constexpr double kSlope = 90e-12, kConstant = 2e-3;

// The publication's law with a tile of kernels, at one clock; `wrong`: share of runs 3 times too
// high.
std::vector<Observation> tiled_runs(double tile, double wrong, const OperatingPoint& point = {},
                                    double scale = 1) {
  Random random(2);
  std::vector<Observation> runs;
  for (int i = 0; i < 150; ++i) {
    NetworkWork work;
    const double kernels = static_cast<double>(1 + random.below(200));
    const bool product = i % 5 == 0;
    work.layers = {product ? fully_connected(1, 4096, 20 * kernels)
                           : convolution(784, 64, kernels, 9)};
    const double macs =
        work.layers[0].macs * (product ? 3 : std::ceil(kernels / tile) * tile / kernels);
    Observation one;
    one.energy_j = scale * (kConstant + kSlope * macs) * std::exp(0.02 * random.normal()) *
                   (random.uniform() < wrong ? 3 : 1);
    one.group = one.network = "layer " + std::to_string(i);
    one.single_layer = true;
    one.point = point;
    one.work = std::make_shared<NetworkWork>(std::move(work));
    runs.push_back(std::move(one));
  }
  return runs;
}

std::unique_ptr<const Predictor> fitted_mac(const std::vector<Observation>& runs) {
  auto fit = predictor_kind_mac().fit(runs, {});
  EXPECT_TRUE(fit) << to_string(fit.error());
  return std::move(*fit);
}

void expect_slopes(const Predictor& predictor, double tile, double relative) {
  const auto all = predictor.parameters();
  EXPECT_EQ(find_parameter(all, "kernel_tile")->value, tile);
  const Parameter* slope = find_parameter(all, "convolution_mac_energy");
  EXPECT_NEAR(slope->value, 90, 90 * relative);
  ASSERT_TRUE(slope->low && slope->high);
  EXPECT_LT(*slope->low, *slope->high);
  EXPECT_NEAR(find_parameter(all, "product_mac_energy")->value, 270, 270 * relative);
  EXPECT_NEAR(find_parameter(all, "inference_energy")->value, 2, 2 * relative);
}

TEST(Mac, FindsTheTileAndTheSlopes) { expect_slopes(*fitted_mac(tiled_runs(32, 0)), 32, 0.02); }
TEST(Mac, FindsNoTileWhereThereIsNone) { expect_slopes(*fitted_mac(tiled_runs(1, 0)), 1, 0.02); }
TEST(Mac, ATenthOfWrongRunsHardlyMovesIt) {
  expect_slopes(*fitted_mac(tiled_runs(32, 0.1)), 32, 0.03);
}

TEST(Mac, AClockThatIsNoneIsRefused) {
  const auto fit = fitted_mac(tiled_runs(32, 0, {1e9, 0.4e9, 0, 0}));
  nlohmann::json state = fit->state();
  state["points"][0]["cpu_hz"] = 1e-310;
  const auto loaded = (*find_predictor("mac"))->load(state);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::parse);
}

TEST(Mac, BetweenTwoClocksLogarithmsAreMixed) {
  auto runs = tiled_runs(32, 0, {1e9, 0.4e9, 0, 0});
  const auto faster = tiled_runs(32, 0, {1e9, 1.6e9, 0, 0}, 4);
  runs.insert(runs.end(), faster.begin(), faster.end());
  const auto fit = fitted_mac(runs);
  const NetworkWork& work = *runs[1].work;
  const double slow = fit->batch(work, {1e9, 0.4e9, 0, 0}).energy_j;
  const double fast = fit->batch(work, {1e9, 1.6e9, 0, 0}).energy_j;
  const Prediction between = fit->batch(work, {1e9, 0.8e9, 0, 0});
  EXPECT_NEAR(between.energy_j, std::sqrt(slow * fast), 0.01 * between.energy_j);
  EXPECT_LT(between.energy_log_sd, 0.05);
  EXPECT_GT(fit->batch(work, {1e9, 3.2e9, 0, 0}).energy_log_sd, 0.3);
}

TEST(Mac, RangesOfKernelsWhereNoTileFits) {
  std::vector<mac::ModePoint> points;
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const double kernels = static_cast<double>(1 + random.below(300));
    const double log_cost = kernels < 40 ? 1.0 : (kernels < 150 ? 0.0 : 0.7);
    points.push_back({kernels, log_cost + 0.02 * random.normal()});
  }
  const mac::Modes modes = mac::search_ranges(points);
  ASSERT_EQ(modes.bounds.size(), 2u);
  EXPECT_NEAR(modes.bounds[0], 40, 3);
  EXPECT_NEAR(modes.bounds[1], 150, 3);
  EXPECT_NEAR(modes.factor(100), std::exp(-1.0), 0.02);
  EXPECT_NEAR(modes.factor(200), std::exp(-0.3), 0.02);
}

TEST(Mac, NoiseSeldomMakesRanges) {
  int made = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    std::vector<mac::ModePoint> points;
    for (int i = 0; i < 60; ++i)
      points.push_back({static_cast<double>(i + 1), 0.05 * random.normal()});
    made += mac::search_ranges(points).bounds.empty() ? 0 : 1;
  }
  EXPECT_LE(made, 3);
}

TEST(Mac, MacsThatDoNotVaryAreNamed) {
  auto runs = tiled_runs(32, 0);
  for (Observation& one : runs) one.work = runs[0].work;
  const auto fit = predictor_kind_mac().fit(runs, {});
  ASSERT_FALSE(fit);
  EXPECT_NE(fit.error().what.find("cannot be told apart"), std::string::npos);
}

}  // namespace
}  // namespace isojoule

#include "app/benchmark_optimisers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/measure_once.h"
#include "app/twin_grid.h"

namespace isojoule {
namespace {

const std::atomic<bool> kGoOn{false};

TwinGridRequest few_settings() {
  TwinGridRequest request;
  request.board = "jetson-nano";
  request.networks = {"alexnet"};
  request.axes = {{"cpu_frequency", false, {710.4e6, 1479e6}},
                  {"gpu_frequency", false, {307.2e6, 921.6e6}},
                  {"batch", false, {1.0, 4096.0}}};
  return request;
}

TEST(TwinGrid, IsWhatMeasurementsScatterAbout) {
  const Paths paths = *find_paths();
  const auto grids = twin_grids(paths, few_settings(), kGoOn);
  ASSERT_TRUE(grids) << grids.error().what;
  const TruthGrid& grid = grids->front();
  EXPECT_EQ(grid.name, "jetson-nano/alexnet");
  EXPECT_NE(grid.source.find("simulated"), std::string::npos);
  ASSERT_EQ(grid.space.size(), 8);
  for (GridPoint point = 0; point < grid.space.size(); ++point) {
    const Setting setting = grid.space.setting(point);
    const Metrics& truth = grid.truth[static_cast<std::size_t>(point)];
    if (setting.number("batch") == 4096.0) {  // it has no room for that
      EXPECT_FALSE(at(truth, Metric::energy));
      continue;
    }
    MeasureRequest measured;
    measured.target.board = "twin:jetson-nano";
    measured.network = "alexnet";
    measured.inferences = 200;
    measured.setting = setting;
    const auto result = measure_once(paths, measured, kGoOn);
    ASSERT_TRUE(result);
    const auto* const energy = result->measured.run.energy(PhaseKind::inference);
    ASSERT_NE(energy, nullptr);
    EXPECT_NEAR(energy->gross.value->value() / 200 / *at(truth, Metric::energy), 1, 0.06);
    EXPECT_NEAR(*at(truth, Metric::power), *at(truth, Metric::energy) / *at(truth, Metric::time),
                1e-9);
  }
}

TEST(TwinGrid, IsTheSameEveryTimeAndWithoutNoise) {
  const Paths paths = *find_paths();
  TwinGridRequest request = few_settings();
  request.axes.pop_back();
  const auto once = twin_grids(paths, request, kGoOn), again = twin_grids(paths, request, kGoOn);
  ASSERT_TRUE(once && again);
  EXPECT_EQ(once->front().truth, again->front().truth);
  request.batches = 120;  // an inference costs the same in a longer run, but for warmth
  const auto longer = twin_grids(paths, request, kGoOn);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(
        *at(longer->front().truth[i], Metric::energy) / *at(once->front().truth[i], Metric::energy),
        1, 0.01);
}

BenchmarkRequest quick_benchmark() {
  BenchmarkRequest request;
  request.optimisers = {"blend", "random"};
  request.suites = {"zeus-a40"};
  request.seeds = 2;
  request.budget = 12;
  return request;
}

TEST(BenchmarkOptimisers, JudgesEveryOptimiserOnEveryGridOfARecordedSuite) {
  const auto result =
      benchmark_optimisers(*find_paths(), quick_benchmark(), kGoOn, [](const std::string&) {});
  ASSERT_TRUE(result) << result.error().what;
  ASSERT_EQ(result->rows.size(), 2U);
  EXPECT_EQ(result->rows[0].optimiser, "blend");
  EXPECT_EQ(result->rows[0].searches, 2 * result->suites[0].grids);
  EXPECT_LT(result->rows[0].regret_10, result->rows[1].regret_10);
  const auto json = to_json(*result);
  EXPECT_EQ(json["rows"][0]["optimiser"], "blend");
  EXPECT_NE(benchmark_markdown(*result).find("| blend |"), std::string::npos);
  const auto again =
      benchmark_optimisers(*find_paths(), quick_benchmark(), kGoOn, [](const std::string&) {});
  EXPECT_EQ(result->rows[0].regret_10, again->rows[0].regret_10);
}

TEST(BenchmarkOptimisers, AsksForWhatIsNotThere) {
  BenchmarkRequest request = quick_benchmark();
  request.suites = {"zeus-a4"};
  EXPECT_NE(benchmark_optimisers(*find_paths(), request, kGoOn, {}).error().remedy.find("zeus-a40"),
            std::string::npos);
  request.suites = {"rtx-a4000"};
  EXPECT_NE(
      benchmark_optimisers(*find_paths(), request, kGoOn, {}).error().remedy.find("--measured"),
      std::string::npos);
  request = quick_benchmark();
  request.optimisers = {"blends"};
  EXPECT_EQ(benchmark_optimisers(*find_paths(), request, kGoOn, {}).error().kind,
            ErrorKind::not_found);
}

// Graphics clocks of a real GPU, in place: the table has no licence to come along.
TEST(BenchmarkOptimisers, ReadsTheClocksOfARealGpuWhereTheyAre) {
  const std::string folder = find_paths()->studies + "/../../shared/measured";
  if (!std::filesystem::exists(folder + "/kernel_tuner")) GTEST_SKIP() << "skipped: no shared data";
  BenchmarkRequest request = quick_benchmark();
  request.suites = {"rtx-a4000"};
  request.measured_folder = folder;
  const auto result =
      benchmark_optimisers(*find_paths(), request, kGoOn, [](const std::string&) {});
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->suites[0].most_settings, 10);
}

}  // namespace
}  // namespace isojoule

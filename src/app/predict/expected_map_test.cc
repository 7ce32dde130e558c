#include "app/predict/expected_map.h"

#include <gtest/gtest.h>

#include "app/predict/fake_model.h"

namespace isojoule {
namespace {

using fake::closed_form_choices;
using fake::closed_form_model;
using fake::ClosedFormPredictor;

const OperatingPoint kHighest{1500e6, 1000e6, 1600e6, 4};

ExpectedMap map_of(const EnergyModel& model, std::int64_t batch = 1) {
  return expected_map(model, work_of(fake::made_up_network({40, 10, 2}, batch)),
                      closed_form_choices(), kHighest);
}

TEST(ExpectedMap, HasACellForEverySettingByTheModelsFormula) {
  const EnergyModel model = closed_form_model();
  const ExpectedMap map = map_of(model, 2);
  ASSERT_EQ(map.cells.size(), 12U);
  const ExpectedCell& cell = map.at(1, 2);
  EXPECT_EQ(cell.point, (OperatingPoint{1500e6, 400e6, 1600e6, 4}));
  const double time = 2 * 52e6 / (100 * 400e6) + 3 * 20e3 / 1500e6;
  EXPECT_NEAR(*cell.time_s, time, 1e-12);
  EXPECT_NEAR(cell.energy_j,
              (ClosedFormPredictor::kRest_j + time * ClosedFormPredictor::power_w(cell.point)) / 2,
              1e-12);
  EXPECT_NEAR(*cell.power_w, 2 * cell.energy_j / time, 1e-9);
  EXPECT_LT(cell.energy_90.low, cell.energy_j);
  EXPECT_FALSE(cell.outside);
  EXPECT_TRUE(map.at(3, 0).outside);  // 1 GHz was not measured
  EXPECT_EQ(map.highest().point, kHighest);
}

TEST(ExpectedMap, TheBestIsTheLeastOfWhatWasMeasured) {
  const EnergyModel model = closed_form_model();
  const ExpectedMap map = map_of(model);
  const ExpectedBest best = expected_best({map}, {});
  ASSERT_TRUE(best.cell);
  for (const ExpectedCell& cell : map.cells)
    EXPECT_TRUE(cell.outside || cell.energy_j >= best.cell->energy_j);
  // t (1 + 4 f^2) with t ~ 1 / f is least at 0.5 GHz, which lies between 400 and 600 MHz.
  EXPECT_TRUE(best.cell->point.gpu_hz == 400e6 || best.cell->point.gpu_hz == 600e6);
  EXPECT_EQ(best.cell->point.cpu_hz, 1500e6);
  EXPECT_EQ(best.left_out, 3U);
  EXPECT_NEAR(best.saving_percent, 100 * (1 - best.cell->energy_j / map.highest().energy_j), 1e-9);
  EXPECT_GT(best.time_change_percent.value(), 0);
  EXPECT_FALSE(best.overlaps);
}

TEST(ExpectedMap, WithinItsErrorASavingIsNotShown) {
  const EnergyModel model = closed_form_model(40);
  EXPECT_TRUE(expected_best({map_of(model)}, {}).overlaps);
}

TEST(ExpectedMap, LimitsAreKept) {
  const EnergyModel model = closed_form_model();
  const std::vector<ExpectedMap> maps = {map_of(model), map_of(model, 4)};
  // The batch of 4 takes longer than 2 ms everywhere below 1 GHz.
  const ExpectedBest quick = expected_best(maps, {.latency_s = 2e-3, .power_w = {}});
  ASSERT_TRUE(quick.cell);
  EXPECT_EQ(quick.cell->batch, 1);
  EXPECT_LE(*quick.cell->time_s, 2e-3);
  const ExpectedBest weak = expected_best(maps, {.latency_s = {}, .power_w = 1.3});
  ASSERT_TRUE(weak.cell);
  EXPECT_LE(*weak.cell->power_w, 1.3);
  EXPECT_EQ(weak.cell->point.gpu_hz, 200e6);
  EXPECT_EQ(expected_best(maps, {}).cell->batch, 4);  // the launches are shared
}

TEST(ExpectedMap, ALimitThatNothingKeepsSaysWhatIsNearest) {
  const EnergyModel model = closed_form_model();
  const ExpectedBest none = expected_best({map_of(model)}, {.latency_s = 1e-6, .power_w = 0.5});
  EXPECT_FALSE(none.cell);
  EXPECT_NE(none.why_absent.find("the shortest batch takes 0.9"), std::string::npos)
      << none.why_absent;
  EXPECT_NE(none.why_absent.find("the least power is 1.1"), std::string::npos) << none.why_absent;
}

TEST(ExpectedMap, AllOutsideIsNoBest) {
  EnergyModel model = closed_form_model();
  model.ranges["gpu_frequency"] = {2e9, 3e9};
  const ExpectedBest none = expected_best({map_of(model)}, {});
  EXPECT_FALSE(none.cell);
  EXPECT_EQ(none.left_out, 12U);
  EXPECT_NE(none.why_absent.find("measured"), std::string::npos);
}

TEST(ExpectedMap, AClockThatTheModelDoesNotKnowIsNotTurned) {
  const EnergyModel model = closed_form_model();
  const ExpectedMap map = expected_map(model, work_of(fake::made_up_network({4})),
                                       closed_form_choices(), OperatingPoint{1e9, 0, 0, 0});
  EXPECT_EQ(map.gpu_hz, (std::vector<double>{0}));
  EXPECT_EQ(map.cells.size(), 3U);
}

TEST(ExpectedMap, CsvHasARowACell) {
  const EnergyModel model = closed_form_model();
  const std::string csv = expected_map_csv({map_of(model), map_of(model, 8)}, true);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 25);
  EXPECT_EQ(csv.find("batch,gpu_frequency_hz,cpu_frequency_hz,energy_per_inference_j,"), 0U);
  EXPECT_NE(csv.find("\n8,1000000000,1500000000,"), std::string::npos);
}

}  // namespace
}  // namespace isojoule

#include "app/layer_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/target.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

using testing::HasSubstr;

LayerPlanRequest request_for(const std::string& board) {
  LayerPlanRequest request;
  request.study.board = board;
  request.study.count = 30;
  return request;
}

// The plan's own board takes every setting of it.
TEST(LayerPlan, NamesClocksThatTheBoardHas) {
  const Paths paths = find_paths().value();
  for (const char* board : {"jetson-tx2", "twin:jetson-xavier-nx", "raspberry-pi-5"}) {
    SCOPED_TRACE(board);
    const auto study = layer_plan(paths, request_for(board));
    ASSERT_TRUE(study) << to_string(study.error());
    const auto plan = parse_plan(study->toml, "layers.toml");
    ASSERT_TRUE(plan) << to_string(plan.error());
    TargetOptions options;
    options.board = std::string(kTwinPrefix) + plan->board;
    const auto target = open_target(paths, options);
    ASSERT_TRUE(target) << to_string(target.error());
    const auto runs = order_runs(*plan, (*target)->board);
    ASSERT_TRUE(runs) << to_string(runs.error());
    EXPECT_EQ(std::ssize(*runs), study->runs);
  }
}

TEST(LayerPlan, TakesClocksByName) {
  LayerPlanRequest request = request_for("jetson-tx2");
  request.gpu_frequencies = {"1300.5MHz", "854.25MHz"};
  const auto study = layer_plan(find_paths().value(), request);
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_THAT(study->toml, HasSubstr("gpu_frequency_hz = [1300500000, 854250000]"));
  EXPECT_THAT(study->toml, HasSubstr("cpu_frequency_hz = 2035200000"));
  request.gpu_frequencies = {"1GHz"};
  const auto none = layer_plan(find_paths().value(), request);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::out_of_range);
  EXPECT_THAT(none.error().remedy, HasSubstr("1032750000"));
}

TEST(LayerPlan, LeavesClocksAloneWithoutABoard) {
  const auto study = layer_plan(find_paths().value(), request_for(""));
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_THAT(study->toml, testing::Not(HasSubstr("_hz")));
  LayerPlanRequest request = request_for("");
  request.cpu_frequencies = {"1GHz"};
  EXPECT_THAT(layer_plan(find_paths().value(), request).error().remedy, HasSubstr("--board"));
}

TEST(LayerPlan, SaysWhatIsWrong) {
  const Paths paths = find_paths().value();
  EXPECT_THAT(layer_plan(paths, request_for("jetson-tx3")).error().remedy, HasSubstr("jetson-tx2"));
  LayerPlanRequest request = request_for("jetson-tx2");
  request.clocks = "most";
  EXPECT_EQ(layer_plan(paths, request).error().kind, ErrorKind::invalid);
  request = request_for("jetson-tx2");
  request.cpu_frequencies = {"fast"};
  EXPECT_FALSE(layer_plan(paths, request));
}

}  // namespace
}  // namespace isojoule

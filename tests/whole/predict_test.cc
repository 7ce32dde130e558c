// Measured on a twin, fitted, and predicted, as a user would.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "whole/program.h"

namespace isojoule::test {
namespace {

// Whole networks of a Nano's twin at 3 x 2 clocks.
constexpr const char* kPlan = R"(name = "predict"
board = "jetson-nano"
[protocol]
inferences = 640
repeats = 1
seed = 7
[[grid]]
name = "map"
networks = ["alexnet", "resnet-18", "mobilenet-v2", "bert-tiny", "yolov4-tiny"]
axes = { gpu_frequency_hz = [307200000, 614400000, 921600000], cpu_frequency_hz = [710400000, 1479000000], batch = [1, 8] }
)";

class Predict : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    place_ = new Workplace;
    const std::string study = place_->path("nano.study");
    const Outcome swept = place_->run(
        {"sweep", place_->write("plan.toml", kPlan), "--board", "twin:jetson-nano", "-o", study});
    ASSERT_EQ(swept.status, 0) << swept.err;
    const Outcome fitted = place_->run({"fit", study, "--predictor", "mac"});
    ASSERT_EQ(fitted.status, 0) << fitted.err;
  }
  static void TearDownTestSuite() { delete place_; }
  static Outcome predict(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "predict");
    return place_->run(arguments);
  }
  static Workplace* place_;
};
Workplace* Predict::place_ = nullptr;

TEST_F(Predict, EnergyOfANetworkThatWasNotMeasured) {
  const Outcome text = predict({"inception", "--board", "twin:jetson-nano", "--map"});
  ASSERT_EQ(text.status, 0) << text.err;
  for (const char* words :
       {"SIMULATED", "GPU 921.6 MHz, CPU 1479 MHz", "an inference", "Best", "GPU MHz", "Error on"})
    EXPECT_NE(text.out.find(words), std::string::npos) << words << "\n" << text.out;

  const Outcome json = predict({"inception", "--board", "twin:jetson-nano", "--setting",
                                "gpu_frequency=614.4MHz", "--json"});
  ASSERT_EQ(json.status, 0) << json.err;
  const auto root = nlohmann::json::parse(json.out);
  EXPECT_EQ(root.at("setting").at("gpu_frequency_hz"), 614.4e6);
  EXPECT_EQ(root.at("maps")[0].at("gpu_frequency_hz").size(), 12U);
  EXPECT_GT(root.at("per_inference").at("energy_j").get<double>(), 1e-4);
}

TEST_F(Predict, TheRealBoardGetsItsTwinsModelAndItIsSaid) {
  const Outcome text = predict({"alexnet", "--board", "jetson-nano", "--top", "3"});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("SIMULATED"), std::string::npos);
  EXPECT_NE(text.out.find("nothing was measured on a jetson-nano"), std::string::npos) << text.out;
}

TEST_F(Predict, ABudgetThatIsNotKeptIsStatusOne) {
  const std::vector<std::string> alexnet = {"alexnet", "--board", "twin:jetson-nano"};
  auto small = alexnet, large = alexnet, none = alexnet;
  small.insert(small.end(), {"--budget", "1uJ"});
  large.insert(large.end(), {"--budget", "1kJ"});
  none.insert(none.end(), {"--budget", "2"});
  EXPECT_EQ(predict(small).status, 1);
  EXPECT_EQ(predict(large).status, 0);
  const Outcome refused = predict(none);
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("--budget: '2' has no unit"), std::string::npos) << refused.err;
}

TEST_F(Predict, ComparesAndWritesTheMap) {
  const std::string csv = place_->path("map.csv");
  const Outcome text = predict({"--compare", "mobilenet-v2", "resnet-18", "--board",
                                "twin:jetson-nano", "--csv", csv, "--latency", "1s"});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("energy against the first"), std::string::npos) << text.out;
  std::stringstream table;
  table << std::ifstream(csv).rdbuf();
  EXPECT_EQ(table.str().find("batch,gpu_frequency_hz,"), 0U);
}

TEST_F(Predict, WhatCannotBePredictedIsRefused) {
  const auto refused = [](std::vector<std::string> words, const char* said) {
    words.insert(words.begin(), {"alexnet"});
    const Outcome outcome = predict(words);
    EXPECT_EQ(outcome.status, 2) << said;
    EXPECT_NE(outcome.err.find(said), std::string::npos) << outcome.err;
  };
  refused({}, "no board is named");
  refused({"--board", "twin:raspberry-pi-5"}, "isojoule fit");  // the commands that make a model
  refused({"--board", "twin:jetson-nano", "--setting", "cpu_governor=schedutil"},
          "cannot be predicted");
  refused({"--board", "twin:jetson-nano", "--job", "gpu_frequency=614.4MHz"},
          "no axis of the engine");
  refused({"--board", "twin:jetson-nano", "--setting", "gpu_frequency=614"},
          "Is the unit missing?");
  refused({"--board", "twin:jetson-nano", "--compare"}, "--compare");
}

}  // namespace
}  // namespace isojoule::test

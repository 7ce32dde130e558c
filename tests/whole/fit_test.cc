// From single layers on a twin to a model that is held against networks, from the outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "whole/program.h"

namespace isojoule::test {
namespace {

constexpr const char* kNetworks = R"(name = "networks"
board = "jetson-tx2"
[protocol]
inferences = 160
repeats = 1
sampling_period_ms = 20
keep_traces = false
[[grid]]
name = "networks"
networks = ["inception", "unet"]
fixed = { batch = 1, cpu_frequency_hz = 2035200000, gpu_frequency_hz = 1300500000 }
)";

// The predictor that is quick in a build without optimisation; tools/fit_models tries the other.
TEST(Fit, LearnsFromLayersOfATwinAndIsHeldAgainstNetworks) {
  const Workplace place;
  const std::string plan = place.path("layers.toml"), study = place.path("layers.study");
  ASSERT_EQ(place
                .run({"study", "layers", "--board", "twin:jetson-tx2", "--count", "40", "--seed",
                      "3", "--clocks", "highest", "--repeats", "1", "-o", plan})
                .status,
            0);
  ASSERT_EQ(place.run({"sweep", plan, "--board", "twin:jetson-tx2", "-o", study}).status, 0);
  const std::string networks = place.write("networks.toml", kNetworks);
  const std::string unseen = place.path("networks.study");
  ASSERT_EQ(place.run({"sweep", networks, "--board", "twin:jetson-tx2", "-o", unseen}).status, 0);

  const Outcome fitted = place.run(
      {"fit", study, "--predictor", "mac", "--test", unseen, "--json", "-o", place.path("m.json")});
  ASSERT_EQ(fitted.status, 0) << fitted.err;
  const auto root = nlohmann::json::parse(fitted.out);
  EXPECT_EQ(root["simulated"], true);
  EXPECT_EQ(root["board"], "jetson-tx2");
  const auto& model = root["models"][0];
  EXPECT_EQ(model["predictor"], "mac");
  EXPECT_GT(model["runs"], 60);
  bool has_nested = false;
  for (const auto& row : model["validations"])
    if (row["predictor"] == "nested") {
      has_nested = true;
      EXPECT_LT(row["layer_energy_mape_percent"], 30);
      EXPECT_GT(row["coverage_percent"], 80);
    }
  EXPECT_TRUE(has_nested);
  EXPECT_EQ(model["additivity"]["sequences"], 6);
  ASSERT_EQ(root["tested"].size(), 2u);
  EXPECT_EQ(root["tested"][0]["network"], "inception");

  const Outcome text = place.run({"fit", study, "--predictor", "mac", "-o", place.path("m.json")});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("SIMULATED"), std::string::npos);
  EXPECT_NE(text.out.find("convolution_mac_energy"), std::string::npos);
  EXPECT_NE(text.out.find("Additivity"), std::string::npos);
  EXPECT_NE(text.out.find("batch was 1 in all"), std::string::npos);
}

TEST(Fit, WrongArgumentsAreRefusedWithARemedy) {
  const Workplace place;
  const Outcome none = place.run({"fit"});
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("--csv"), std::string::npos);
  const Outcome orphan = place.run({"fit", "a.study", "--macs", "m"});
  EXPECT_EQ(orphan.status, 2);
  EXPECT_NE(orphan.err.find("--csv"), std::string::npos);
  const std::string table = place.write("t.csv", "energy_j,macs\n1,1\n");
  const std::vector<std::string> start = {"fit",      "--csv",  table, "--energy",
                                          "energy_j", "--macs", "macs"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), start.begin(), start.end());
    return place.run(more);
  };
  EXPECT_NE(with({}).err.find("--board"), std::string::npos);
  EXPECT_NE(with({"--board", "b", "--where", "macs"}).err.find("COLUMN=VALUE"), std::string::npos);
  EXPECT_EQ(with({"--board", "b", "--per-batch", "--per-inference"}).status, 2);
  EXPECT_EQ(with({"--board", "b"}).status, 2);  // one row
  const Outcome listed = place.run({"list", "predictors"});
  EXPECT_NE(listed.out.find("roofline"), std::string::npos);
}

}  // namespace
}  // namespace isojoule::test

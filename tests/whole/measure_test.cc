// `isojoule measure` from the outside: on a twin, and for real on this machine where the engine is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "whole/program.h"

namespace isojoule::test {
namespace {

bool engine_is_built() {
  return std::filesystem::exists(ISOJOULE_BINARY_DIR "/bin/isojoule-engine-onnxruntime");
}

TEST(Measure, ATwinGivesEveryPhaseItsJoules) {
  const Workplace place;
  const Outcome outcome =
      place.run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--batch", "16",
                 "--inferences", "3200", "--json", "--set", "gpu_frequency=614400000"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto root = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(root.at("simulated").get<bool>());
  EXPECT_EQ(root.at("engine"), "twin");
  EXPECT_EQ(root.at("batch_durations_s").size(), 200u);
  double sum = 0;
  for (const auto& batch : root.at("batch_durations_s")) sum += batch.get<double>();
  bool found = false;
  for (const auto& phase : root.at("phases")) {
    if (phase.at("phase") != "inference") continue;
    found = true;
    EXPECT_NEAR(phase.at("duration_s").get<double>(), sum, 0.01 * sum);
    const double power = phase.at("energy_j").get<double>() / phase.at("duration_s").get<double>();
    EXPECT_GT(power, 1);
    EXPECT_LT(power, 10);
    EXPECT_GT(phase.at("energy_u_j").get<double>(), 0);
    EXPECT_LT(phase.at("net_energy_j").get<double>(), phase.at("energy_j").get<double>());
  }
  EXPECT_TRUE(found);
}

TEST(Measure, BatchesHaveTheirJoules) {
  const Workplace place;
  const std::vector<std::string> words = {
      "measure", "--board", "twin:jetson-nano", "--model", "alexnet",
      "--batch", "16",      "--inferences",     "1600",    "--json"};
  const Outcome plain = place.run(words);
  ASSERT_EQ(plain.status, 0) << plain.err;
  const auto batches = nlohmann::json::parse(plain.out).at("batches");
  EXPECT_EQ(batches.at("count"), 100);
  EXPECT_FALSE(batches.contains("each"));
  auto each_words = words;
  each_words.emplace_back("--each-batch");
  const Outcome each = place.run(each_words);
  ASSERT_EQ(each.status, 0) << each.err;
  const auto root = nlohmann::json::parse(each.out);
  ASSERT_EQ(root.at("batches").at("each").size(), 100U);
  double sum = 0, inference = 0;
  for (const auto& batch : root.at("batches").at("each")) {
    EXPECT_GT(batch.at("duration_s").get<double>(), 0);
    ASSERT_TRUE(batch.at("energy_j").is_number() || batch.contains("why_absent")) << batch;
    EXPECT_EQ(batch.at("energy_j").is_number(), batch.at("energy_u_j").is_number());
  }
  for (const auto& phase : root.at("phases"))
    if (phase.at("phase") == "inference") inference = phase.at("energy_j");
  sum = 100 * root.at("batches").at("energy_j").at("mean").get<double>();
  EXPECT_NEAR(sum, inference, 0.03 * inference);
  const Outcome refused =
      place.run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet", "--each-batch"});
  EXPECT_EQ(refused.status, 2) << refused.out;
}

TEST(Measure, WithoutAPowerSourceEnergyIsAbsentAndTheStatusSaysSo) {
  if (!engine_is_built()) GTEST_SKIP() << "skipped: the ONNX Runtime engine is not built";
  const Workplace place;
  std::vector<std::string> command = {"measure",      "--model", "mobilenet-v2", "--batch", "2",
                                      "--inferences", "8"};
  const Outcome plain = place.run(command);
  if (plain.status == 0) GTEST_SKIP() << "skipped: this machine has a power source";
  EXPECT_EQ(plain.status, 3) << plain.err;
  EXPECT_NE(plain.out.find("energy absent"), std::string::npos) << plain.out;
  EXPECT_NE(plain.out.find("/sys/bus/i2c/drivers/ina3221"), std::string::npos) << plain.out;
  EXPECT_EQ(plain.out.find("0.00 J"), std::string::npos) << plain.out;
  command.insert(command.end(), {"--allow-unmeasured", "--json"});
  const Outcome allowed = place.run(command);
  EXPECT_EQ(allowed.status, 0) << allowed.err;
  const auto root = nlohmann::json::parse(allowed.out);
  EXPECT_FALSE(root.at("simulated").get<bool>());
  EXPECT_EQ(root.at("batch_durations_s").size(), 4u);
  EXPECT_TRUE(root.at("energy_per_inference_j").is_null());
  std::vector<std::string> phases;
  for (const auto& phase : root.at("phases")) phases.push_back(phase.at("phase"));
  EXPECT_EQ(phases,
            (std::vector<std::string>{"idle", "process_start", "load", "graph_initialisation",
                                      "inputs", "first_inference", "warm_up", "inference",
                                      "post_processing", "tear_down"}));
}

TEST(Measure, AMissingEngineLibraryIsOneLineWithItsRemedy) {
  if (!engine_is_built()) GTEST_SKIP() << "skipped: the ONNX Runtime engine is not built";
  const Workplace place;
  ::setenv("ISOJOULE_ONNXRUNTIME", "/nowhere/libonnxruntime.so", 1);
  const Outcome outcome = place.run({"measure", "--model", "mobilenet-v2"});
  const std::string plan =
      place.write("p.toml",
                  "name = \"x\"\n[protocol]\nrepeats = 1\n[[grid]]\nname = \"a\"\n"
                  "networks = [\"mobilenet-v2\"]\naxes = { batch = [1] }\n");
  const Outcome swept = place.run({"sweep", plan, "-o", place.path("x.study")});
  ::unsetenv("ISOJOULE_ONNXRUNTIME");
  for (const Outcome* refused : {&outcome, &swept}) {
    EXPECT_EQ(refused->status, 2) << refused->out;
    EXPECT_EQ(std::count(refused->err.begin(), refused->err.end(), '\n'), 1) << refused->err;
    EXPECT_NE(refused->err.find("/nowhere/libonnxruntime.so"), std::string::npos) << refused->err;
  }
  EXPECT_EQ(place.files(), std::vector<std::string>{"p.toml"});
}

TEST(Measure, AForeignFileAndABatchTooLarge) {
  const Workplace place;
  const std::string foreign = place.write("picture.onnx", "\x89PNG\r\n\x1a\n0000");
  const Outcome refused = place.run({"measure", "--board", "twin:jetson-nano", "--model", foreign});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("picture.onnx"), std::string::npos) << refused.err;
  const Outcome full = place.run({"measure", "--board", "twin:jetson-nano", "--model", "alexnet",
                                  "--batch", "4096", "--inferences", "4096"});
  EXPECT_EQ(full.status, 1);
  EXPECT_NE(full.err.find("out of memory"), std::string::npos) << full.err;
}

}  // namespace
}  // namespace isojoule::test

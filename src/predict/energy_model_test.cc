#include "predict/energy_model.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "predict/test_runs.h"

namespace isojoule {
namespace {

using nlohmann::json;

EnergyModelFile made_file() {
  EnergyModelFile file;
  file.board = "jetson-tx2";
  file.release = "R32";
  file.simulated = true;
  file.what = "module total";
  file.sources = {"tx2.study"};
  file.created = "2026-01-02T03:04:05Z";
  file.program_version = "0.1.0";
  EnergyModel model;
  model.job.set("precision", "fp16");
  model.job.set("threads", 4.0);
  model.predictor = *(*find_predictor("layered"))->fit(test_runs(8, {0.5e9, 1e9}), {});
  model.network_energy = {1.0 / 3, 0.1, 32, 8};
  model.network_time = unknown_spread();
  model.layer_energy = {2, 0.07, 5, 5};
  model.layer_time = unknown_spread();
  model.ranges = {{"gpu_frequency", {0.114e9, 0.905e9}}, {"batch", {1, 4}}};
  model.points = {{1e9, 0.5e9, 0, 4}};
  Validation row;
  row.kind = "layered";
  row.energy_mape_percent = 7.1;
  row.chosen = true;
  model.validations.push_back(std::move(row));
  model.additivity = Additivity{12, 1.01, 0.99, 1.03, 2.5};
  model.runs = 32;
  model.network_groups = 8;
  file.models.push_back(std::move(model));
  return file;
}

const std::string& stored_file() {
  static const std::string text = format_energy_model(made_file());
  return text;
}

OperatingPoint at_gpu(double hertz) {
  OperatingPoint point;
  point.gpu_hz = hertz;
  return point;
}

TEST(EnergyModelFile, ReadsBackWhatItWrote) {
  const auto file = parse_energy_model(stored_file(), "model.json");
  ASSERT_TRUE(file.has_value()) << to_string(file.error());
  EXPECT_EQ(format_energy_model(*file), stored_file());
  EXPECT_EQ(file->board, "jetson-tx2");
  EXPECT_TRUE(file->simulated);
  const EnergyModelFile made = made_file();
  const EnergyModel &a = made.models[0], &b = file->models.at(0);
  EXPECT_EQ(a.job, b.job);
  EXPECT_EQ(a.points, b.points);
  EXPECT_EQ(a.ranges, b.ranges);
  EXPECT_EQ(b.network_energy.quantile, 1.0 / 3);
  EXPECT_TRUE(std::isinf(b.network_time.quantile));
  const NetworkWork work = test_network(16, 96, 5, 2);
  EXPECT_EQ(a.predict(work, at_gpu(0.7e9)).energy_90.high,
            b.predict(work, at_gpu(0.7e9)).energy_90.high);
}

TEST(EnergyModelFile, IsMadeToBeCompared) {
  EXPECT_EQ(stored_file().find("{\n  \"board\": \"jetson-tx2\",\n  \"created\""), 0u);
  EXPECT_EQ(stored_file().back(), '\n');
}

TEST(EnergyModelFile, AFaultSaysWhere) {
  const auto fault = [](const json::json_pointer& at, const json& value) {
    json document = json::parse(stored_file());
    document[at] = value;
    const auto file = parse_energy_model(document.dump(), "m.json");
    return file ? Error{} : file.error();
  };
  using P = json::json_pointer;
  EXPECT_EQ(fault(P("/models/0/runs"), -3).what,
            "m.json.models[0].runs: not a whole number from 0");
  EXPECT_EQ(fault(P("/models/0/intervals/layer_energy/floor"), "x").what,
            "m.json.models[0].intervals.layer_energy.floor: not a number");
  EXPECT_EQ(fault(P("/models/0/ranges/batch"), json({4, 1})).kind, ErrorKind::parse);
  EXPECT_EQ(fault(P("/models/0/points/0/gpu_hz"), -1).kind, ErrorKind::parse);
  EXPECT_EQ(fault(P("/format"), "x").kind, ErrorKind::parse);
  const Error newer = fault(P("/version"), 2);
  EXPECT_EQ(newer.kind, ErrorKind::unsupported);
  EXPECT_NE(newer.remedy.find("newer"), std::string::npos);
  EXPECT_EQ(fault(P("/models/0/predictor/kind"), "layerd").kind, ErrorKind::unsupported);
  EXPECT_NE(fault(P("/models/0/predictor/state"), 3).what.find("models[0].predictor.state"),
            std::string::npos);
  EXPECT_EQ(parse_energy_model("{\n\"a\": 1,\n,", "m.json").error().what,
            "m.json, line 3: not JSON");
  EXPECT_EQ(parse_energy_model("{\"a\": 1e999}", "m.json").error().kind, ErrorKind::parse);
  EXPECT_EQ(parse_energy_model("", "m.json").error().kind, ErrorKind::parse);
}

RC_GTEST_PROP(EnergyModelFile, ADamagedFileIsAnErrorOrAModel, ()) {
  std::string text = stored_file();
  const auto faults = *rc::gen::inRange(1, 4);
  for (int i = 0; i < faults; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 3)) {
      case 0: text[at] = *rc::gen::elementOf(std::string("0123456789-.eE\"{}[],:ntx\x80")); break;
      case 1: text.erase(at, *rc::gen::inRange<std::size_t>(1, 40)); break;
      default: text.insert(at, text.substr(at / 2, 30)); break;
    }
    if (text.empty()) text = "x";
  }
  const auto file = parse_energy_model(text, "m.json");
  if (file && !file->models.empty())
    file->models[0].predict(test_network(16, 96, 5, 2), at_gpu(1e9));
}

TEST(EnergyModel, LayersAddUpAndHaveIntervals) {
  const EnergyModelFile file = made_file();
  const EnergyModel& model = file.models[0];
  const NetworkWork work = test_network(16, 96, 5, 2);
  std::vector<PredictedLayer> layers;
  double sum = model.predict_layers(work, at_gpu(1e9), layers).energy_j;
  ASSERT_EQ(layers.size(), work.layers.size());
  for (const PredictedLayer& layer : layers) {
    sum += layer.energy_j;
    EXPECT_LE(layer.energy_90.low, layer.energy_j);
    EXPECT_GE(layer.energy_90.high, layer.energy_j);
    EXPECT_TRUE(std::isinf(layer.time_90.high));  // no single layer's time was left out
  }
  EXPECT_NEAR(sum / model.predict(work, at_gpu(1e9)).energy_j, 1, 1e-9);
}

TEST(EnergyModel, SaysWhatIsOutsideOfTheRuns) {
  const EnergyModelFile file = made_file();
  const EnergyModel& model = file.models[0];
  const PredictedBatch inside = model.predict(test_network(16, 96, 5, 2), at_gpu(0.9e9));
  EXPECT_TRUE(inside.cautions.empty()) << inside.cautions[0];
  const PredictedBatch outside = model.predict(test_network(16, 96, 5, 8), at_gpu(1.3e9));
  ASSERT_EQ(outside.cautions.size(), 2u);
  EXPECT_EQ(outside.cautions[0], "gpu_frequency 1.3 GHz: fitted on 114 MHz to 905 MHz");
  EXPECT_EQ(outside.cautions[1], "batch 8: fitted on 1 to 4");
  EXPECT_EQ(
      model.predict(test_network(16, 96, 5, 2), {}).cautions[0].find("gpu_frequency not given"),
      0u);
  ASSERT_TRUE(inside.power_w().has_value());
  EXPECT_NEAR(*inside.power_w() * *inside.time_s, inside.energy_j, 1e-12);
}

TEST(EnergyModelFile, FindsTheJob) {
  const EnergyModelFile file = made_file();
  Setting job;
  EXPECT_TRUE(file.find(job).has_value());
  job.set("precision", "fp16");
  job.set("engine", "onnxruntime");  // left open by the model
  EXPECT_TRUE(file.find(job).has_value());
  job.set("precision", "int8");
  const auto missing = file.find(job);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_NE(missing.error().remedy.find("precision=fp16"), std::string::npos);
  EXPECT_EQ(EnergyModelFile{}.find({}).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace isojoule

// The public calls for predictions, on a model that was really fitted, to energies of closed form.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "app/model_store.h"
#include "app/named_cost.h"
#include "app/predict/fake_model.h"
#include "isojoule/predict.h"

namespace isojoule {
namespace {

Observation observed(const char* network, double scale, const OperatingPoint& point) {
  const std::vector<double> sizes = {40 * scale, 7 * scale, 1.5 * scale};
  const auto work = std::make_shared<const NetworkWork>(work_of(fake::made_up_network(sizes)));
  const Prediction truth = fake::ClosedFormPredictor().batch(*work, point);
  Observation one;
  one.network = one.group = network + std::to_string(scale);
  one.work = work;
  one.point = point;
  one.energy_j = truth.energy_j;
  one.time_s = truth.time_s;
  return one;
}

// A model file of board "test-board", fitted once for all tests here.
std::string fitted_file() {
  static const std::string path = [] {
    std::vector<Observation> runs;
    for (const double gpu : {200e6, 400e6, 600e6})
      for (int i = 1; i < 9; ++i) runs.push_back(observed("net", i * i, {1500e6, gpu, 0, 0}));
    const auto kind = find_predictor("mac");
    EXPECT_TRUE(kind);
    auto predictor = (*kind)->fit(runs, {});
    EXPECT_TRUE(predictor) << to_string(predictor.error());
    EnergyModelFile file;
    file.board = "test-board";
    file.simulated = true;
    file.models.push_back(fake::closed_form_model());
    file.models[0].predictor = std::move(*predictor);
    file.models[0].points.clear();
    for (const Observation& one : runs) file.models[0].points.push_back(one.point);
    file.models[0].ranges["macs"] = {1e6, 4e9};
    std::string name =
        testing::TempDir() + "isojoule_model_" + std::to_string(::getpid()) + ".json";
    EXPECT_TRUE(store_model(name, file));
    return name;
  }();
  return path;
}

EnergyPredictor fitted() {
  auto predictor = EnergyPredictor::open(fitted_file());
  EXPECT_TRUE(predictor) << to_string(predictor.error());
  return *predictor;
}

using Sizes = std::vector<double>;
Sizes numbers_of(const CandidateLayer& layer) {
  return {static_cast<double>(layer.kind),
          layer.macs,
          layer.other_operations,
          layer.bytes_read,
          layer.bytes_written,
          layer.bytes_weights,
          layer.parameters,
          layer.rows,
          layer.columns,
          layer.depth,
          layer.groups};
}

// What a candidate counts is what `isojoule cost` counts of the same layer.
TEST(CandidateLayers, CountAsTheCostOfTheOnnxFile) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  const std::pair<const char*, CandidateLayer> cases[] = {
      {"conv_c16_n32_k3_s2_h57",
       CandidateLayer::convolution(
           {.in = 16, .out = 32, .kernel = 3, .stride = 2, .height = 57, .width = 57})},
      {"conv_c64_n8_k1_s1_h14",
       CandidateLayer::convolution({.in = 64, .out = 8, .height = 14, .width = 14})},
      {"fc_i512_o1000", CandidateLayer::fully_connected({.in = 512, .out = 1000})}};
  for (const auto& [name, candidate] : cases) {
    const auto cost = named_cost(*paths, name, 1);
    ASSERT_TRUE(cost) << to_string(cost.error());
    const LayerCost& layer = cost->layers.at(0);
    LayerDescription described{layer.name,          layer.operation,     layer.macs,
                               layer.other_ops,     layer.parameters,    layer.bytes_read,
                               layer.bytes_written, layer.bytes_weights, layer.known,
                               layer.rows,          layer.columns,       layer.depth,
                               layer.groups,        layer.kernel};
    EXPECT_EQ(numbers_of(candidate), numbers_of(CandidateLayer::described(described))) << name;
  }
}

TEST(PublicPredictions, AFileAndItsLayersAgree) {
  const EnergyPredictor predictor = fitted();
  EXPECT_TRUE(predictor.simulated());
  EXPECT_EQ(predictor.board(), "test-board");
  const PredictOptions options{{{"gpu_frequency", "400MHz"}}, 4};
  const auto whole = predictor.predict("resnet-18", options);
  ASSERT_TRUE(whole) << to_string(whole.error());
  EXPECT_EQ(whole->setting.at("gpu_frequency_hz"), 400e6);
  EXPECT_LT(whole->energy_j.low, whole->energy_j.value);
  EXPECT_GT(whole->energy_j.high, whole->energy_j.value);

  const auto paths = find_paths();
  const auto cost = named_cost(*paths, "resnet-18", 4);
  ASSERT_TRUE(cost);
  std::vector<CandidateLayer> layers;
  for (const LayerCost& layer : cost->layers) {
    LayerDescription described{layer.name,          layer.operation,     layer.macs,
                               layer.other_ops,     layer.parameters,    layer.bytes_read,
                               layer.bytes_written, layer.bytes_weights, layer.known,
                               layer.rows,          layer.columns,       layer.depth,
                               layer.groups,        layer.kernel};
    layers.push_back(CandidateLayer::described(described, 4));
  }
  const auto at = predictor.at(options);
  ASSERT_TRUE(at) << to_string(at.error());
  EXPECT_EQ(at->batch(), 4);
  std::vector<PredictorAt::LayerNumbers> each(layers.size());
  const auto numbers = at->network(layers, each);
  ASSERT_TRUE(numbers) << to_string(numbers.error());
  EXPECT_NEAR(numbers->energy_j.value, whole->energy_j.value, 1e-9 * whole->energy_j.value);
  EXPECT_NEAR(numbers->energy_j.high, whole->energy_j.high, 1e-9 * whole->energy_j.high);
  EXPECT_NEAR(numbers->rest_j, whole->rest_j, 1e-9 * whole->energy_j.value);
  EXPECT_FALSE(numbers->cautious);
  for (std::size_t i = 0; i < each.size(); ++i)
    EXPECT_NEAR(each[i].energy_j.value, whole->layers[i].energy_j.value,
                1e-9 * whole->energy_j.value);
}

TEST(PublicPredictions, OutsideOfWhatWasMeasuredIsMarked) {
  const auto at = fitted().at({});
  ASSERT_TRUE(at);
  const std::vector<CandidateLayer> tiny = {CandidateLayer::fully_connected({.in = 4, .out = 4})};
  const auto cost = at->network(tiny);
  ASSERT_TRUE(cost) << to_string(cost.error());
  EXPECT_TRUE(cost->cautious);
}

TEST(PublicPredictions, SizesThatMakeNoSenseAreRefused) {
  const auto at = fitted().at({});
  ASSERT_TRUE(at);
  const CandidateLayer bad[] = {
      CandidateLayer::convolution({.in = 0, .out = 8}),
      CandidateLayer::convolution({.in = 8, .out = 8, .stride = 0}),
      CandidateLayer::convolution({.in = 8, .out = 9, .groups = 4}),
      CandidateLayer::convolution({.in = INT64_MAX, .out = INT64_MAX, .height = INT64_MAX}),
      CandidateLayer::fully_connected({.in = -1, .out = 8}),
      CandidateLayer::element_wise({.inputs = 8, .outputs = 0}),
      CandidateLayer::described({}, 0)};
  for (const CandidateLayer& layer : bad) {
    const auto cost = at->network(std::span(&layer, 1));
    ASSERT_FALSE(cost);
    EXPECT_EQ(cost.error().kind, ErrorKind::invalid);
  }
  EXPECT_FALSE(at->network({}));
  const std::vector<CandidateLayer> one = {CandidateLayer::fully_connected({.in = 8, .out = 8})};
  std::vector<PredictorAt::LayerNumbers> too_many(2);
  EXPECT_FALSE(at->network(one, too_many));
}

TEST(PublicPredictions, ErrorsOfFilesSettingsAndBatches) {
  EXPECT_EQ(EnergyPredictor::open("/no/such/model.json").error().kind, ErrorKind::not_found);
  EXPECT_EQ(EnergyPredictor::of_board("no-such-board").error().kind, ErrorKind::not_found);
  const EnergyPredictor predictor = fitted();
  EXPECT_EQ(predictor.at({{{"cpu_governor", "schedutil"}}, 1}).error().kind,
            ErrorKind::unsupported);
  EXPECT_EQ(predictor.at({{}, 0}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(predictor.predict("no-such-network").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace isojoule

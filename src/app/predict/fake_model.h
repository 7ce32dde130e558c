// A model of closed form for tests: what a layer takes follows from its MACs and the GPU's clock,
// so that the least energy lies between the clocks' ends.
#pragma once

#include <nlohmann/json.hpp>

#include "app/predict_energy.h"

namespace isojoule::fake {

// Time of a layer: its MACs at 100 a cycle of the GPU, and a launch of 20,000 cycles of the CPU.
// Power: 1 W, and 4 W at 1 GHz with the square of the GPU's clock. 10 uJ belong to no layer.
class ClosedFormPredictor final : public Predictor {
 public:
  static constexpr double kRest_j = 10e-6;
  static double time_s(const LayerWork& layer, const OperatingPoint& at) {
    return layer.macs / (100 * at.gpu_hz) + 20e3 / at.cpu_hz;
  }
  static double power_w(const OperatingPoint& at) {
    return 1 + 4 * (at.gpu_hz * 1e-9) * (at.gpu_hz * 1e-9);
  }

 private:
  std::string_view do_kind() const override { return "closed_form"; }
  Prediction do_batch(const NetworkWork& work, const OperatingPoint& point) const override {
    Prediction result;
    double time = 0;
    for (const LayerWork& layer : work.layers) time += time_s(layer, point);
    result.energy_j = kRest_j + time * power_w(point);
    result.time_s = time;
    return result;
  }
  LayerPrediction do_layers(const NetworkWork& work, const OperatingPoint& point,
                            std::span<LayerPrediction> layers) const override {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      layers[i].time_s = time_s(work.layers[i], point);
      layers[i].energy_j = layers[i].time_s * power_w(point);
    }
    return {kRest_j, 0};
  }
  std::vector<Parameter> do_parameters() const override { return {}; }
  nlohmann::json do_state() const override { return {}; }
};

// The clocks of a board of 4 x 3 settings; of all of them but the highest GPU clock runs are known.
inline const std::vector<double> kCpuClocks = {500e6, 1000e6, 1500e6};
inline const std::vector<double> kGpuClocks = {200e6, 400e6, 600e6, 1000e6};

inline PointChoices closed_form_choices() {
  PointChoices choices;
  choices.cpu_hz = kCpuClocks;
  choices.gpu_hz = kGpuClocks;
  choices.source = "the test's";
  return choices;
}

// `half_percent`: of the 90 % intervals.
inline EnergyModel closed_form_model(double half_percent = 5) {
  EnergyModel model;
  model.predictor = std::make_unique<ClosedFormPredictor>();
  const ConformalSpread spread{std::log(1 + half_percent / 100), 1, 100, 10};
  model.network_energy = model.network_time = model.layer_energy = model.layer_time = spread;
  for (const double gpu : {200e6, 400e6, 600e6})
    for (const double cpu : kCpuClocks) model.points.push_back({cpu, gpu, 1600e6, 4});
  model.ranges = {
      {"gpu_frequency", {200e6, 600e6}}, {"cpu_frequency", {500e6, 1500e6}}, {"batch", {1, 8}}};
  Validation nested;
  nested.kind = "nested";
  nested.energy_mape_percent = 4.2;
  nested.time_mape_percent = 3.1;
  nested.coverage_percent = 91;
  nested.groups = 10;
  nested.runs = 100;
  model.validations = {nested};
  model.runs = 100;
  model.network_groups = 10;
  return model;
}

// Of no board that there is, so that the model's own clocks are taken.
inline BoardModel closed_form_board(bool simulated = true) {
  EnergyModelFile file;
  file.board = "test-board";
  file.simulated = simulated;
  file.what = "inference phase, module total, gross";
  file.sources = {"test.study"};
  file.models.push_back(closed_form_model());
  BoardModel board;
  board.board = file.board;
  board.path = "test.json";
  board.file = std::make_shared<const EnergyModelFile>(std::move(file));
  return board;
}

// Layers of so many millions of MACs.
inline NetworkCost made_up_network(const std::vector<double>& million_macs,
                                   std::int64_t batch = 1) {
  NetworkCost cost;
  cost.name = "made-up";
  cost.batch = batch;
  for (const double macs : million_macs) {
    LayerCost layer;
    layer.name = "layer" + std::to_string(cost.layers.size());
    layer.operation = "Conv";
    layer.macs = static_cast<std::int64_t>(macs * 1e6) * batch;
    layer.rows = layer.macs;
    layer.columns = layer.depth = layer.groups = 1;
    layer.kernel = 9;
    layer.output_shape = {batch, 8, 16, 16};
    cost.layers.push_back(layer);
  }
  return cost;
}

}  // namespace isojoule::fake

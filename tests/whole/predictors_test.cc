// Every predictor on every network of the zoo: numbers that could be, and layers that add up.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cost/cost.h"
#include "predict/predictor.h"
#include "predict/test_runs.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

void expect_numbers(const Predictor& predictor, const NetworkWork& work,
                    const OperatingPoint& point) {
  const Prediction whole = predictor.batch(work, point);
  EXPECT_TRUE(std::isfinite(whole.energy_j) && whole.energy_j > 0) << whole.energy_j;
  ASSERT_TRUE(whole.time_s.has_value());
  EXPECT_TRUE(std::isfinite(*whole.time_s) && *whole.time_s > 0) << *whole.time_s;
  std::vector<LayerPrediction> layers(work.layers.size());
  double sum = predictor.layers(work, point, layers).energy_j;
  for (const LayerPrediction& layer : layers) sum += layer.energy_j;
  EXPECT_NEAR(sum / whole.energy_j, 1, 1e-9);
}

TEST(PredictorsOfTheZoo, AreNumbersForEveryNetworkAndBatch) {
  const std::vector<Observation> runs = test_runs(12, {0.3e9, 0.6e9, 1e9});
  std::vector<std::unique_ptr<const Predictor>> predictors;
  for (const PredictorKind& kind : predictor_kinds()) {
    auto fitted = kind.fit(runs, {});
    ASSERT_TRUE(fitted.has_value()) << kind.name << ": " << to_string(fitted.error());
    predictors.push_back(std::move(*fitted));
  }
  for (const ZooNetwork& network : zoo()) {
    SCOPED_TRACE(network.name);
    const auto bytes = zoo_model(network.name, {.dynamic_batch = true, .weights = false});
    ASSERT_TRUE(bytes.has_value()) << to_string(bytes.error());
    for (const std::int64_t batch : {1, 16}) {
      const auto cost = network_cost_of_bytes(*bytes, batch, std::string(network.name));
      ASSERT_TRUE(cost.has_value()) << to_string(cost.error());
      for (const auto& predictor : predictors) {
        SCOPED_TRACE(predictor->kind());
        expect_numbers(*predictor, work_of(*cost), runs[0].point);
      }
    }
  }
}

}  // namespace
}  // namespace isojoule

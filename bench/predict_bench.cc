// Predictions beside what comes before them, reading the network's costs from its file.
#include <benchmark/benchmark.h>

#include <map>

#include "cost/cost.h"
#include "predict/observation_fixture.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

const NetworkCost& zoo_cost(const std::string& name) {
  static std::map<std::string, NetworkCost> costs;
  auto [at, is_new] = costs.try_emplace(name);
  if (is_new) at->second = *network_cost_of_bytes(*zoo_model(name, {.weights = false}), 1, name);
  return at->second;
}

void cost_of_a_file(benchmark::State& state, const std::string& name) {
  const std::string bytes = *zoo_model(name, {.weights = false});
  for (auto _ : state) benchmark::DoNotOptimize(network_cost_of_bytes(bytes, 1, name));
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(zoo_cost(name).layers.size()));
}

// A batch and all of its layers, fitted to a board of known constants at four points.
void predict_layers(benchmark::State& state, const std::string& kind, const std::string& name) {
  const auto runs = predict_fixture::observations_of({}, {.works = 40});
  const auto predictor = (*find_predictor(kind))->fit(runs, {});
  if (!predictor) return state.SkipWithError(to_string(predictor.error()).c_str());
  const NetworkWork work = work_of(zoo_cost(name));
  std::vector<LayerPrediction> layers(work.layers.size());
  const OperatingPoint point{1.5e9, 0.8e9, 0, 0};
  for (auto _ : state) {
    benchmark::DoNotOptimize((*predictor)->batch(work, point));
    benchmark::DoNotOptimize((*predictor)->layers(work, point, layers));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(layers.size()));
}

void fit_runs(benchmark::State& state, const std::string& kind) {
  const auto runs =
      predict_fixture::observations_of({}, {.works = static_cast<std::size_t>(state.range(0)) / 4});
  for (auto _ : state) benchmark::DoNotOptimize((*find_predictor(kind))->fit(runs, {}));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(runs.size()));
}

BENCHMARK_CAPTURE(cost_of_a_file, resnet_50, "resnet-50");
BENCHMARK_CAPTURE(predict_layers, roofline_resnet_50, "roofline", "resnet-50");
BENCHMARK_CAPTURE(predict_layers, mac_resnet_50, "mac", "resnet-50");
BENCHMARK_CAPTURE(cost_of_a_file, mobilenet_v2, "mobilenet-v2");
BENCHMARK_CAPTURE(predict_layers, roofline_mobilenet_v2, "roofline", "mobilenet-v2");
BENCHMARK_CAPTURE(predict_layers, mac_mobilenet_v2, "mac", "mobilenet-v2");
BENCHMARK_CAPTURE(fit_runs, roofline, "roofline")->Arg(320)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit_runs, mac, "mac")->Arg(320)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace isojoule

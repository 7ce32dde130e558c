// Predictions through the public calls, as a search of architectures makes them: layers in a second
// on one core, and a network of them at once.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

#include "isojoule/predict.h"

namespace isojoule {
namespace {

// The model of $ISOJOULE_BENCH_MODEL, or that of the board's twin.
Result<PredictorAt> bench_predictor() {
  const char* file = std::getenv("ISOJOULE_BENCH_MODEL");
  const auto predictor =
      file != nullptr ? EnergyPredictor::open(file) : EnergyPredictor::of_board("twin:jetson-tx2");
  if (!predictor) return tl::unexpected<Error>(predictor.error());
  return predictor->at();
}

// Made anew in each turn: a search makes them anew, too.
void fill(std::vector<CandidateLayer>& layers, std::int64_t width) {
  for (std::size_t i = 0; i < layers.size(); ++i)
    layers[i] = CandidateLayer::convolution(
        {.in = width, .out = width, .kernel = 3, .height = 56, .width = 56});
}

void bench_layers(benchmark::State& state) {
  const auto at = bench_predictor();
  if (!at) return state.SkipWithError(to_string(at.error()).c_str());
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<CandidateLayer> layers(count);
  std::vector<PredictorAt::LayerNumbers> each(count);
  std::int64_t width = 16;
  for (auto _ : state) {
    fill(layers, width);
    width = width < 512 ? width + 1 : 16;
    auto cost = at->network(layers, each);
    benchmark::DoNotOptimize(cost);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(bench_layers)->Arg(1)->Arg(50);

}  // namespace
}  // namespace isojoule

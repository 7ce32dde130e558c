// How long an optimiser thinks: from an answer to the next question and recommendation, after 60
// probes, on 375 settings of two clocks and on 7,656 of four axes. Means over six probes, since
// models find their parameters anew every sixth.
#include <benchmark/benchmark.h>

#include <cmath>

#include "optimise/optimiser.h"
#include "optimise/truth_grid.h"

namespace isojoule {
namespace {

SearchAxis clock_axis(const std::string& name, std::size_t count, double highest) {
  SearchAxis axis{name, {}};
  for (std::size_t i = 1; i <= count; ++i)
    axis.values.emplace_back(
        std::round(highest * static_cast<double>(i) / static_cast<double>(count)));
  return axis;
}

// A board of round numbers: what it costs is beside the point here.
TruthGrid grid_of(bool large) {
  std::vector<SearchAxis> axes = {clock_axis("cpu_frequency", large ? 22 : 25, 1.9e9),
                                  clock_axis("gpu_frequency", large ? 29 : 15, 1.1e9)};
  if (large) {
    axes.push_back(clock_axis("memory_frequency", 3, 1.6e9));
    axes.push_back({"batch", {1.0, 4.0, 8.0, 16.0}});
  }
  TruthGrid grid{large ? "large" : "clocks", "made up", *SearchSpace::grid(axes), {}, {}};
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    const Setting setting = grid.space.setting(p);
    const double c = *setting.number("cpu_frequency") / 1.9e9;
    const double g = *setting.number("gpu_frequency") / 1.1e9;
    const double m = setting.number("memory_frequency").value_or(1.6e9) / 1.6e9;
    const double b = setting.number("batch").value_or(1);
    const double time = 0.002 / c / b + 0.01 * (1 + 0.5 / b) / g + 0.002 / m;
    Metrics metrics;
    at(metrics, Metric::time) = time;
    at(metrics, Metric::latency) = time * b;
    at(metrics, Metric::energy) = time * (2 + c * c * c + 4 * g * g * g + m);
    grid.truth.push_back(metrics);
  }
  return grid;
}

void decide(benchmark::State& state, const OptimiserKind& kind, bool large, bool limited) {
  const TruthGrid grid = grid_of(large);
  Goal goal{*CostFunction::parse("energy"), {}};
  if (limited) goal.limits.push_back(*parse_limit(large ? "latency<60ms" : "latency<20ms"));
  for (auto _ : state) {
    state.PauseTiming();
    GridEvaluator evaluator(grid, {}, 1);
    const auto optimiser = *kind.make(grid.space, goal, SearchOptions{});
    const auto step = [&] {
      const auto question = optimiser->ask();
      if (!question) return;
      optimiser->tell(*evaluator.measure(question->point));
      benchmark::DoNotOptimize(optimiser->recommend());
    };
    for (int i = 0; i < 60; ++i) step();
    state.ResumeTiming();
    for (int i = 0; i < 12; ++i) step();
  }
  state.SetItemsProcessed(12 * state.iterations());
}

const bool registered = [] {
  for (const OptimiserKind& kind : optimiser_kinds())
    for (const bool large : {false, true})
      for (const bool limited : {false, true})
        benchmark::RegisterBenchmark(("decide/" + std::string(kind.name) +
                                      (large ? "/7656" : "/375") + (limited ? "/limit" : ""))
                                         .c_str(),
                                     [&kind, large, limited](benchmark::State& state) {
                                       decide(state, kind, large, limited);
                                     })
            ->Unit(benchmark::kMillisecond);
  return true;
}();

}  // namespace
}  // namespace isojoule

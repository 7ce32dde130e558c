// Made-up grids for the tests of optimisers.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "optimise/search.h"
#include "optimise/truth_grid.h"

namespace isojoule {

inline SearchAxis test_numbers(const std::string& name, double low, double high, int count) {
  SearchAxis axis{name, {}};
  for (int i = 0; i < count; ++i)
    axis.values.emplace_back(count == 1 ? low : low + (high - low) * i / (count - 1));
  return axis;
}

inline Goal test_goal(const std::string& cost, const std::vector<std::string>& limits = {}) {
  auto parsed = CostFunction::parse(cost);
  EXPECT_TRUE(parsed.has_value()) << cost;
  Goal goal{*parsed, {}};
  for (const std::string& limit : limits) {
    auto one = parse_limit(limit);
    EXPECT_TRUE(one.has_value()) << limit;
    goal.limits.push_back(*one);
  }
  return goal;
}

// A convex bowl in the logarithms of all axes of numbers, least a third below each highest value; a
// word costs 10 % more than the one before it. The latency falls with every clock and grows with
// the batch, and all other metrics follow.
inline TruthGrid test_bowl(SearchSpace space, double steepness = 0.8) {
  TruthGrid grid{"bowl", "made up", std::move(space), {}, {}};
  for (GridPoint p = 0; p < grid.space.size(); ++p) {
    double energy = 0, latency = std::log(0.02), memory = std::log(5e8);
    for (std::size_t a = 0; a < grid.space.axes().size(); ++a) {
      const SearchAxis& axis = grid.space.axes()[a];
      const Level own = grid.space.levels(p)[a];
      if (!axis.ordered) {
        energy += 0.1 * own;
        continue;
      }
      const double share = std::log(axis.number(own) / std::get<double>(axis.values.back()));
      energy += steepness * std::pow(share - std::log(2.0 / 3), 2);
      latency += axis.name == "batch" ? 0.9 * share : -0.6 * share;
      if (axis.name == "batch") memory += 0.5 * share;
    }
    Metrics metrics;
    at(metrics, Metric::energy) = 2 * std::exp(energy);
    at(metrics, Metric::latency) = std::exp(latency);
    at(metrics, Metric::latency_p95) = 1.1 * std::exp(latency);
    at(metrics, Metric::latency_p99) = 1.2 * std::exp(latency);
    at(metrics, Metric::time) = std::exp(latency);
    at(metrics, Metric::power) = 2 * std::exp(energy - latency) / 10;
    at(metrics, Metric::memory) = std::exp(memory);
    at(metrics, Metric::temperature) = 50;
    grid.truth.push_back(metrics);
  }
  return grid;
}

inline SearchSpace test_clocks(int cpu, int gpu) {
  return *SearchSpace::grid({test_numbers("cpu_frequency", 1e8, 1.5e9, cpu),
                             test_numbers("gpu_frequency", 1e8, 9e8, gpu)});
}

inline Probe test_probe(GridPoint point, std::map<Metric, double> metrics) {
  Probe probe;
  probe.point = point;
  for (const auto& [metric, value] : metrics) at(probe.metrics, metric) = value;
  return probe;
}

// The optimiser of this name; its absence fails the test.
inline std::unique_ptr<Optimiser> test_optimiser(std::string_view name, const SearchSpace& space,
                                                 const Goal& goal,
                                                 const SearchOptions& options = {}) {
  const auto kind = find_optimiser(name);
  EXPECT_TRUE(kind.has_value());
  auto made = (*kind)->make(space, goal, options);
  EXPECT_TRUE(made.has_value()) << name << ": " << (made ? "" : made.error().what);
  return made ? std::move(*made) : nullptr;
}

}  // namespace isojoule

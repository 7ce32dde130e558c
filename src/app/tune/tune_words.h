// How a search reads on a terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/tune/tune_goal.h"
#include "optimise/space.h"

namespace isojoule {

// "12.3 mJ" of a cost in J, "0.00123" of one without a unit.
std::string cost_text(double cost, const CostFunction& function);
// "12.3 mJ", "1.30 GB", "61.5 C"
std::string metric_text(Metric metric, double value);
// "1.3 %", of a share; two digits.
std::string share_text(double share);
// A value without an axis of its own; clocks in MHz.
std::string value_words(const std::string& axis, const Value& value);

// "gpu_frequency 921.6 MHz, batch 8": the axes of the space alone.
std::string setting_words(const SearchSpace& space, GridPoint point);

// Costs over the probes on a logarithmic scale: 'o' a probe, '#' one of them that breaks a limit,
// '-' the least so far. Empty where fewer than two are known.
struct PlottedProbe {
  std::optional<double> cost;  // of this probe alone
  bool met = true;
  std::optional<double> least;  // of what would be recommended after it
};
std::string cost_plot(const std::vector<PlottedProbe>& probes, const CostFunction& function);

// "latency_p99<33ms: 41.0 ms, 24 % beyond" a line; of those that are not kept.
std::string limits_text(const Goal& goal, const Metrics& metrics);

}  // namespace isojoule

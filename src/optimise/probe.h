// What one look at a setting told.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "optimise/space.h"

namespace isojoule {

// What a cost or a limit can be about. SI units; of one inference, but for the latencies.
enum class Metric : std::uint8_t {
  energy,       // J an inference
  latency,      // s: mean duration of a batch, which is what its first input waits for
  latency_p95,  // s
  latency_p99,  // s
  time,         // s an inference: 1 / throughput
  power,        // W, mean of the inference phase
  memory,       // bytes, the most that the process had
  temperature,  // degrees Celsius, the highest
};
inline constexpr std::size_t kMetrics = 8;
std::string_view name_of(Metric metric);  // "latency_p99"
std::string_view unit_of(Metric metric);  // "s"
// Error: not_found, with the nearest.
Result<Metric> metric_named(std::string_view name);

using Metrics = std::array<std::optional<double>, kMetrics>;
inline std::optional<double>& at(Metrics& metrics, Metric metric) {
  return metrics[static_cast<std::size_t>(metric)];
}
inline const std::optional<double>& at(const Metrics& metrics, Metric metric) {
  return metrics[static_cast<std::size_t>(metric)];
}

struct Probe {
  GridPoint point = 0;
  Metrics metrics;
  std::string failure;    // why it could not run; "": it ran
  bool definite = false;  // a failure that would come again: never tried again
  // What finding out took; 0: not known.
  double seconds = 0;
  double joules = 0;
};

}  // namespace isojoule

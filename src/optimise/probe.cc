#include "optimise/probe.h"

#include "base/text.h"

namespace isojoule {
namespace {

struct MetricName {
  std::string_view name, unit;
};
constexpr std::array<MetricName, kMetrics> kNames = {{{"energy", "J"},
                                                      {"latency", "s"},
                                                      {"latency_p95", "s"},
                                                      {"latency_p99", "s"},
                                                      {"time", "s"},
                                                      {"power", "W"},
                                                      {"memory", "B"},
                                                      {"temperature", "C"}}};

}  // namespace

std::string_view name_of(Metric metric) { return kNames[static_cast<std::size_t>(metric)].name; }
std::string_view unit_of(Metric metric) { return kNames[static_cast<std::size_t>(metric)].unit; }

Result<Metric> metric_named(std::string_view name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (kNames[i].name == name) return static_cast<Metric>(i);
    names.emplace_back(kNames[i].name);
  }
  const std::string nearest = nearest_name(name, names);
  return fail(
      ErrorKind::not_found, "nothing that is measured is called '" + std::string(name) + "'",
      nearest.empty() ? "There are: " + join(names, ", ") : "Did you mean " + nearest + "?");
}

}  // namespace isojoule

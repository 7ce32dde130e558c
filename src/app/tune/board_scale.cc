#include "app/tune/board_scale.h"

#include <algorithm>

#include "app/tune/run_probe.h"
#include "app/tune/tune_runs.h"

namespace isojoule {
namespace {

// What no scale is known for is not comparable, and absent.
void scale_metrics(const std::optional<double>& scale, Metrics& metrics) {
  for (const Metric metric : {Metric::energy, Metric::power}) {
    auto& value = at(metrics, metric);
    if (!scale) value.reset();
    if (value) *value *= *scale;
  }
}

}  // namespace

Probe BoardScale::probe(const Run& run, const Run& governors, GridPoint point) {
  Probe probe = probe_of(run, notes_of(run).value_or(TuneNotes{}), point);
  const auto scale = scale_of(governors);
  if (probe.failure.empty() && at(probe.metrics, Metric::energy) && !scale && needs_scale()) {
    probe.failure =
        "the governors were not measured on " + run.on_board + ", which it would be compared with";
    probe.metrics = {};
  }
  scale_metrics(scale, probe.metrics);
  return probe;
}

std::optional<Metrics> BoardScale::governors(const Run& run, const Run& first) {
  if (!failure_of(run).empty()) return {};
  Metrics metrics = metrics_of(run);
  scale_metrics(scale_of(first), metrics);
  return metrics;
}

// What energies of this block are to be multiplied with; nothing where its governors were not
// measured.
std::optional<double> BoardScale::scale_of(const Run& governors) {
  if (!failure_of(governors).empty()) return {};
  const auto energy = at(metrics_of(governors), Metric::energy);
  if (!energy) return std::nullopt;
  if (!reference_) reference_ = *energy;
  return *reference_ / *energy;
}

bool BoardScale::needs_scale() const {
  const auto metrics = goal_.metrics();
  return std::any_of(metrics.begin(), metrics.end(), [](Metric metric) {
    return metric == Metric::energy || metric == Metric::power;
  });
}

}  // namespace isojoule

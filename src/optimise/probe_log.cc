#include "optimise/probe_log.h"

#include <cmath>

namespace isojoule {
namespace {

Metrics finite_ones(const Metrics& metrics) {
  Metrics finite = metrics;
  for (auto& value : finite)
    if (value && !std::isfinite(*value)) value.reset();
  return finite;
}

// Energies and times err relatively, so their means are geometric.
double mean_with(double mean, double fresh, std::int64_t count) {
  const double share = 1.0 / static_cast<double>(count);
  if (mean > 0 && fresh > 0)
    return std::exp((1 - share) * std::log(mean) + share * std::log(fresh));
  return (1 - share) * mean + share * fresh;
}

}  // namespace

void ProbeLog::add(const Probe& probe) {
  if (probe.point < 0 || probe.point >= space_.size()) return;
  probes_.push_back(probe);
  if (!probe.failure.empty()) {
    if (probe.definite) out_.insert(probe.point);
    ++misses_[probe.point];
    return;
  }
  const Metrics metrics = finite_ones(probe.metrics);
  probes_.back().metrics = metrics;
  if (goal_.cost.needs_reference()) goal_.cost.set_reference(metrics);
  if (!goal_.cost.of(metrics) || !goal_.beyond(metrics)) ++misses_[probe.point];
  Seen& seen = seen_[probe.point];
  if (seen.count++ == 0) order_.push_back(probe.point);
  for (std::size_t m = 0; m < kMetrics; ++m) {
    if (!metrics[m]) continue;
    const std::int64_t count = ++seen.counts[m];
    seen.mean[m] = count == 1 ? *metrics[m] : mean_with(*seen.mean[m], *metrics[m], count);
  }
}

const Metrics* ProbeLog::mean(GridPoint point) const {
  const auto found = seen_.find(point);
  return found == seen_.end() ? nullptr : &found->second.mean;
}

std::int64_t ProbeLog::count(GridPoint point) const {
  const auto found = seen_.find(point);
  return found == seen_.end() ? 0 : found->second.count;
}

bool ProbeLog::may_run(GridPoint point) const {
  if (is_out(point)) return false;
  const auto found = misses_.find(point);
  return found == misses_.end() || found->second < kMostMisses;
}

std::optional<double> ProbeLog::cost(GridPoint point) const {
  const Metrics* const metrics = mean(point);
  if (metrics == nullptr) return {};
  return goal_.cost.of(*metrics);
}

std::optional<double> ProbeLog::beyond(GridPoint point) const {
  const Metrics* const metrics = mean(point);
  if (metrics == nullptr) return {};
  return goal_.beyond(*metrics);
}

std::optional<GridPoint> ProbeLog::best() const {
  std::optional<GridPoint> best;
  double least_beyond = 0, least_cost = 0;
  for (const GridPoint point : order_) {
    const auto past = beyond(point), own = cost(point);
    if (!past || !own || is_out(point)) continue;
    const bool better =
        !best || *past < least_beyond || (*past == least_beyond && *own < least_cost);
    if (!better) continue;
    best = point;
    least_beyond = *past;
    least_cost = *own;
  }
  return best;
}

}  // namespace isojoule

#include "optimise/probe_log.h"

#include <cmath>

namespace isojoule {
namespace {

// Energies and times err relatively, so their means are geometric.
void blend(Metrics& mean, const Metrics& fresh, std::int64_t count) {
  const double share = 1.0 / static_cast<double>(count);
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (!mean[i] || !fresh[i]) {
      if (!mean[i]) mean[i] = fresh[i];
      continue;
    }
    const bool positive = *mean[i] > 0 && *fresh[i] > 0;
    mean[i] = positive ? std::exp((1 - share) * std::log(*mean[i]) + share * std::log(*fresh[i]))
                       : (1 - share) * *mean[i] + share * *fresh[i];
  }
}

}  // namespace

void ProbeLog::add(const Probe& probe) {
  probes_.push_back(probe);
  if (!probe.failure.empty()) {
    if (probe.definite) out_.insert(probe.point);
    return;
  }
  Seen& seen = seen_[probe.point];
  if (seen.count == 0) order_.push_back(probe.point);
  ++seen.count;
  blend(seen.mean, probe.metrics, seen.count);
}

const Metrics* ProbeLog::mean(GridPoint point) const {
  const auto found = seen_.find(point);
  return found == seen_.end() ? nullptr : &found->second.mean;
}

std::int64_t ProbeLog::count(GridPoint point) const {
  const auto found = seen_.find(point);
  return found == seen_.end() ? 0 : found->second.count;
}

std::optional<double> ProbeLog::cost(GridPoint point) const {
  const Metrics* const metrics = mean(point);
  if (metrics == nullptr) return {};
  return goal_.cost.of(*metrics);
}

bool ProbeLog::meets(GridPoint point) const {
  const Metrics* const metrics = mean(point);
  return metrics != nullptr && goal_.met(*metrics);
}

std::optional<GridPoint> ProbeLog::best() const {
  std::optional<GridPoint> best;
  double least_beyond = 0, least_cost = 0;
  for (const GridPoint point : order_) {
    const auto beyond = goal_.beyond(*mean(point));
    const auto own = cost(point);
    if (!beyond || !own) continue;
    const bool better =
        !best || *beyond < least_beyond || (*beyond == least_beyond && *own < least_cost);
    if (!better) continue;
    best = point;
    least_beyond = *beyond;
    least_cost = *own;
  }
  return best;
}

}  // namespace isojoule

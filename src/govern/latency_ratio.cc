#include "govern/latency_ratio.h"

#include <algorithm>
#include <cmath>

namespace isojoule {

void LatencyRatio::pass(double seconds) {
  const double keep = std::exp(-std::max(0.0, seconds) / options_.memory_s);
  for (double& weight : weights_) weight *= keep;
  sum_ *= keep;
}

void LatencyRatio::see(double log_ratio) {
  if (!std::isfinite(log_ratio)) return;
  const double bin = std::clamp((log_ratio - kLeast) / kStep, 0.0, double{kBins - 1});
  weights_[static_cast<std::size_t>(bin)] += 1;
  sum_ += 1;
}

double LatencyRatio::quantile(double late_share) const {
  if (!(sum_ > 1e-9)) return 0;
  double beyond = 0;
  std::size_t bin = kBins;
  while (bin > 0 && beyond < late_share * sum_) beyond += weights_[--bin];
  const double upper = kLeast + kStep * static_cast<double>(bin + 1);
  return upper * std::min(1.0, sum_ / options_.believed_after);
}

}  // namespace isojoule

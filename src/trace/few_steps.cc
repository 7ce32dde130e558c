#include "trace/few_steps.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isojoule {

std::map<double, double> few_steps(std::map<double, double> shares) {
  if (shares.size() <= kMostSteps) return shares;
  const auto least = *shares.begin(), most = *shares.rbegin();
  const double width = (most.first - least.first) / kStepBins;
  if (!std::isfinite(width) || width <= 0) return {};
  std::array<double, kStepBins> percent{}, weighted{};
  for (auto at = std::next(shares.begin()); at != std::prev(shares.end()); ++at) {
    const auto& [value, share] = *at;
    const auto bin =
        std::min(static_cast<std::size_t>((value - least.first) / width), kStepBins - 1);
    percent[bin] += share;
    weighted[bin] += share * value;
  }
  std::map<double, double> joined = {least, most};
  for (std::size_t bin = 0; bin < kStepBins; ++bin)
    if (percent[bin] > 0) joined[weighted[bin] / percent[bin]] += percent[bin];
  return joined;
}

}  // namespace isojoule

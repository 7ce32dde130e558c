#include "app/predict/network_difference.h"

#include <cmath>
#include <limits>

namespace isojoule {
namespace {

Interval ratio_interval(double ratio, double half_a, double half_b) {
  const double half = std::hypot(half_a, half_b);
  if (!std::isfinite(half)) return {0, std::numeric_limits<double>::infinity()};
  return {ratio * std::exp(-half), ratio * std::exp(half)};
}

}  // namespace

NetworkDifference difference_of(const NetworkAnswer& a, const NetworkAnswer& b) {
  NetworkDifference result;
  const double energy_a = a.total.energy_j / a.inferences();
  const double energy_b = b.total.energy_j / b.inferences();
  result.ratio = energy_b / energy_a;
  result.difference_j = energy_b - energy_a;
  result.ratio_90 =
      ratio_interval(result.ratio, log_half_width(a.total.energy_j, a.total.energy_90),
                     log_half_width(b.total.energy_j, b.total.energy_90));
  if (!a.total.time_s || !b.total.time_s) return result;
  result.time_ratio = (*b.total.time_s / b.inferences()) / (*a.total.time_s / a.inferences());
  if (a.total.time_90 && b.total.time_90)
    result.time_ratio_90 =
        ratio_interval(*result.time_ratio, log_half_width(*a.total.time_s, *a.total.time_90),
                       log_half_width(*b.total.time_s, *b.total.time_90));
  return result;
}

}  // namespace isojoule

#include "govern/arrival_rate.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

double approach(double seconds, double time_constant) {
  return 1 - std::exp(-seconds / time_constant);
}

}  // namespace

void ArrivalRate::add(std::int64_t count, double seconds) {
  if (!(seconds > 0) || count < 0) return;
  const auto n = static_cast<double>(count);
  const double rate = n / seconds;
  if (!seen_) {
    seen_ = true;
    mean_hz_ = peak_hz_ = rate;
    return;
  }
  const double expected = mean_hz_ * seconds;
  const double away = (n - expected) / std::sqrt(1 + dispersion_ * expected);
  double time_constant = options_.calm_gain_s;
  if (away > options_.surprise) time_constant = options_.jump_up_s;
  if (away < -options_.surprise) time_constant = options_.jump_down_s;
  // Three requests where one was expected are no evidence as thirty for ten are.
  const double evidence = away > options_.surprise ? n / (n + options_.few) : 1;
  mean_hz_ += evidence * approach(seconds, time_constant) * (rate - mean_hz_);
  // Jumps are the mean's matter; a spread that they were in would hide the next one.
  const double square = std::min(away * away, options_.surprise * options_.surprise * 2) *
                        (1 + dispersion_ * expected) / (1 + expected);
  dispersion_ += approach(seconds, options_.spread_window_s) * (square - dispersion_);
  dispersion_ = std::clamp(dispersion_, 0.2, 50.0);
  peak_hz_ += approach(seconds, options_.peak_decay_s) * (mean_hz_ - peak_hz_);
  peak_hz_ = std::max(peak_hz_, mean_hz_);
}

Arrivals ArrivalRate::now() const { return {mean_hz_, peak_hz_, dispersion_}; }

}  // namespace isojoule

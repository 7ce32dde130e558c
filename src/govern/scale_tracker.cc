#include "govern/scale_tracker.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

double squared(double x) { return x * x; }
constexpr double kFarthest = 3;  // logarithm: a factor of twenty is no slow-down but a mistake

}  // namespace

ScaleTracker::ScaleTracker(std::vector<double> log_sd, const ScaleOptions& options)
    : options_(options), common_variance_(squared(options.start_sd)), own_(log_sd.size(), 0.0) {
  own_variance_.reserve(log_sd.size());
  for (const double sd : log_sd)
    own_variance_.push_back(squared(std::max(options_.own_floor_sd, sd)));
  prior_variance_ = own_variance_;
}

double ScaleTracker::common_sd() const { return std::sqrt(common_variance_); }

void ScaleTracker::pass(double seconds) {
  common_variance_ = std::min(squared(options_.start_sd),
                              common_variance_ + squared(options_.walk_per_s) * seconds);
}

bool ScaleTracker::see(GridPoint point, double log_ratio, double variance) {
  if (!std::isfinite(log_ratio) || !(variance > 0)) return false;
  const std::size_t i = index(point);
  const double innovation = std::clamp(log_ratio, -kFarthest, kFarthest) - common_ - own_[i];
  const double spread = common_variance_ + own_variance_[i] + variance;
  const double common_gain = common_variance_ / spread, own_gain = own_variance_[i] / spread;
  common_ += common_gain * innovation;
  own_[i] += own_gain * innovation;
  common_variance_ *= 1 - common_gain;
  own_variance_[i] = std::max(squared(options_.own_floor_sd), own_variance_[i] * (1 - own_gain));
  return add_up(innovation / std::sqrt(spread));
}

bool ScaleTracker::add_up(double normalised) {
  const double step = std::clamp(normalised, -4.0, 4.0);  // one absurd report is no drift
  above_ = std::max(0.0, above_ + step - options_.cusum_slack);
  below_ = std::max(0.0, below_ - step - options_.cusum_slack);
  if (above_ < options_.cusum_alarm && below_ < options_.cusum_alarm) return false;
  above_ = below_ = 0;
  return true;
}

void ScaleTracker::forget() {
  common_variance_ = squared(options_.forget_sd);
  // What was learnt of a setting was learnt under other circumstances: half of it is kept.
  for (std::size_t i = 0; i < own_.size(); ++i)
    own_variance_[i] = std::max(own_variance_[i], 0.25 * prior_variance_[i]);
}

}  // namespace isojoule

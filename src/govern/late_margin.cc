#include "govern/late_margin.h"

#include <algorithm>
#include <cmath>

namespace isojoule {

void LateMargin::see(std::int64_t served, std::int64_t late, double seconds, double rate_hz) {
  if (served <= 0 || !(seconds > 0)) return;
  const auto n = static_cast<double>(served), l = static_cast<double>(late);
  const double keep = std::exp(-seconds / options_.recent_s);
  served_ = keep * served_ + n;
  late_ = keep * late_ + l;
  const double budget = std::max(0.5, aim_ * rate_hz * options_.window_s);
  const double step = options_.gain * (l - aim_ * n) / budget;
  value_ += std::clamp(step, -options_.longest_step, options_.longest_step);
  value_ = std::clamp(value_, options_.least, options_.most);
}

}  // namespace isojoule

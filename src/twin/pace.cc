#include "twin/pace.h"

#include <algorithm>

namespace isojoule::twin {

Pace::Pace(const PaceOptions& options) : options_(options) {
  if (options_.factor <= 0) return;
  if (options_.real == nullptr) {
    own_ = make_real_clock();
    options_.real = own_.get();
  }
  due_ = options_.real->now();
}

void Pace::pass(Instant from, Instant to) {
  if (options_.factor <= 0 || to <= from) return;
  Clock& real = *options_.real;
  Instant now = real.now();
  const auto length = static_cast<double>((to - from).ns) / options_.factor;
  due_ = std::max(due_, now - kDebt) + Duration{static_cast<std::int64_t>(length)};
  if (due_ - now <= kLead) return;
  for (; now < due_ && !interrupted(); now = real.now())
    real.sleep_until(std::min(due_, now + kSlice));
  if (interrupted()) due_ = now;
}

}  // namespace isojoule::twin

#include "engine/warm_up.h"

#include <algorithm>
#include <cstdio>

namespace isojoule {

WarmUp::WarmUp(const Job& job)
    : batches_(job.warmup_batches),
      time_(job.warmup_time),
      until_stable_(job.warmup_until_stable) {}

bool WarmUp::done() const {
  if (made_ < batches_ || spent_ < time_) return false;
  return !until_stable_ || stable_ || spent_ >= std::max(kWarmUpLimit, time_);
}

void WarmUp::add(Instant begin, Instant end) {
  ++made_;
  spent_ = spent_ + (end - begin);
  if (!until_stable_) return;
  window_.push_back((end - begin).seconds().value());
  if (window_.size() == kWarmUpWindow) look_at_window();
}

void WarmUp::look_at_window() {
  constexpr std::size_t kWindows = 3;
  std::sort(window_.begin(), window_.end());
  medians_.push_back(window_[kWarmUpWindow / 2]);
  window_.clear();
  if (medians_.size() < kWindows) return;
  const auto [least, most] = std::minmax_element(medians_.end() - kWindows, medians_.end());
  stable_ = *most - *least <= kWarmUpTolerance * (*most + *least) / 2;
}

std::string WarmUp::words() const {
  char text[96];
  std::snprintf(text, sizeof(text), "%lld batches, %.3g s", static_cast<long long>(made_),
                spent_.seconds().value());
  std::string words = text;
  if (until_stable_) words += stable_ ? ", stable" : ", not stable";
  return words;
}

}  // namespace isojoule

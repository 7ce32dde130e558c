// When a warm-up is over: after so many batches, so much time, or when batches take the same time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "engine/engine.h"

namespace isojoule {

// Stable: the medians of the last three windows of kWarmUpWindow batches lie within
// kWarmUpTolerance of their mean, one after the other, so that a clock that still rises or a cache
// that still fills shows. A warm-up that does not settle ends after kWarmUpLimit of time.
inline constexpr std::size_t kWarmUpWindow = 5;
inline constexpr double kWarmUpTolerance = 0.02;
inline constexpr Duration kWarmUpLimit = Duration::milliseconds(60'000);

class WarmUp {
 public:
  explicit WarmUp(const Job& job);
  bool wanted() const { return batches_ > 0 || time_.ns > 0 || until_stable_; }
  bool done() const;
  void add(Instant begin, Instant end);
  // "12 batches, 1.2 s, stable", "..., not stable".
  std::string words() const;

 private:
  void look_at_window();

  std::int64_t batches_;
  Duration time_;
  bool until_stable_;
  std::int64_t made_ = 0;
  Duration spent_;
  std::vector<double> window_;   // seconds of the batches of the window in the making
  std::vector<double> medians_;  // of whole windows
  bool stable_ = false;
};

}  // namespace isojoule

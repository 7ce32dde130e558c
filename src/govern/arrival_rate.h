// How many requests come: a mean that follows a jump at once and noise slowly, a peak to provide
// for, and how bursty they are (index of dispersion for counts; D. R. Cox and P. A. W. Lewis, "The
// Statistical Analysis of Series of Events", 1966).
#pragma once

#include <cstdint>

#include "govern/queue_forecast.h"

namespace isojoule {

struct ArrivalOptions {
  double calm_gain_s = 6;    // time constant while counts agree with the mean
  double jump_up_s = 0.4;    // while they are far above it: a deadline is about bursts
  double jump_down_s = 1.5;  // while they are far below it
  double surprise = 2.0;     // standard deviations that are far
  double few = 4;            // requests that halve a jump's weight
  double peak_decay_s = 8;   // of what was needed lately
  double spread_window_s = 60;
};

class ArrivalRate {
 public:
  explicit ArrivalRate(const ArrivalOptions& options = {}) : options_(options) {}
  void add(std::int64_t count, double seconds);
  Arrivals now() const;
  bool seen() const { return seen_; }

 private:
  ArrivalOptions options_;
  bool seen_ = false;
  double mean_hz_ = 0, peak_hz_ = 0, dispersion_ = 1;
};

}  // namespace isojoule

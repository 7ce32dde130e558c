// What the slowest requests really take, over what was forecast: the quantile of log(latency /
// forecast) among recent requests, from a histogram that fades. A forecast for another setting is
// corrected by it, so that a limit is used long before the first request is late.
#pragma once

#include <array>
#include <cstddef>

namespace isojoule {

struct RatioOptions {
  double memory_s = 240;        // of the histogram
  double believed_after = 300;  // requests: with fewer the correction is in proportion
};

class LatencyRatio {
 public:
  explicit LatencyRatio(const RatioOptions& options = {}) : options_(options) {}
  void pass(double seconds);
  void see(double log_ratio);
  // Log ratio that `late_share` of the requests are beyond; 0 while nothing was seen.
  double quantile(double late_share) const;

 private:
  static constexpr double kLeast = -3, kStep = 0.04;
  static constexpr std::size_t kBins = 150;  // to +3
  RatioOptions options_;
  std::array<double, kBins> weights_{};
  double sum_ = 0;
};

}  // namespace isojoule

// How far below the limit a forecast must stay so that no more requests are late than may be: an
// integral controller on the violations, m += gain (late - aim) in requests, which makes the share
// that is late over a long time the aim, whatever the forecast gets wrong (I. Gibbs and E. Candes,
// "Adaptive Conformal Inference Under Distribution Shift", NeurIPS 2021).
#pragma once

#include <cstdint>

namespace isojoule {

struct MarginOptions {
  double gain = 0.05;    // log latency a budget of `window_s`
  double window_s = 60;  // in which the aim's requests are that budget
  double start = 0.0;    // log latency
  double least = -1.0, most = 1.5;
  double longest_step = 0.15;  // an epoch that was late altogether says no more
  double recent_s = 180;       // of what recent_late() tells
};

class LateMargin {
 public:
  explicit LateMargin(double aim, const MarginOptions& options = {})
      : options_(options), aim_(aim), value_(options.start) {}
  // `rate_hz`: of requests, on the mean.
  void see(std::int64_t served, std::int64_t late, double seconds, double rate_hz);
  double value() const { return value_; }
  double recent_late() const { return served_ > 0 ? late_ / served_ : 0; }

 private:
  MarginOptions options_;
  double aim_;
  double value_;
  double served_ = 0, late_ = 0;  // fading
};

}  // namespace isojoule

// How far a table is from what is seen: one factor for all settings that moves (the input mix, what
// else runs, temperature), and one for each that stays (what the table does not know). Both in
// logarithms, each a Kalman filter (the slow-down factor of C. Wan et al., "ALERT: Accurate
// Learning for Energy and Timeliness", USENIX ATC 2020); an innovation is shared out by their
// variances.
//
// A change of the common factor that the filter did not foresee adds up in two cumulative sums of
// normalised innovations (E. S. Page, "Continuous Inspection Schemes", Biometrika 41, 1954).
#pragma once

#include <vector>

#include "optimise/space.h"

namespace isojoule {

struct ScaleOptions {
  double walk_per_s = 0.004;   // standard deviation of the common factor's walk after a second
  double start_sd = 0.15;      // of the common factor, before anything was seen
  double own_floor_sd = 0.01;  // a setting's own factor is never known better
  double cusum_slack = 1.0;    // standard deviations an observation that are usual
  double cusum_alarm = 10;     // sum of those beyond that are not
  double forget_sd = 0.15;     // of the common factor after an alarm
};

class ScaleTracker {
 public:
  // `log_sd`: of each setting's own factor.
  ScaleTracker(std::vector<double> log_sd, const ScaleOptions& options = {});

  void pass(double seconds);
  // log(seen / table) of a setting, with its variance. True: the common factor has jumped.
  bool see(GridPoint point, double log_ratio, double variance);
  double log_factor(GridPoint point) const { return common_ + own_[index(point)]; }
  double variance(GridPoint point) const { return common_variance_ + own_variance_[index(point)]; }
  double common() const { return common_; }
  double common_sd() const;
  double own_variance(GridPoint point) const { return own_variance_[index(point)]; }
  void forget();  // the common factor, and a part of each setting's own

 private:
  static std::size_t index(GridPoint point) { return static_cast<std::size_t>(point); }
  bool add_up(double normalised);

  ScaleOptions options_;
  double common_ = 0, common_variance_;
  std::vector<double> own_, own_variance_, prior_variance_;
  double above_ = 0, below_ = 0;
};

}  // namespace isojoule

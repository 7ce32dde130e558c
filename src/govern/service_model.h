// What a controller believes of the settings: the table, corrected by what was seen since.
#pragma once

#include <vector>

#include "govern/controller.h"
#include "govern/queue_forecast.h"
#include "govern/scale_tracker.h"

namespace isojoule {

class ServiceModel {
 public:
  explicit ServiceModel(OperatingTable table);

  bool known(GridPoint point) const { return known_[static_cast<std::size_t>(point)] != 0; }
  GridPoint size() const { return static_cast<GridPoint>(known_.size()); }
  const OperatingTable& table() const { return table_; }
  const ServicePoint& row(GridPoint point) const {
    return table_.points[static_cast<std::size_t>(point)];
  }

  void pass(double seconds);
  // Learns from an epoch at one setting. `whole`: the board was there in the last one, too, so that
  // no batch began elsewhere. True: something has jumped.
  bool learn(GridPoint point, const EpochReport& report, double seconds, bool whole);
  void forget();

  BatchLine line(GridPoint point) const;
  double latency_sd(GridPoint point) const;  // of log duration
  double energy_sd(GridPoint point) const;   // of log energy
  bool seen(GridPoint point) const { return seen_[static_cast<std::size_t>(point)] > 0; }
  const ScaleTracker& time() const { return time_; }
  const ScaleTracker& power() const { return power_; }

 private:
  double partial_log(const ServicePoint& row, double requests) const;
  bool learn_time(GridPoint point, const EpochReport& report, bool whole);
  bool learn_power(GridPoint point, const EpochReport& report, double seconds);

  OperatingTable table_;
  std::vector<char> known_;
  std::vector<std::int64_t> seen_;  // epochs
  ScaleTracker time_, power_;
  double shape_ = 0, shape_variance_;  // log duration of an empty batch over the table's
  double spread_ = 0.05;               // between batches, as they are seen
};

}  // namespace isojoule

// One rail's readings as they come: the present power, least and most within a frame, and the
// energy since the start.
//
// The energy follows the rules of trace/integrate.h as far as they can be followed without what
// comes later: a straight line between two readings, differences of a counter; two readings further
// apart than 1.5 paces raise sample_gap, beyond kLongGap paces nothing is summed (gap_not_bridged).
// It has no uncertainty: a recording gives that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "data/counter.h"
#include "data/trace.h"

namespace isojoule {

class RailSum {
 public:
  // `calibration`s are in the info. `period`: between two ticks.
  RailSum(ChannelInfo info, Duration period);

  // The next reading; `phase` is what its time since the last one is counted to.
  void take(std::int64_t time_ns, std::int32_t a, std::int32_t b, const std::string& phase,
            Counters& counters);

  // Of the readings since the last call; where none came but none was due either, the last one's.
  struct Stretch {
    std::optional<double> power_w, least_w, most_w;
  };
  Stretch end_frame(std::int64_t now_ns);

  const ChannelInfo& info() const { return info_; }
  std::optional<double> energy_j() const {
    return has_energy_ ? std::optional(energy_j_) : std::nullopt;
  }
  const std::map<std::string, double>& phase_energy_j() const { return phase_energy_j_; }
  std::uint64_t readings() const { return readings_; }
  // Of the reading at this very time, where it was the last one taken.
  std::optional<double> power_at(std::int64_t time_ns) const;

 private:
  void add_power(double watts);
  std::int64_t pace_ns() const;

  ChannelInfo info_;
  Duration period_;
  std::int64_t last_ns_ = 0;
  std::int32_t last_a_ = 0;
  double last_w_ = 0;
  bool has_last_ = false, has_power_ = false, has_energy_ = false;
  double energy_j_ = 0;
  std::map<std::string, double> phase_energy_j_;
  std::uint64_t readings_ = 0;
  // within the frame
  double sum_w_ = 0, least_w_ = 0, most_w_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace isojoule

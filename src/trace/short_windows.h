// Energy of windows too short for the sensor to see one by one, from what its readings say of all
// of them together. The rule stands in window_energies.h.
#pragma once

#include <cstdint>
#include <vector>

#include "trace/integrate.h"

namespace isojoule {

struct TimeSpan {
  std::int64_t begin, end;  // ns
};
std::int64_t length_of(const std::vector<TimeSpan>& all);

// What one reading says of a stretch of time; a stretch without length is a moment.
struct ReadStretch {
  std::int64_t begin, end;
  double power_w;
};

// A channel as it is seen for every name.
struct SeenChannel {
  std::vector<ReadStretch> readings;  // ascending
  double mean_voltage_v = 0;          // 0 for a channel without voltage
};
SeenChannel seen_of(const Channel& channel);

// `windows` in any order, not empty. Absent, with the reason, where no reading is near any of them.
Energy energy_together(const ChannelInfo& info, const SeenChannel& seen,
                       const std::vector<TimeSpan>& windows, Duration period);

}  // namespace isojoule

// Channels with readings at given times, for tests.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "data/trace.h"

namespace isojoule::test {

inline constexpr std::int64_t kMs = 1'000'000;
inline const Duration kPeriod = Duration::milliseconds(100);

inline Instant at(double seconds) { return {std::llround(seconds * 1e9)}; }

// A channel of 1 uW steps that reads `power` (W) at each time (s).
inline Channel channel_of(const std::vector<double>& times,
                          const std::function<double(double)>& power, double window = 0) {
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.sensor = "ina3221 6-0040 channel 0";
  channel.info.kind = ChannelKind::power;
  channel.info.step_a = 1e-6;
  channel.info.window = Second(window);
  for (const double time : times) {
    channel.time_ns.push_back(at(time).ns);
    channel.a.push_back(static_cast<std::int32_t>(std::lround(power(time) * 1e6)));
  }
  return channel;
}

inline std::vector<double> ticks(double from, double to, double step = 0.1) {
  std::vector<double> times;
  for (int i = 0; from + i * step <= to + 1e-9; ++i) times.push_back(from + i * step);
  return times;
}

}  // namespace isojoule::test

// A channel's power as a curve over time: straight between the middles of the readings' windows,
// held before the first and after the last.
#pragma once

#include <cstdint>
#include <vector>

#include "data/trace.h"

namespace isojoule {

class PowerCurve {
 public:
  // Of a channel of voltage and current or of power. A reading that repeats the last one within the
  // chip's window is stale: it says nothing new, and the value stays at the first time it was seen.
  explicit PowerCurve(const Channel& channel);

  bool empty() const { return time_s_.empty(); }
  // Seconds on the curve's own line, which begins at the first reading: exact to a picosecond.
  double on_line(Instant instant) const;
  double power_at(double time_s) const;                 // W
  double integral(double begin_s, double end_s) const;  // J; begin <= end
  // Standard uncertainty of the integral from the readings' scatter, J: see the .cc.
  double sampling_uncertainty(double begin_s, double end_s) const;
  double spacing_at(double time_s) const;  // s between the two middles around it
  double last_s() const { return time_s_.back(); }

  struct Quanta {
    double power_w = 0;         // root mean square of one reading's quantisation, k = 1
    double mean_voltage_v = 0;  // 0 for a channel of power
    std::int64_t changes = 0;   // readings that differ from the one before, the first included
    std::int64_t stale = 0;
    std::int64_t negative = 0;
    std::int64_t readings = 0;  // fresh ones
  };
  // Over the readings that were taken between the two instants.
  Quanta quanta(Instant begin, Instant end) const;

 private:
  std::size_t after(double time_s) const;  // the first middle later than it

  const Channel& channel_;
  std::int64_t origin_ns_ = 0;
  std::vector<double> time_s_, power_w_;  // fresh readings' middles
  std::vector<std::uint32_t> place_;      // their indexes in the channel
};

}  // namespace isojoule

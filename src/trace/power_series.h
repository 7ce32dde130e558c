// Power over time as one source tells it, put where it belongs: each reading at the middle of what
// it averages. For what compares two sources, whose windows, delays and clocks differ.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/trace.h"

namespace isojoule {

// As told: without any calibration.
struct PowerSeries {
  std::int64_t origin_ns = 0;   // where time_s is zero, on the source's own clock
  std::vector<double> time_s;   // of the middles, ascending
  std::vector<double> power_w;  // as many
  double window_s = 0;          // what a reading averages over; 0: it is of one moment
  double spacing_s = 0;         // the usual one (median) between two readings
  double quantum_w = 0;         // one step of a reading

  bool empty() const { return time_s.empty(); }
  double length_s() const { return empty() ? 0 : time_s.back() - time_s.front(); }
  Instant instant(double time) const;
  double at(Instant instant) const;
};

// A reading belongs to when it was taken - lag - half the wait for news - half the window. The wait
// is the source's update period, or the time between two readings where that is shorter; none of a
// source that dates its readings itself. Readings that repeat the last one before there can be news
// are left out. An energy counter gives the mean power between two readings. Errors: no_data (fewer
// than two readings).
Result<PowerSeries> power_series(const Channel& channel);
// Of a rail, or of the trace's total ("" or "total"), the other rails of a sum being interpolated
// to the times of the first. Errors: not_found with the nearest name, no_data.
Result<PowerSeries> power_series(const Trace& trace, const std::string& rail);
// What lies between two times of the series' own.
PowerSeries part_of(const PowerSeries& series, double from_s, double to_s);

// The series as a line from middle to middle, with its integral. The series must outlive it.
class PowerLine {
 public:
  explicit PowerLine(const PowerSeries& series);
  double at(double time_s) const;                 // W; held before the first and after the last
  double mean(double from_s, double to_s) const;  // W; from = to: the power there
  // Whether readings lie around both without a gap of more than a few spacings.
  bool covers(double from_s, double to_s) const;

 private:
  std::size_t after(double time_s) const;
  double integral(double time_s) const;  // from the first middle, J
  const PowerSeries& series_;
  std::vector<double> joules_;       // until each middle
  std::vector<std::uint32_t> gaps_;  // so many before and at each middle
};

}  // namespace isojoule

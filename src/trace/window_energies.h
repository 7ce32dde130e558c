// Joules of the windows that a program named: each one, and all of one name together.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// Up to so many windows of a run get an energy each; of more than these only the names do.
inline constexpr std::size_t kSingleWindows = 4096;

// For every window that has a length: each channel's rail and "total", as phase_energies(), whose
// rules, causes and reasons they are. Net is gross minus the idle phase's mean power. No energies
// above kSingleWindows. Raises window_shorter_than_sensor, marker_outside (once a window).
std::vector<WindowEnergy> window_energies(const Trace& trace, const std::vector<Window>& windows,
                                          const std::vector<Phase>& phases, Counters& counters);

struct RailEnergy {
  std::string rail;  // or "total"
  MeasuredEnergy gross;
  MeasuredEnergy net;
  std::map<std::string, double> budget_j;  // as PhaseEnergy's
};

// All windows of one name.
struct NamedWindows {
  std::string name;
  std::int64_t count = 0;        // those that have a length
  std::int64_t moments = 0;      // those that have none (isojoule_mark)
  std::int64_t overlapping = 0;  // share time with another one of the name: both are counted whole
  std::int64_t together = 0;     // too short for the sensor: known together only
  Second duration{0};            // sum
  Second shortest{0}, longest{0};
  std::vector<RailEnergy> energies;  // of the sum: rails, and "total" last

  const RailEnergy* energy(const std::string& rail = "total") const;
};

// By name. A window that is as long as a reading's window and the distance between two readings,
// and has a reading in it, is integrated; gain, offset and calibration of the windows are one
// error, what is random adds in quadrature. Where readings are missing in one of them, or the trace
// does not cover it, the name's energy is absent: what the others took says nothing of it.
//
// Shorter ones are seen together: a reading i that averages over a stretch of which the windows
// cover the share f_i tells P_i = P_out + (P_in - P_out) f_i. Least squares over the readings
// between the first and the last of these windows give P_in, their energy is P_in x their time, and
// its uncertainty is that of the line at f = 1 (Draper & Smith, Applied Regression Analysis, 3rd
// ed., 1.4), widened by sqrt((1 + r) / (1 - r)) for residuals of autocorrelation r (Bartlett 1946).
// Where the shares hardly differ that is wider than to know nothing: then P_in is the mean power P,
// which is wrong by at most (1 - f) / f P if the rest draws between nothing and 2 P (even, so over
// sqrt(3)); f is the windows' share of the time that they and these readings span. It stands under
// `sampling`; of few readings Student's t at k = 2 widens it.
std::vector<NamedWindows> named_windows(const Trace& trace, const std::vector<Window>& windows,
                                        const std::vector<Phase>& phases);

// Adds what is known of further windows of the same name.
void add_windows(NamedWindows& sum, const NamedWindows& more);

}  // namespace isojoule

// Joules from readings: the energy of every phase, per rail and for the module's total, with a
// standard uncertainty by cause.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// Energy of one channel between two instants, by the rule that fits its source (trace/cells.h,
// trace/edge.h, trace/interior.h): a straight line between momentary readings; each reading for its
// own window where it is an average; differences where it is a counter. Power is held before the
// first and after the last reading, as far as that is no gap. Absent, with the reason, where no
// reading falls between the two or where readings are missing for long.
//
// The budget's causes are standard uncertainties (k = 1) in joules, after JCGM 100:2008 (GUM):
//   gain          relative gain uncertainty of chip and shunt x energy
//   offset        mean voltage x current offset uncertainty x duration (a source of power: its own)
//   calibration   in place of these two: both of a linear correction's, with their correlation
//   quantisation  one step over sqrt(12), averaged over the readings that change (a steady reading
//                 has one rounding error, however often it is repeated); of a counter, two steps
//   sampling      what power did between the readings, from how they follow one another
//   edges         what of a reading across the edge, or between two, lies inside
//   gaps          readings that are missing: power went from the one to the other at some time
struct Energy {
  MeasuredEnergy energy;
  std::map<std::string, double> budget_j;
};
// `period`: between two readings as asked, 0: as they usually are. Only the window's
// own readings and a few on either side are looked at.
Energy integrate(const Channel& channel, Instant begin, Instant end, Duration period,
                 Counters& counters);

// The same for a channel that is asked again and again. The channel must outlive it.
class ChannelIntegrator {
 public:
  explicit ChannelIntegrator(const Channel& channel) : channel_(channel) {}
  Energy integrate(Instant begin, Instant end, Duration period, Counters& counters) const {
    return isojoule::integrate(channel_, begin, end, period, counters);
  }

 private:
  const Channel& channel_;
};

// For every phase: each channel's rail and "total" (the trace's expression; absent with a reason
// where one of its rails gave nothing). Net is gross minus the idle phase's mean power. Raises
// sample_gap, sample_stale, window_shorter_than_sensor, phase_without_samples, trace_ends_in_phase,
// negative_power, gap_not_bridged, marker_outside, time_backwards, rail_missing.
std::vector<PhaseEnergy> phase_energies(const Trace& trace, const std::vector<Phase>& phases,
                                        Counters& counters);

// Share of the window at each value, in percent, by watch. Temperatures are left out.
std::map<std::string, std::map<double, double>> residency_percent(const Trace& trace, Instant begin,
                                                                  Instant end);

}  // namespace isojoule

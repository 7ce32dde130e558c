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

// Energy of one channel between two instants. A reading of an averaging sensor belongs to the
// middle of its window, and power between two such middles is linear, to the edges too; before the
// first and after the last reading it is held. Absent, with the reason, where no reading falls
// between the two.
//
// The budget's causes are standard uncertainties (k = 1) in joules, after JCGM 100:2008 (GUM):
//   gain          relative gain uncertainty of chip and shunt x energy
//   offset        mean voltage x current offset uncertainty x duration (a source of power: its own)
//   quantisation  one step over sqrt(12), averaged over the readings that change (a steady reading
//                 has one rounding error, however often it is repeated)
//   sampling      each reading against the line between its neighbours, in quadrature
//   edges         step of the power at the phase's edges x (window or spacing) over sqrt(12)
struct Energy {
  MeasuredEnergy energy;
  std::map<std::string, double> budget_j;  // gain, offset, quantisation, sampling, edges
};
Energy integrate(const Channel& channel, Instant begin, Instant end, Duration period,
                 Counters& counters);

// The same for several windows of one channel, which is read through once. The channel must outlive
// it.
class ChannelIntegrator {
 public:
  explicit ChannelIntegrator(const Channel& channel);
  ~ChannelIntegrator();
  Energy integrate(Instant begin, Instant end, Duration period, Counters& counters) const;

 private:
  struct Curve;
  const Channel& channel_;
  std::unique_ptr<Curve> curve_;  // none for an energy counter
};

// For every phase: each channel's rail and "total" (the trace's expression; absent with a reason
// where one of its rails gave nothing). Net is gross minus the idle phase's mean power. Raises
// sample_gap, sample_stale, window_shorter_than_sensor, phase_without_samples, trace_ends_in_phase,
// negative_power, rail_missing.
std::vector<PhaseEnergy> phase_energies(const Trace& trace, const std::vector<Phase>& phases,
                                        Counters& counters);

// Share of the window at each value, in percent, by watch. Temperatures are left out.
std::map<std::string, std::map<double, double>> residency_percent(const Trace& trace, Instant begin,
                                                                  Instant end);

}  // namespace isojoule

// Joules from readings: the energy of every phase, per rail and for the module's total, with a
// standard uncertainty by cause.
#pragma once

#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// Energy of one channel between two instants. A reading of an averaging sensor belongs to the middle
// of its window, and power between two such middles is linear, to the edges too.
struct Energy {
  MeasuredEnergy energy;
  std::map<std::string, double> budget_j;  // gain, offset, quantisation, sampling, edges
};
Energy integrate(const Channel& channel, Instant begin, Instant end, Duration period,
                 Counters& counters);

// For every phase: each channel's rail and "total" (the trace's expression; absent with a reason
// where one of its rails gave nothing). Net is gross minus the idle phase's mean power. Raises
// sample_gap, window_shorter_than_sensor, phase_without_samples, trace_ends_in_phase,
// negative_power, rail_missing.
std::vector<PhaseEnergy> phase_energies(const Trace& trace, const std::vector<Phase>& phases,
                                        Counters& counters);

// Share of the window at each value, in percent, by watch.
std::map<std::string, std::map<double, double>> residency_percent(const Trace& trace, Instant begin,
                                                                  Instant end);

}  // namespace isojoule

// What the batches of a run took, one by one and all together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// Of many values: 0 deviation where there is one.
struct Spread {
  double mean = 0, deviation = 0;  // n - 1
  double least = 0, median = 0, most = 0;
};

struct BatchStatistics {
  std::int64_t count = 0;
  Spread time_s;
  // Joules of the module's total by trace/segment.h, over the batches that have an energy; absent
  // where none has.
  std::optional<Spread> energy_j;
  std::int64_t without_energy = 0;
  std::string why_absent;
  // A batch shorter than twice what the sensors resolve (trace/visible.h) shares its readings with
  // its neighbours: the mean holds, each one and their deviation do not.
  bool seen_one_by_one = false;
  Second resolved{0};  // 0: not known
};
// Absent without batches. One pass over the readings of each rail of the total.
std::optional<BatchStatistics> batch_statistics(const Trace& trace,
                                                std::span<const BatchMark> batches);

// The module's total of each batch, gross and net, with its budget: a batch is what
// phase_energies() calls a phase. Absent, with the reason, where the sensor sees nothing of it.
// About 2 us a batch and rail.
std::vector<PhaseEnergy> each_batch(const Trace& trace, std::span<const BatchMark> batches,
                                    const std::vector<Phase>& phases);

}  // namespace isojoule

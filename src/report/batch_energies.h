// The energy of each batch of a run: for people and programs that look at single batches. Without
// uncertainty; the phase's has one.
#pragma once

#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// Of the module's total, gross, one a batch of `run`; batches may overlap. Absent, with the reason:
// of a batch shorter than twice what the power source resolves (trace/visible.h), since it would
// have its neighbours' energy; where the readings do not reach, or a counter was reset; without a
// total.
std::vector<MeasuredEnergy> batch_energies(const Run& run, const Trace& trace);

}  // namespace isojoule

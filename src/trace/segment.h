// The energy from mark to mark: batch after batch, or any grid of times, without a budget.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "data/run.h"
#include "data/trace.h"

namespace isojoule {

// Joules between each mark and the next (one less than marks, which ascend), by straight lines
// between the middles of the readings' windows; the parts add up to the whole. Absent where the
// readings do not reach both marks, where one of the gaps between is longer than ten usual
// spacings, or a counter was reset. `period`: between two readings as asked, 0: as they usually
// are. One pass, as fast as the memory gives the readings where nothing is wrong with them.
//
// A batch shorter than the sensor's window is smeared over its neighbours: their sum is right, the
// single value is not (see Counter::window_shorter_than_sensor).
std::vector<std::optional<Joule>> energies_between(const Channel& channel,
                                                   std::span<const Instant> marks,
                                                   Duration period = {});

// Of batches, or of stretches that lie in one another or overlap, in any order: by the same rule,
// one pass over the readings whatever they are. Absent for one without length, too.
std::vector<std::optional<Joule>> energies_of(const Channel& channel,
                                              std::span<const BatchMark> stretches,
                                              Duration period = {});

}  // namespace isojoule

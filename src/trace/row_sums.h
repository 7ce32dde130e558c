// Sums over raw rows, as fast as the memory gives them: what nothing is wrong with needs no closer
// look.
#pragma once

#include <cstddef>
#include <cstdint>

#include "data/trace.h"

namespace isojoule {

struct RowSums {
  // Straight lines from row to row: integral of step a x step b (or step a) x nanoseconds.
  double raw_integral = 0;
  std::int64_t least_step_ns = 0, most_step_ns = 0;  // between two rows; valid if is_sorted
  bool is_sorted = false;                            // every step is from 0 to 2^31 - 1 ns
  double least_raw = 0;                              // of a x b, or a
};

// From row `from` to row `to` (to > from; both are in the channel). Not for energy counters.
RowSums sum_rows(const Channel& channel, std::size_t from, std::size_t to);

}  // namespace isojoule

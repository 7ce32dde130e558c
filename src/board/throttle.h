// What a board says of its throttling.
#pragma once

#include "board/board.h"

namespace isojoule {

// The number of the node, or the masked one that the program printed. Errors: those of reading and
// of FileTree::run, parse.
Result<std::int64_t> read_throttle(FileTree& tree, const ThrottleSpec& spec);

// Whether it throttled between two readings: a count rose, or a state was above 0 at either of
// them. A state that falls from 1 to 0 held the clocks down for the run's first part.
inline bool throttled(const ThrottleSpec& spec, std::int64_t before, std::int64_t after) {
  return after > before || (spec.is_state && (before > 0 || after > 0));
}

}  // namespace isojoule

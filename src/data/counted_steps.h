// Differences of an energy counter's readings, of which a trace has the low 32 bits.
#pragma once

#include <cstdint>

namespace isojoule {

// From one reading to the next, at most 2^31; below 0: the counter was reset between them
// (sensor/wrapping_counter.h).
inline std::int32_t counted_steps(std::int32_t from, std::int32_t to) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(to) -
                                   static_cast<std::uint32_t>(from));
}

}  // namespace isojoule

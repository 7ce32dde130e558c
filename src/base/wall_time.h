// The time of day: for people, and to find our runs in the log of a meter with a clock of its own.
#pragma once

#include <cstdint>
#include <string>

namespace isojoule {

// Recorded once a run and once a study, never computed with.
std::string wall_time_now();  // UTC, ISO 8601: "2026-01-31T12:00:00Z"

std::int64_t wall_clock_ns();  // since 1970, UTC, by CLOCK_REALTIME

}  // namespace isojoule

// The time of day, for people: recorded once a run and once a study, never computed with.
#pragma once

#include <string>

namespace isojoule {

std::string wall_time_now();  // UTC, ISO 8601: "2026-01-31T12:00:00Z"

}  // namespace isojoule

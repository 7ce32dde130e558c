// A study's way on a fleet as lines of text. Pure: what stands there depends on the progress and
// the size alone.
#pragma once

#include <string>
#include <vector>

#include "app/fleet/coordinator.h"
#include "base/quantity.h"

namespace isojoule {

std::string duration_text(Second duration);  // "2 h 05 min", "12 s"; "?" where it is infinite

// The whole study as a bar, what is wrong, and a table of boards; at most `rows` lines of at most
// `columns` characters, none with a line feed. Boards in trouble come first where not all fit.
std::vector<std::string> fleet_progress_lines(const FleetProgress& progress, int columns, int rows);
// One line for a log.
std::string fleet_progress_line(const FleetProgress& progress);

// What a sweep over a fleet ends with: what is in FILE, what did not go well, what to do next.
std::string fleet_summary(const FleetSweepResult& result, const std::string& file, bool waited);

}  // namespace isojoule

// A machine that no board file describes: what its kernel shows of power and clocks, as rails,
// sources and knobs. Private to board/.
#pragma once

#include <vector>

#include "board/board.h"

namespace isojoule {

// Adds one source. A rail whose name is taken gets the source's kind in front ("hwmon:package-0"),
// and what cannot stand in a total is replaced by '_'.
void add_source(FoundSource& source, BoardFile& file, BoardRelease& release);

// Asks every kind of sensor and knob what it finds and adds that to the file and the release: rails
// with their places in the tree, sources, knobs. Returns the sources, for choose_total().
std::vector<FoundSource> add_found(BoardFile& file, BoardRelease& release, FileTree& tree);

// The total of a machine whose sensors are open, and a note in board.file.quirks that says what it
// stands for. The widest coverage that gives readings now counts: what feeds the whole machine
// (RAPL's psys, a discharging battery), else the processor packages with their memory, else the
// parts that are measured. A rail is never added to one that feeds it, and two kinds of source are
// never added to each other, because they may see the same power. Rails of which nobody knows
// whether one contains another are left out, and a problem says so. Without any reading the total
// stays empty.
void choose_total(Board& board, const std::vector<FoundSource>& sources);

}  // namespace isojoule

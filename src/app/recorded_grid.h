// A table of somebody's measurements as a board that a search can be tried on.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/study_observations.h"
#include "optimise/truth_grid.h"

namespace isojoule {

struct RecordedRequest {
  std::string path;               // CSV, or a cache of Kernel Tuner (app/recorded_table.h)
  std::vector<std::string> axes;  // columns of numbers or words
  std::string energy, latency;    // columns or expressions (app/recorded_formula.h); "": none
  std::string power;              // with the latency it stands in for an energy
  std::vector<std::pair<std::string, std::string>> where;  // of one column: any of these values
};

struct RecordedGrid {
  TruthGrid grid;
  std::int64_t rows = 0;        // that `where` leaves
  std::int64_t used = 0;        // of them, in the grid
  std::int64_t duplicates = 0;  // rows beyond the first of their setting: geometric means are taken
  std::int64_t holes = 0;       // combinations of the axes' values that are not there
  std::int64_t refused = 0;     // settings of which the table says that they cannot run
  std::vector<LeftOutRows> left_out;
  std::vector<std::string> notes;  // what was done to the table, for people
};

// Settings have the columns' names and values as they stand there. A row without a number, or with
// one that is not above zero, is left out and counted.
//
// Errors: those of the file; invalid (no axis, no energy, no such column or value, with the
// nearest; a single setting), parse (a cell that is no number, with its line), no_data (no row is
// left), out_of_range (more settings than SearchSpace::kMostPoints).
Result<RecordedGrid> recorded_grid(const RecordedRequest& request);

}  // namespace isojoule

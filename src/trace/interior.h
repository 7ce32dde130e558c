// The energy between the first and the last cell of a window, and how far it may be off.
#pragma once

#include "trace/cells.h"

namespace isojoule {

// Sums over the cells from the first to the last that has its centre in the window.
struct Interior {
  double energy_j = 0;  // straight lines between the centres
  // Over the cells with a neighbour on either side, weighted with the square of the time that a
  // cell stands for, as far as its own window does not see it.
  double second_square = 0;   // of the second differences
  double first_square = 0;    // of the first ones
  double central_square = 0;  // W^2: of half the change from the cell before to the one after
  double second_sum = 0;      // J: second differences by time, with their signs
  double gap_square = 0;      // J^2: of the bridged gaps
  std::int64_t triples = 0;
  std::int64_t changes = 1;  // cells that differ from the one before, the first included
};

// From the centre of cell `from` to that of cell `to`. `is_first`: nothing inside is before `from`.
// A spacing above `gap_s` is a gap.
void add_interior(const Cells& cells, std::size_t from, std::size_t to, bool is_first, double gap_s,
                  Interior& sums);
// Standard uncertainty of the energy from what happened between the readings.
// `age_s`: how much later than its cell begins... a reading may be dated.
double sampling_uncertainty_j(const Interior& interior, double age_s);

}  // namespace isojoule

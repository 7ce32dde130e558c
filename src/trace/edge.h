// The energy between a window's edge and the first cell inside it.
//
// An edge falls between two readings, or into the window of one that averages over both sides. Two
// pictures fit: power changes evenly (a straight line between the middles), or it steps at the edge
// itself, as it does where a marker says that a phase begins. Under the second, a reading whose
// window lies wholly inside tells the power from the edge on, and what an averaging reading across
// the edge has more or less than its two parts would make is spread over its window. The change
// across the edge beside the changes around it says how much of either to believe; their
// difference goes into the uncertainty.
#pragma once

#include "trace/cells.h"

namespace isojoule {

struct EdgeEnergy {
  double energy_j = 0;       // from the edge to the first inside centre (negative: beyond it)
  double uncertainty_j = 0;  // standard
};

// At the begin: cells [inside, inside_end) have their centres in the window.
EdgeEnergy energy_at_begin(const Cells& cells, double edge_s, double age_s, std::size_t inside,
                           std::size_t inside_end);
// At the end: from the last inside centre, that of `inside_end - 1`, to the edge.
EdgeEnergy energy_at_end(const Cells& cells, double edge_s, double age_s, std::size_t inside,
                         std::size_t inside_end);

}  // namespace isojoule

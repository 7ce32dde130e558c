// The offset between two records to a fraction of their readings' distance, near a coarse one.
#pragma once

#include <cstddef>
#include <vector>

#include "trace/power_series.h"

namespace isojoule {

struct FineOffset {
  double offset_s = 0;       // to be added to the points' times to get the line's
  double uncertainty_s = 0;  // standard
  double correlation = 0;
  double telling = 0;  // so many readings tell the offset (participation ratio of their weights)
  std::size_t points = 0;
  bool at_edge = false;  // no minimum where it was looked for
};

// `points`: the sparser record, `line`: the denser one; the offset is looked for within `reach_s`
// of `near_s`, and further where the minimum lies at an end. Only points with from_s <= time <=
// to_s count.
FineOffset fine_offset(const PowerSeries& points, const PowerSeries& line, double near_s,
                       double reach_s, double from_s, double to_s);

}  // namespace isojoule

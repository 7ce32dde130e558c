// The points that a study is about: its best settings and the governors that they are held against.
// Timelines and budgets are told of these.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/summary.h"

namespace isojoule {

struct LeadingPoint {
  std::size_t point = 0;  // of the summary's points
  std::string label;      // "alexnet, best", "alexnet batch 8, default", "alexnet, least energy"
};

// Of every minimum the best point and its leading baseline ("default", else the first); where a
// network and job has no minimum (no map of clocks was measured), its grid point of least energy an
// inference, and its "default" (or first) baseline. First those of the network's best batch, then
// the others. No point twice; none without an energy, unless a network has no other: then its
// first.
std::vector<LeadingPoint> leading_points(const StudySummary& summary);

// Joules of one inference; absent where the energy or the number of inferences is.
std::optional<double> energy_per_inference(const Point& point);

// The place of a point among the summary's, by network, baseline and setting.
std::optional<std::size_t> index_of(const std::vector<Point>& points, const Point& wanted);

}  // namespace isojoule

#include "twin/history.h"

#include <algorithm>

namespace isojoule::twin {

void History::add(Instant until, const std::array<double, most_rails>& watts) {
  const double seconds = (until - points_.back().time).seconds().value();
  if (seconds <= 0) return;
  Point point{until, points_.back().joules};
  for (std::size_t i = 0; i < most_rails; ++i) point.joules[i] += watts[i] * seconds;
  points_.push_back(point);
  while (points_.size() > 2 && points_[1].time + span < until) points_.pop_front();
}

double History::joules(std::size_t rail, Instant time) const {
  const auto after = std::lower_bound(points_.begin(), points_.end(), time,
                                      [](const Point& p, Instant t) { return p.time < t; });
  if (after == points_.begin()) return points_.front().joules[rail];
  if (after == points_.end()) return points_.back().joules[rail];
  const Point& before = *(after - 1);
  const double whole = static_cast<double>((after->time - before.time).ns);
  const double part = static_cast<double>((time - before.time).ns) / whole;
  return before.joules[rail] + part * (after->joules[rail] - before.joules[rail]);
}

}  // namespace isojoule::twin

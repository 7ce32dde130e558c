// Energy of each rail over the last seconds: exact between two points, because power is constant
// there.
#pragma once

#include <array>
#include <deque>

#include "base/quantity.h"

namespace isojoule::twin {

class History {
 public:
  static constexpr std::size_t most_rails = 16;
  static constexpr Duration span = {3'000'000'000};  // kept behind the newest point, at least
  struct Point {
    Instant time;
    std::array<double, most_rails> joules{};
  };

  History() { points_.push_back({}); }
  // Power of each rail from the newest point to `until`, in watts.
  void add(Instant until, const std::array<double, most_rails>& watts);
  // From zero joules at `now`; what was before is forgotten.
  void restart(Instant now) { points_.assign(1, {now, {}}); }
  // Before the oldest point: the oldest value.
  double joules(std::size_t rail, Instant time) const;
  const Point& newest() const { return points_.back(); }

 private:
  std::deque<Point> points_;
};

}  // namespace isojoule::twin

// What descents over a grid share: a place that is not on the grid, its way back, and starts anew.
#pragma once

#include <vector>

#include "optimise/walk_search.h"

namespace isojoule {

class DescentSearch : public WalkSearch {
 public:
  using WalkSearch::WalkSearch;

 protected:
  // Shares of the axes of numbers that have more than one value, 0 at the first and 1 at the last,
  // logarithmic where all values are above zero. In the order of sides().
  using Place = std::vector<double>;
  const std::vector<std::size_t>& sides() const { return sides_; }  // these axes
  Place place_of(GridPoint point) const;
  // The point on the grid nearest to a place that is held to 0 .. 1, with the words of `words`.
  GridPoint point_at(const Place& place, GridPoint words) const;
  // One step along sides()[side] in direction 1 or -1; nothing beyond the end or in a hole.
  std::optional<GridPoint> beside(GridPoint point, std::size_t side, int direction) const;
  bool is_within(GridPoint point) const;  // was measured and meets the limits

 private:
  // One descent; false: stop, something is wanted.
  virtual bool do_descend(GridPoint from, std::size_t number) = 0;
  void do_walk() final;

  std::vector<std::vector<double>> shares() const;
  std::vector<std::size_t> sides_of() const;
  std::vector<std::vector<double>> shares_ = shares();  // by axis and level
  std::vector<std::size_t> sides_ = sides_of();
};

}  // namespace isojoule

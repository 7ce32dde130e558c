#include "optimise/descent.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr std::size_t kMostStarts = 24;

}  // namespace

std::vector<std::vector<double>> DescentSearch::shares() const {
  std::vector<std::vector<double>> all;
  for (const SearchAxis& axis : space().axes()) {
    std::vector<double> own(axis.values.size(), 0.0);
    const auto last = static_cast<Level>(axis.values.size() - 1);
    for (Level level = 0; axis.ordered && last > 0 && level <= last; ++level) {
      const bool positive = axis.number(0) > 0;
      own[static_cast<std::size_t>(level)] =
          positive ? std::log(axis.number(level) / axis.number(0)) /
                         std::log(axis.number(last) / axis.number(0))
                   : (axis.number(level) - axis.number(0)) / (axis.number(last) - axis.number(0));
    }
    all.push_back(std::move(own));
  }
  return all;
}

std::vector<std::size_t> DescentSearch::sides_of() const {
  std::vector<std::size_t> sides;
  for (std::size_t a = 0; a < space().axes().size(); ++a)
    if (space().axes()[a].ordered && space().axes()[a].values.size() > 1) sides.push_back(a);
  return sides;
}

DescentSearch::Place DescentSearch::place_of(GridPoint point) const {
  Place place;
  for (const std::size_t a : sides_)
    place.push_back(shares_[a][static_cast<std::size_t>(space().levels(point)[a])]);
  return place;
}

GridPoint DescentSearch::point_at(const Place& place, GridPoint words) const {
  const auto own = space().levels(words);
  std::vector<Level> levels(own.begin(), own.end());
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    const auto& shares = shares_[sides_[i]];
    const double wanted = std::clamp(place[i], 0.0, 1.0);
    const auto above = std::lower_bound(shares.begin(), shares.end(), wanted);
    auto found = above == shares.end() ? above - 1 : above;
    if (found != shares.begin() && wanted - *(found - 1) < *found - wanted) --found;
    levels[sides_[i]] = static_cast<Level>(found - shares.begin());
  }
  return nearest(levels);
}

std::optional<GridPoint> DescentSearch::beside(GridPoint point, std::size_t side,
                                               int direction) const {
  const auto own = space().levels(point);
  std::vector<Level> levels(own.begin(), own.end());
  const int moved = levels[sides_[side]] + direction;
  levels[sides_[side]] = static_cast<Level>(moved);
  return space().at(levels);
}

bool DescentSearch::is_within(GridPoint point) const { return log().meets(point); }

void DescentSearch::do_walk() {
  if (!do_descend(start(), 0)) return;
  for (std::size_t i = 0; i < std::min(kMostStarts, order().size()); ++i)
    if (!do_descend(order()[i], i + 1)) return;
}

}  // namespace isojoule

// Gradient descent, projected on the grid (online convex programming: M. Zinkevich, ICML 2003, with
// its step of 1/sqrt(k)): one neighbour an axis gives the slope of the logarithm of the cost, a
// step is made against it, and the place is rounded to a setting. The slope's length plays no part,
// only its direction: nobody knows the cost's scale.
//
// Where a step does not help it is halved; where it is shorter than a level, the best neighbour is
// taken, and where none is better, the search begins elsewhere. A neighbour beyond the limits is a
// wall, as long as the setting itself is within. Words: tried one after another at each start.
#include <algorithm>
#include <cmath>

#include "optimise/descent.h"

namespace isojoule {
namespace {

constexpr double kFirstStep = 0.35;  // of an axis
constexpr int kMostSteps = 30;

class GradientSearch final : public DescentSearch {
 public:
  using DescentSearch::DescentSearch;

 private:
  bool do_descend(GridPoint from, std::size_t) override {
    const auto begin = look(from, "where the descent begins");
    if (!begin) return false;
    if (*begin == kNever) return true;
    const auto chosen = best_words(from);
    if (!chosen) return false;
    GridPoint here = *chosen;
    for (int k = 0; k < kMostSteps; ++k) {
      const auto next = stepped(here, kFirstStep / std::sqrt(k + 1.0));
      if (!next) return false;
      if (*next == here) break;
      here = *next;
    }
    return true;
  }

  struct Slope {
    Place slope;
    GridPoint best = 0;  // of the neighbours that were seen and the place itself
  };

  // Where to go from here; here itself: nowhere. Nothing: stop.
  std::optional<GridPoint> stepped(GridPoint here, double step) {
    const double own = *loss(here);
    const auto slope = slope_at(here);
    if (!slope) return {};
    double length = 0;
    for (const double one : slope->slope) length += one * one;
    length = std::sqrt(length);
    const Place place = place_of(here);
    for (; length > 0; step /= 2) {
      Place moved = place;
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] -= step * slope->slope[i] / length;
      const GridPoint there = point_at(moved, here);
      if (there == here || step < 1e-4) break;
      const auto other = look(there, "down the slope");
      if (!other) return {};
      if (*other < own) return there;
    }
    return slope->best;
  }

  // By the neighbour on the one side of each axis, or where there is none, on the other.
  std::optional<Slope> slope_at(GridPoint here) {
    const double own = *loss(here);
    const Place place = place_of(here);
    Slope result{Place(place.size(), 0.0), here};
    double least = own;
    for (std::size_t side = 0; side < place.size(); ++side) {
      const int toward = place[side] > 0.5 ? -1 : 1;
      for (const int direction : {toward, -toward}) {
        const auto there = beside(here, side, direction);
        if (!there) continue;
        const auto other = look(*there, "the slope along an axis");
        if (!other) return {};
        if (*other == kNever || (is_within(here) && !is_within(*there))) continue;
        result.slope[side] = (*other - own) / (place_of(*there)[side] - place[side]);
        if (*other < least) {
          least = *other;
          result.best = *there;
        }
        break;
      }
    }
    return result;
  }
};

Result<std::unique_ptr<Optimiser>> make_gradient(const SearchSpace& space, const Goal& goal,
                                                 const SearchOptions& options) {
  ISOJOULE_CHECK(check_descendable(space, goal, "gradient"));
  return warmed<GradientSearch>(space, goal, options);
}

}  // namespace

const OptimiserKind& optimiser_kind_gradient() {
  static const OptimiserKind kind = {"gradient",
                                     "online gradient descent on the grid, slopes from neighbours",
                                     "M. Zinkevich, ICML 2003", make_gradient};
  return kind;
}

}  // namespace isojoule

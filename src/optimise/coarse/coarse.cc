// Coarse to fine: a few levels of each axis, then the neighbours of the best at half that distance,
// and so on, halving the step where nothing near is better (compass search: T. G. Kolda, R. M.
// Lewis, V. Torczon, SIAM Review 45 (2003) 385). At the end the best few are looked at again, and
// if that changes their order, the search goes on from the new best.
//
// First levels: ends and middle of each axis of numbers and all words, where that is at most
// kMostFirst settings; else the middle, the ends along each axis through it, and each word.
#include <algorithm>
#include <cmath>

#include "optimise/walk_search.h"

namespace isojoule {
namespace {

constexpr std::size_t kMostFirst = 12;
constexpr std::size_t kFinalists = 3;
constexpr std::int64_t kLooks = 3;

std::vector<Level> first_levels(const SearchAxis& axis) {
  const auto count = static_cast<Level>(axis.values.size());
  std::vector<Level> levels;
  if (axis.ordered && count > 3)
    levels = {0, static_cast<Level>(count / 2), static_cast<Level>(count - 1)};
  else
    for (Level level = 0; level < count; ++level) levels.push_back(level);
  return levels;
}

class CoarseSearch final : public WalkSearch {
 public:
  using WalkSearch::WalkSearch;

 private:
  void do_walk() override {
    const auto first = best_of_first();
    if (!first) return;
    const auto best = refined(*first);
    if (best) look_again_at_finalists();
  }

  std::vector<GridPoint> first_points() const {
    const auto& axes = space().axes();
    const auto middle = space().levels(start());
    const std::vector<Level> centre(middle.begin(), middle.end());
    std::vector<std::vector<Level>> rows = {centre};
    std::size_t all = 1;
    for (const SearchAxis& axis : axes)
      all = std::min(all * first_levels(axis).size(), kMostFirst + 1);
    for (std::size_t a = 0; a < axes.size(); ++a) {
      const std::size_t before = all <= kMostFirst ? rows.size() : 1;
      for (std::size_t i = 0; i < before; ++i)
        for (const Level level : first_levels(axes[a])) {
          rows.push_back(rows[i]);
          rows.back()[a] = level;
        }
    }
    std::vector<GridPoint> points;
    for (const auto& row : rows) {
      const GridPoint point = nearest(row);
      if (std::find(points.begin(), points.end(), point) == points.end()) points.push_back(point);
    }
    return points;
  }

  std::optional<GridPoint> best_of_first() {
    std::optional<GridPoint> best;
    double least = 0;
    for (const GridPoint point : first_) {
      const auto own = look(point, "coarse levels");
      if (!own) return {};
      if (best && *own >= least) continue;
      best = point;
      least = *own;
    }
    return best;
  }

  std::optional<GridPoint> refined(GridPoint best) {
    std::vector<Level> steps;
    for (const SearchAxis& axis : space().axes())
      steps.push_back(static_cast<Level>(std::max<std::size_t>(1, axis.values.size() / 4)));
    while (true) {
      const auto next = better_near(best, steps);
      if (!next) return {};
      if (*next != best) {
        best = *next;
        continue;
      }
      const bool finest = std::all_of(steps.begin(), steps.end(), [](Level s) { return s == 1; });
      if (finest) return best;
      for (Level& step : steps) step = static_cast<Level>(std::max(1, step / 2));
    }
  }

  // The point itself where nothing about it is better. Nothing: stop.
  std::optional<GridPoint> better_near(GridPoint best, const std::vector<Level>& steps) {
    const auto least = look(best, "coarse levels");
    if (!least) return {};
    const auto own = space().levels(best);
    std::vector<Level> moved(own.begin(), own.end());
    for (std::size_t a = 0; a < steps.size(); ++a) {
      for (const Level level : levels_near(a, own[a], steps[a])) {
        moved[a] = level;
        const auto there = space().at(moved);
        if (!there) continue;
        const auto other = look(*there, "finer about the best");
        if (!other) return {};
        if (*other < *least) return there;
      }
      moved[a] = own[a];
    }
    return best;
  }

  std::vector<Level> levels_near(std::size_t axis, Level own, Level step) const {
    const auto count = static_cast<Level>(space().axes()[axis].values.size());
    std::vector<Level> levels;
    if (space().axes()[axis].ordered) {
      for (const int level : {own - step, own + step})
        if (level >= 0 && level < count) levels.push_back(static_cast<Level>(level));
    } else {
      for (Level level = 0; level < count; ++level)
        if (level != own) levels.push_back(level);
    }
    return levels;
  }

  void look_again_at_finalists() {
    std::vector<std::pair<double, GridPoint>> all;
    for (const GridPoint point : log().points())
      if (const auto own = loss(point); own && is_measured(point)) all.emplace_back(*own, point);
    std::sort(all.begin(), all.end());
    all.resize(std::min(all.size(), kFinalists));
    for (std::int64_t looks = 2; looks <= kLooks; ++looks)
      for (const auto& [own, point] : all)
        if (!look_again(point, looks, "one of the best once more")) return;
  }

  std::vector<GridPoint> first_ = first_points();
};

}  // namespace

const OptimiserKind& optimiser_kind_coarse() {
  static const OptimiserKind kind = {
      "coarse", "a few levels of each axis, then ever finer about the best",
      "T. G. Kolda, R. M. Lewis, V. Torczon, SIAM Review 45 (2003) 385", make_plain<CoarseSearch>};
  return kind;
}

}  // namespace isojoule

#include "optimise/walk_search.h"

namespace isojoule {

std::optional<double> WalkSearch::look(GridPoint point, const char* why) {
  const auto known = loss(point);
  if (!known) wanted_ = Question{point, why};
  return known;
}

bool WalkSearch::look_again(GridPoint point, std::int64_t looks, const char* why) {
  if (!log().may_run(point) || log().count(point) >= looks) return true;
  wanted_ = Question{point, why};
  return false;
}

std::optional<GridPoint> WalkSearch::best_words(GridPoint point) {
  for (std::size_t a = 0; a < space().axes().size(); ++a) {
    const SearchAxis& axis = space().axes()[a];
    if (axis.ordered) continue;
    auto least = look(point, "where the search begins");
    if (!least) return {};
    const auto own = space().levels(point);
    std::vector<Level> moved(own.begin(), own.end());
    const auto count = static_cast<Level>(axis.values.size());
    for (Level word = 0; word < count; ++word) {
      moved[a] = word;
      const auto there = space().at(moved);
      if (!there) continue;
      const auto other = look(*there, "another word");
      if (!other) return {};
      if (*other >= *least) continue;
      least = other;
      point = *there;
    }
  }
  return point;
}

std::optional<Question> WalkSearch::do_next() {
  wanted_.reset();
  do_walk();
  if (wanted_) return wanted_;
  if (const auto point = fresh())
    return Question{*point, "the walk is at its end: drawn at random"};
  if (const auto point = revisit()) return Question{*point, "everything was seen: once more"};
  return {};
}

}  // namespace isojoule

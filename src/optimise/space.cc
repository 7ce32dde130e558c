#include "optimise/space.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"

namespace isojoule {
namespace {

bool is_number(const Value& value) { return std::holds_alternative<double>(value); }

Result<SearchAxis> checked(SearchAxis axis) {
  if (axis.values.empty())
    return fail(ErrorKind::invalid, "axis " + axis.name + " has no values", "Name at least one");
  const auto numbers = std::count_if(axis.values.begin(), axis.values.end(), is_number);
  if (numbers != 0 && numbers != std::ssize(axis.values))
    return fail(ErrorKind::invalid, "axis " + axis.name + " has numbers and words",
                "Let all of its values be the one or the other");
  axis.ordered = numbers != 0;
  for (const Value& value : axis.values)
    if (is_number(value) && !std::isfinite(std::get<double>(value)))
      return fail(ErrorKind::invalid, "axis " + axis.name + " has a value that is no finite number",
                  "Remove it");
  if (axis.ordered) std::sort(axis.values.begin(), axis.values.end());
  const std::set<Value> distinct(axis.values.begin(), axis.values.end());
  if (distinct.size() != axis.values.size())
    return fail(ErrorKind::invalid, "axis " + axis.name + " has a value twice", "Name it once");
  if (std::ssize(axis.values) > 32767)
    return fail(ErrorKind::out_of_range, "axis " + axis.name + " has more than 32767 values",
                "Name fewer");
  return axis;
}

// The place of each value among the axis's.
Level level_of(const SearchAxis& axis, const Value& value) {
  const auto found = std::find(axis.values.begin(), axis.values.end(), value);
  return static_cast<Level>(found == axis.values.end() ? -1 : found - axis.values.begin());
}

}  // namespace

Result<SearchSpace> SearchSpace::grid(std::vector<SearchAxis> axes, const Setting& fixed) {
  if (axes.empty())
    return fail(ErrorKind::invalid, "there is no axis to search along", "Name one with --axes");
  SearchSpace space;
  space.fixed_ = fixed;
  std::int64_t points = 1;
  for (SearchAxis& axis : axes) {
    ISOJOULE_TRY(SearchAxis good, checked(std::move(axis)));
    if (space.axis(good.name))
      return fail(ErrorKind::invalid, "axis " + good.name + " is named twice", "Name it once");
    points *= std::ssize(good.values);
    if (points > kMostPoints)
      return fail(ErrorKind::out_of_range,
                  "the axes have more than " + std::to_string(kMostPoints) + " combinations",
                  "Name fewer values: every second clock tells nearly as much");
    space.axes_.push_back(std::move(good));
  }
  std::vector<Level> levels(space.axes_.size(), 0);
  for (std::int64_t i = 0; i < points; ++i) {
    space.levels_.insert(space.levels_.end(), levels.begin(), levels.end());
    for (std::size_t a = levels.size(); a-- > 0;) {
      if (++levels[a] < std::ssize(space.axes_[a].values)) break;
      levels[a] = 0;
    }
  }
  space.finish();
  return space;
}

Result<SearchSpace> SearchSpace::of(const std::vector<Setting>& settings) {
  if (settings.empty())
    return fail(ErrorKind::invalid, "there is no setting to choose", "Give at least one");
  std::map<std::string, std::set<Value>> values;
  for (const Setting& setting : settings) {
    if (setting.values().size() != settings.front().values().size())
      return fail(ErrorKind::invalid, "settings of different axes: " + to_string(setting),
                  "Give every setting a value for each axis");
    for (const auto& [axis, value] : setting.values()) values[axis].insert(value);
  }
  if (values.size() != settings.front().values().size())
    return fail(ErrorKind::invalid, "settings of different axes",
                "Give every setting a value for each axis");
  SearchSpace space;
  for (const auto& [name, distinct] : values) {
    if (distinct.size() == 1) {
      space.fixed_.set(name, *distinct.begin());
      continue;
    }
    ISOJOULE_TRY(SearchAxis axis, checked({name, {distinct.begin(), distinct.end()}}));
    space.axes_.push_back(std::move(axis));
  }
  if (space.axes_.empty())
    return fail(ErrorKind::invalid, "all settings are alike", "Let at least one axis vary");
  for (const Setting& setting : settings)
    for (const SearchAxis& axis : space.axes_)
      space.levels_.push_back(level_of(axis, *setting.find(axis.name)));
  space.finish();
  if (std::ssize(space.places_) != std::ssize(settings))
    return fail(ErrorKind::invalid, "two settings are alike", "Name each once");
  return space;
}

void SearchSpace::finish() {
  const GridPoint count = size();
  coordinates_.resize(levels_.size());
  for (GridPoint p = 0; p < count; ++p) {
    const auto own = levels(p);
    places_.emplace(std::vector<Level>(own.begin(), own.end()), p);
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      const SearchAxis& axis = axes_[a];
      const bool positive = axis.ordered && axis.number(0) > 0;
      const double last = std::max<double>(1, static_cast<double>(axis.values.size() - 1));
      coordinates_[static_cast<std::size_t>(p) * axes_.size() + a] = static_cast<float>(
          positive ? std::log(axis.number(own[a]) / std::get<double>(axis.values.back()))
                   : own[a] / last);
    }
  }
}

Setting SearchSpace::setting(GridPoint point) const {
  Setting setting = fixed_;
  const auto own = levels(point);
  for (std::size_t a = 0; a < axes_.size(); ++a)
    setting.set(axes_[a].name, axes_[a].values[static_cast<std::size_t>(own[a])]);
  return setting;
}

std::optional<GridPoint> SearchSpace::find(const Setting& setting) const {
  std::vector<Level> own;
  for (const SearchAxis& axis : axes_) {
    const Value* value = setting.find(axis.name);
    if (value == nullptr) return {};
    own.push_back(level_of(axis, *value));
  }
  return at(own);
}

std::optional<GridPoint> SearchSpace::at(std::span<const Level> own) const {
  const auto found = places_.find(std::vector<Level>(own.begin(), own.end()));
  if (found == places_.end()) return {};
  return found->second;
}

std::vector<GridPoint> SearchSpace::neighbours(GridPoint point) const {
  std::vector<GridPoint> result;
  const auto own = levels(point);
  std::vector<Level> moved(own.begin(), own.end());
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const auto count = static_cast<Level>(axes_[a].values.size());
    for (Level other = 0; other < count; ++other) {
      if (other == own[a] || (axes_[a].ordered && std::abs(other - own[a]) != 1)) continue;
      moved[a] = other;
      if (const auto there = at(moved)) result.push_back(*there);
    }
    moved[a] = own[a];
  }
  return result;
}

std::optional<std::size_t> SearchSpace::axis(std::string_view name) const {
  for (std::size_t a = 0; a < axes_.size(); ++a)
    if (axes_[a].name == name) return a;
  return {};
}

}  // namespace isojoule

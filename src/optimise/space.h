// The settings that a search chooses among: a grid over axes, with or without holes.
//
// A point is a number from 0; its coordinates are places among each axis's values. Axes of numbers
// are ordered (neighbours, distances), axes of words are not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/setting.h"

namespace isojoule {

using GridPoint = std::int32_t;
using Level = std::int16_t;  // place among an axis's values

struct SearchAxis {
  std::string name;           // "gpu_frequency"
  std::vector<Value> values;  // numbers in rising order, or words in any
  bool ordered = true;        // all of them numbers
  double number(Level level) const {
    return std::get<double>(values[static_cast<std::size_t>(level)]);
  }
};

// Immutable; any thread.
class SearchSpace {
 public:
  static constexpr std::int64_t kMostPoints = 1'000'000;

  // Every combination. `fixed` is in every setting and is no axis. Errors: invalid (no axis, an
  // axis without values or twice the same), out_of_range (more than kMostPoints).
  static Result<SearchSpace> grid(std::vector<SearchAxis> axes, const Setting& fixed = {});
  // These settings alone; what is the same in all of them is no axis. Errors: invalid (none; two
  // alike; settings with different axes; an axis of numbers and words).
  static Result<SearchSpace> of(const std::vector<Setting>& settings);

  GridPoint size() const {
    return static_cast<GridPoint>(levels_.size() / std::max<std::size_t>(1, axes_.size()));
  }
  const std::vector<SearchAxis>& axes() const { return axes_; }
  std::span<const Level> levels(GridPoint point) const {
    return std::span(levels_).subspan(static_cast<std::size_t>(point) * axes_.size(), axes_.size());
  }
  Setting setting(GridPoint point) const;
  std::optional<GridPoint> find(const Setting& setting) const;
  std::optional<GridPoint> at(std::span<const Level> levels) const;
  // One step along one ordered axis, or another word of one that is not; what is there of them.
  std::vector<GridPoint> neighbours(GridPoint point) const;
  std::optional<std::size_t> axis(std::string_view name) const;
  // log(value / highest value) on axes of positive numbers, the place from 0 to 1 on others; words
  // have their place. One row a point.
  const std::vector<float>& coordinates() const { return coordinates_; }

 private:
  SearchSpace() = default;
  void finish();

  std::vector<SearchAxis> axes_;
  Setting fixed_;
  std::vector<Level> levels_;  // size() rows of axes().size()
  std::vector<float> coordinates_;
  std::map<std::vector<Level>, GridPoint> places_;
};

}  // namespace isojoule

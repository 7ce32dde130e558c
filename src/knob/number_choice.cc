#include "knob/number_choice.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr double kClockTolerance = 0.01;

std::string with_unit(const std::string& numbers, const Axis& axis) {
  return axis.unit == Unit::hertz ? numbers + " Hz" : numbers;
}

}  // namespace

NumberChoice NumberChoice::of_table(std::vector<double> numbers) {
  NumberChoice choice;
  choice.listed_ = std::move(numbers);
  std::sort(choice.listed_.begin(), choice.listed_.end());
  choice.listed_.erase(std::unique(choice.listed_.begin(), choice.listed_.end()),
                       choice.listed_.end());
  return choice;
}

NumberChoice NumberChoice::of_range(double low, double high, double grid) {
  NumberChoice choice;
  if (!(low <= high)) return choice;
  choice.grid_ = grid;
  choice.listed_.push_back(low);
  for (double n = std::floor(low / grid) + 1; n * grid < high; ++n)
    choice.listed_.push_back(n * grid);
  if (high > low) choice.listed_.push_back(high);
  return choice;
}

NumberChoice NumberChoice::of_spec(const KnobSpec& spec, double grid) {
  if (!spec.values.empty()) return of_table(spec.values);
  if (spec.range) return of_range(spec.range->first, spec.range->second, grid);
  return {};
}

NumberChoice NumberChoice::common(const NumberChoice& other) const {
  if (empty() || other.empty()) return {};
  if (is_range() && other.is_range())
    return of_range(std::max(lowest(), other.lowest()), std::min(highest(), other.highest()),
                    grid_);
  if (is_range()) return other.common(*this);
  std::vector<double> both;
  for (const double entry : listed_)
    if (other.is_range() ? entry >= other.lowest() && entry <= other.highest()
                         : std::binary_search(other.listed_.begin(), other.listed_.end(), entry))
      both.push_back(entry);
  return of_table(std::move(both));
}

bool NumberChoice::near(double number, double entry) const {
  if (std::abs(number - entry) > kClockTolerance * entry) return false;
  return std::none_of(listed_.begin(), listed_.end(), [&](double other) {
    return std::abs(number - other) < std::abs(number - entry);
  });
}

double NumberChoice::snapped(double number) const {
  if (is_range()) return number;
  for (const double entry : listed_)
    if (near(number, entry)) return entry;
  return number;
}

double NumberChoice::nearest(double number) const {
  double best = number;
  double distance = INFINITY;
  for (const double entry : listed_) {
    if (std::abs(entry - number) >= distance) continue;
    best = entry;
    distance = std::abs(entry - number);
  }
  return best;
}

Status NumberChoice::check(const Axis& axis, double wanted, double step,
                           const std::string& where) const {
  const double half_step = step / 2;
  if (!empty() && is_range() && wanted >= lowest() - half_step && wanted <= highest() + half_step)
    return {};
  const auto above = std::lower_bound(listed_.begin(), listed_.end(), wanted - half_step);
  if (!is_range() && above != listed_.end() && *above <= wanted + half_step) return {};
  std::string nearest;
  if (above != listed_.begin()) nearest = to_string(Value(*std::prev(above)));
  if (above != listed_.end()) {
    if (!nearest.empty()) nearest += " and ";
    nearest += to_string(Value(*above));
  }
  return fail(ErrorKind::out_of_range,
              axis.name + ": the board has no " + with_unit(to_string(Value(wanted)), axis),
              "Nearest: " + with_unit(nearest, axis), where);
}

}  // namespace isojoule

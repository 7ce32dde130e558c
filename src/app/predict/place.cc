#include "app/predict/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "data/value_text.h"
#include "experiment/apply.h"
#include "report/text/format.h"

namespace isojoule {
namespace {

constexpr double kMostBatch = 65536;  // as of `isojoule cost`

const PointAxis* point_axis(const std::string& name) {
  for (const PointAxis& axis : kPointAxes)
    if (name == axis.axis) return &axis;
  return nullptr;
}

bool is_clock(const PointAxis& axis) { return std::strstr(axis.axis, "frequency") != nullptr; }

std::string amount_of(const PointAxis& axis, double value) {
  return is_clock(axis) ? text_report::megahertz(value) + " MHz" : fmt::format("{:g}", value);
}

// What a governor or a mode would do depends on the load: no model of one operating point has it.
Status check_can_be_predicted(const std::string& axis, const Value& value) {
  const bool is_word = std::holds_alternative<std::string>(value);
  const bool is_governor = axis.ends_with("_governor") || axis == "power_mode" ||
                           (is_word && point_axis(axis) != nullptr) || is_cap_axis(axis);
  if (!is_governor) return {};
  return fail(ErrorKind::unsupported,
              axis + "=" + to_string(value) +
                  ": what a governor, a mode or a limit makes of the clocks cannot be predicted",
              "Name the clocks (--setting gpu_frequency=921.6MHz), or measure it: a plan with "
              "[[baseline]], and isojoule sweep");
}

Result<std::int64_t> batch_of(const Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && *number >= 1 && *number <= kMostBatch && *number == std::floor(*number))
    return static_cast<std::int64_t>(*number);
  return fail(ErrorKind::invalid, "batch=" + to_string(value) + " is no batch",
              "Give a whole number from 1 to 65536");
}

std::vector<std::string> learnt_names(const EnergyModel& model) {
  std::vector<std::string> names;
  for (const PointAxis& axis : kPointAxes)
    if (is_learnt(model, axis)) names.emplace_back(axis.axis);
  return names;
}

Status check_learnt(const Setting& knobs, const EnergyModel& model) {
  for (const auto& [axis, value] : knobs.values()) {
    const PointAxis* known = point_axis(axis);
    if (known != nullptr && is_learnt(model, *known)) continue;
    const auto names = learnt_names(model);
    return fail(ErrorKind::unsupported, "this model says nothing of " + axis,
                names.empty() ? "It was fitted without clocks: leave --setting away"
                              : "It knows: " + join(names, ", ") +
                                    ". Measure runs that differ in " + axis + " and fit again");
  }
  return {};
}

// The clock of the board that was meant.
Result<double> chosen(const PointAxis& axis, const std::vector<double>& choices, double asked,
                      std::vector<std::string>& notes) {
  if (choices.empty()) return asked;
  if (asked < choices.front() / 2 || asked > choices.back() * 2)
    return fail(
        ErrorKind::out_of_range,
        fmt::format("{}={:g} is far from all that this board has: {} to {}", axis.axis, asked,
                    amount_of(axis, choices.front()), amount_of(axis, choices.back())),
        is_clock(axis) ? "Is the unit missing? Write for instance " + std::string(axis.axis) + "=" +
                             text_report::megahertz(choices.back()) + "MHz"
                       : "");
  const double nearest = nearest_choice(choices, asked);
  if (std::abs(nearest - asked) > 0.5)
    notes.push_back(fmt::format("{} {}: the nearest that this board has is {}", axis.axis,
                                amount_of(axis, asked), amount_of(axis, nearest)));
  return nearest;
}

}  // namespace

double nearest_choice(const std::vector<double>& choices, double value) {
  return *std::min_element(choices.begin(), choices.end(), [value](double a, double b) {
    return std::abs(a - value) < std::abs(b - value);
  });
}

bool is_learnt(const EnergyModel& model, const PointAxis& axis) {
  return std::any_of(model.points.begin(), model.points.end(),
                     [&](const OperatingPoint& point) { return point.*axis.value > 0; });
}

bool is_outside(const EnergyModel& model, const OperatingPoint& point) {
  constexpr double kTolerance =
      0.01;  // as of EnergyModel::predict(): a clock is read back a bit off
  for (const PointAxis& axis : kPointAxes) {
    const auto range = model.ranges.find(axis.range);
    const double value = point.*axis.value;
    if (range == model.ranges.end() || !(value > 0)) continue;
    const auto [least, most] = range->second;
    if (value < least * (1 - kTolerance) || value > most * (1 + kTolerance)) return true;
  }
  return false;
}

Result<AskedSetting> asked_setting(const std::vector<std::string>& words) {
  AskedSetting asked;
  for (const std::string& word : words) {
    ISOJOULE_TRY(AxisValue one, parse_axis_value(word));
    if (one.axis == "cores" || one.axis == "cpu_cores") one.axis = "cpu_online";
    ISOJOULE_CHECK(check_can_be_predicted(one.axis, one.value));
    if (one.axis == "batch") {
      ISOJOULE_TRY(asked.batch, batch_of(one.value));
    } else {
      (is_engine_axis(one.axis) ? asked.job : asked.knobs).set(one.axis, std::move(one.value));
    }
  }
  return asked;
}

Result<PredictPlace> place_of(const Setting& knobs, const PointChoices& choices,
                              const EnergyModel& model) {
  ISOJOULE_CHECK(check_learnt(knobs, model));
  const PointChoices measured = measured_choices(model);
  PredictPlace place;
  place.highest = knobs.values().empty();
  for (const PointAxis& axis : kPointAxes) {
    if (!is_learnt(model, axis)) continue;
    const std::vector<double>& of_board = choices.*axis.choices;
    double& value = place.point.*axis.value;
    if (const auto asked = knobs.number(axis.axis)) {
      ISOJOULE_TRY(value, chosen(axis, of_board, *asked, place.notes));
      continue;
    }
    // Memory and cores are seldom turned: away from the one value that was measured nothing is
    // known of them.
    const bool is_turned =
        axis.value == &OperatingPoint::gpu_hz || axis.value == &OperatingPoint::cpu_hz;
    value = is_turned && !of_board.empty() ? of_board.back() : (measured.*axis.choices).back();
  }
  return place;
}

PointChoices measured_choices(const EnergyModel& model) {
  PointChoices choices;
  choices.source = "the clocks that were measured";
  for (const PointAxis& axis : kPointAxes) {
    std::vector<double>& all = choices.*axis.choices;
    for (const OperatingPoint& point : model.points)
      if (point.*axis.value > 0) all.push_back(point.*axis.value);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }
  return choices;
}

std::string to_string(const OperatingPoint& point) {
  std::string text;
  for (const PointAxis& axis : kPointAxes) {
    const double value = point.*axis.value;
    if (!(value > 0)) continue;
    if (!text.empty()) text += ", ";
    text += is_clock(axis) ? std::string(axis.title) + " " + amount_of(axis, value)
                           : amount_of(axis, value) + (value == 1 ? " core" : " cores");
  }
  return text;
}

}  // namespace isojoule

// The clocks of a board, from its knobs.
#include <algorithm>

#include "app/predict/place.h"
#include "app/target.h"

namespace isojoule {
namespace {

std::vector<double> numbers_of(const Board& board, const std::string& axis) {
  std::vector<double> numbers;
  if (const Knob* knob = board.knob(axis))
    for (const Value& value : knob->values())
      if (const auto* number = std::get_if<double>(&value)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<PointChoices> choices_of(const Paths& paths, const std::string& name) {
  TargetOptions options;
  options.board = name;
  options.helper = "none";
  options.calibrated = false;
  const auto target = open_target(paths, options);
  if (!target) return std::nullopt;  // not here: the caller asks elsewhere
  PointChoices choices;
  for (const PointAxis& axis : kPointAxes)
    choices.*axis.choices = numbers_of((*target)->board, axis.axis);
  choices.source = "the board's tables";
  if (choices.gpu_hz.empty() && choices.cpu_hz.empty()) return std::nullopt;
  return choices;
}

}  // namespace

PointChoices point_choices(const Paths& paths, const std::string& board, bool simulated,
                           const EnergyModel& model) {
  if (board.empty()) return measured_choices(model);  // of nobody's board: not of this machine
  const std::string twin = std::string(kTwinPrefix) + board;
  if (!simulated)
    if (auto here = choices_of(paths, board)) return *here;
  if (auto there = choices_of(paths, twin)) {
    if (!simulated) there->source = "the tables of the board's simulated twin";
    return *there;
  }
  return measured_choices(model);
}

}  // namespace isojoule

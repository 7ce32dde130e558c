#include "app/layer_plan.h"

#include <algorithm>

#include "app/target.h"
#include "data/value_text.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

constexpr const char* kClockAxes[] = {"gpu_frequency", "cpu_frequency"};

ClockTable table_of(const Knob& knob) {
  ClockTable table{knob.axis().name, {}};
  for (const Value& value : knob.values())
    if (const auto* hertz = std::get_if<double>(&value)) table.hertz.push_back(*hertz);
  return table;
}

Status add_wanted(const std::string& axis, const std::vector<std::string>& words, ClockGrid& grid) {
  if (words.empty()) return {};
  PlanAxis turned{axis, false, {}};
  for (const std::string& word : words) {
    ISOJOULE_TRY(Value value, parse_value(word));
    turned.values.push_back(std::move(value));
  }
  grid.axes.push_back(std::move(turned));
  return {};
}

// Every clock that is named, with every other; an axis of which none is named stays at its highest.
Result<std::vector<ClockGrid>> wanted_clocks(const Board& board, const LayerPlanRequest& request) {
  ClockGrid grid{"chosen clocks", {}, {}};
  ISOJOULE_CHECK(add_wanted("gpu_frequency", request.gpu_frequencies, grid));
  ISOJOULE_CHECK(add_wanted("cpu_frequency", request.cpu_frequencies, grid));
  for (const PlanAxis& axis : grid.axes)
    for (const Value& value : axis.values) {
      Setting one;
      one.set(axis.name, value);
      ISOJOULE_CHECK(check_setting("the study", one, board));
    }
  for (const char* name : kClockAxes) {
    const Knob* knob = board.knob(name);
    const bool is_turned = std::any_of(grid.axes.begin(), grid.axes.end(),
                                       [&](const PlanAxis& axis) { return axis.name == name; });
    if (knob == nullptr || is_turned) continue;
    const ClockTable table = table_of(*knob);
    if (!table.hertz.empty())
      grid.fixed.set(name, *std::max_element(table.hertz.begin(), table.hertz.end()));
  }
  return std::vector<ClockGrid>{grid};
}

}  // namespace

Result<LayerStudy> layer_plan(const Paths& paths, const LayerPlanRequest& request) {
  LayerStudyOptions study = request.study;
  const bool named = !request.cpu_frequencies.empty() || !request.gpu_frequencies.empty();
  if (study.board.empty()) {
    if (named)
      return fail(ErrorKind::invalid, "clocks of no board", "Name the board, too: --board NAME");
    return layer_study(study);
  }
  if (study.board.starts_with(kTwinPrefix)) study.board.erase(0, kTwinPrefix.size());
  TargetOptions options;
  options.board = std::string(kTwinPrefix) + study.board;
  options.release = request.release;
  options.calibrated = false;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  study.board = target->board.file.name;  // without its variant
  if (named) {
    ISOJOULE_TRY(study.clocks, wanted_clocks(target->board, request));
    return layer_study(study);
  }
  std::vector<ClockTable> tables;
  for (const char* name : kClockAxes)
    if (const Knob* knob = target->board.knob(name)) tables.push_back(table_of(*knob));
  ISOJOULE_TRY(study.clocks, clock_grids(std::move(tables), request.clocks));
  return layer_study(study);
}

}  // namespace isojoule

#include "experiment/apply.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace isojoule {
namespace {

// A knob that is not there after this is not late but stuck.
constexpr Duration kKnobDeadline = Duration::milliseconds(1000);

bool is_clock(const Knob& knob) { return knob.axis().unit == Unit::hertz; }

// The clocks that governors move: the processors' own. Caps and locks (cpu_maximum_frequency,
// memory_frequency, dla0_core_frequency) belong to the power mode, and stay.
bool is_governed(const Knob& knob) {
  const std::string& axis = knob.axis().name;
  const bool is_processor = axis.starts_with("cpu_") || axis.starts_with("gpu_");
  return is_clock(knob) && is_processor && !is_cap_axis(axis);
}

// A power mode first, because it sets cores and limits itself; then how many cores there are.
int rank(const Knob& knob) {
  if (knob.axis().name == "power_mode") return -1;
  if (is_clock(knob)) return 2;
  return knob.axis().unit == Unit::none ? 1 : 0;
}

std::vector<Knob*> knobs_in_order(const Board& board) {
  std::vector<Knob*> knobs;
  for (const auto& knob : board.knobs) knobs.push_back(knob.get());
  std::stable_sort(knobs.begin(), knobs.end(),
                   [](const Knob* a, const Knob* b) { return rank(*a) < rank(*b); });
  return knobs;
}

}  // namespace

bool is_cap_axis(std::string_view axis) {
  return axis.find("_maximum_") != std::string_view::npos ||
         axis.find("_minimum_") != std::string_view::npos;
}

Status check_no_contradiction(const Board& board, const Setting& setting) {
  std::map<std::string, std::string> pinned;  // node -> axis
  for (const bool caps : {false, true})
    for (const auto& [axis, value] : setting.values()) {
      Knob* knob = board.knob(axis);
      if (knob == nullptr || !is_clock(*knob) || is_cap_axis(axis) != caps) continue;
      ISOJOULE_TRY(const auto nodes, knob->save());
      for (const SavedNode& node : nodes) {
        if (caps && pinned.contains(node.path))
          return fail(ErrorKind::invalid,
                      axis + " and " + pinned[node.path] + " both set " + node.path,
                      "Name one of the two: a clock that is pinned needs no cap");
        if (!caps) pinned[node.path] = axis;
      }
    }
  return {};
}

bool same_value(const Knob& knob, const Value& wanted, const Value& seen) {
  if (wanted == seen) return true;
  const auto* asked = std::get_if<double>(&wanted);
  const auto* found = std::get_if<double>(&seen);
  if (asked == nullptr || found == nullptr) return false;
  const double distance = std::abs(*asked - *found);
  for (const Value& value : knob.values()) {
    const auto* other = std::get_if<double>(&value);
    if (other != nullptr && *other != *asked && std::abs(*other - *found) <= distance) return false;
  }
  // Outside the table a value has one neighbour only; half an octave off is another clock.
  return distance <= 0.5 * std::abs(*asked);
}

Result<std::vector<KnobResult>> apply_setting(Board& board, const PlannedRun& planned,
                                              Counters& counters) {
  const std::vector<Knob*> knobs = knobs_in_order(board);
  if (!planned.baseline.empty())
    for (Knob* knob : knobs)
      if (is_governed(*knob) && planned.setting.find(knob->axis().name) == nullptr)
        ISOJOULE_CHECK(knob->release());
  std::vector<KnobResult> results;
  for (Knob* knob : knobs) {
    const Value* wanted = planned.setting.find(knob->axis().name);
    if (wanted == nullptr) continue;
    ISOJOULE_TRY(Value achieved, knob->set(*wanted, *board.clock, kKnobDeadline));
    if (!same_value(*knob, *wanted, achieved))
      counters.add(is_clock(*knob) ? Counter::clock_not_reached : Counter::setting_not_reached);
    results.push_back({knob->axis().name, *wanted, std::move(achieved)});
  }
  return results;
}

Result<Rest> Rest::of(Board& board, const std::vector<PlannedRun>& runs) {
  std::set<std::string> axes;
  for (const PlannedRun& run : runs)
    for (const auto& [axis, value] : run.setting.values()) axes.insert(axis);
  Rest rest(board);
  for (Knob* knob : knobs_in_order(board)) {
    if (!axes.contains(knob->axis().name)) continue;
    ISOJOULE_TRY(Value initial, knob->get());
    const auto named = board.file.default_governors.find(knob->axis().name);
    if (named != board.file.default_governors.end()) initial = named->second;
    rest.turned_.push_back({knob, std::move(initial), false});
  }
  return rest;
}

Status Rest::bring_back(const Setting& named) {
  for (Turned& turned : turned_) {
    const bool is_named = named.find(turned.knob->axis().name) != nullptr;
    if (!is_named && !turned.open) {
      if (is_clock(*turned.knob)) {
        ISOJOULE_CHECK(turned.knob->release());
      } else {
        ISOJOULE_CHECK(turned.knob->set(turned.initial, *board_->clock, kKnobDeadline));
      }
    }
    turned.open = !is_named;
  }
  return {};
}

}  // namespace isojoule

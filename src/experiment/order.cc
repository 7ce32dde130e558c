#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "base/random.h"
#include "base/text.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

const Axis* engine_axis(const std::string& name) {
  for (const Axis& axis : engine_axes())
    if (axis.name == name) return &axis;
  return nullptr;
}

std::vector<std::string> axis_names(const Board& board) {
  std::vector<std::string> names;
  for (const Axis& axis : engine_axes()) names.push_back(axis.name);
  for (const auto& knob : board.knobs) names.push_back(knob->axis().name);
  return names;
}

std::string with_unit(const Value& value, Unit unit) {
  static constexpr std::string_view kNames[] = {"", " Hz", " s", " W", " J", " C", " bytes", ""};
  return to_string(value) + std::string(kNames[static_cast<std::size_t>(unit)]);
}

// "The board's nearest are 844800000 Hz and 921600000 Hz"; for names, the names.
std::string nearest_values(const Value& wanted, const Knob& knob) {
  const auto* number = std::get_if<double>(&wanted);
  std::vector<Value> numbers;
  std::vector<std::string> names;
  for (const Value& value : knob.values()) {
    if (std::holds_alternative<double>(value)) numbers.push_back(value);
    names.push_back(to_string(value));
  }
  if (number == nullptr || numbers.empty()) return unknown_name_remedy(to_string(wanted), names);
  std::sort(numbers.begin(), numbers.end(), [&](const Value& a, const Value& b) {
    return std::abs(std::get<double>(a) - *number) < std::abs(std::get<double>(b) - *number);
  });
  numbers.resize(std::min<std::size_t>(2, numbers.size()));
  std::sort(numbers.begin(), numbers.end());
  std::string text = "The nearest that the board has: " + with_unit(numbers[0], knob.axis().unit);
  if (numbers.size() > 1) text += " and " + with_unit(numbers[1], knob.axis().unit);
  return text;
}

// Words have choices ("engine" is any name: whoever opens it knows), the others are counts.
Status check_engine_value(const std::string& where, const Axis& known, const Value& value) {
  const std::string& axis = known.name;
  if (const auto* word = std::get_if<std::string>(&value); word != nullptr) {
    const auto& choices = known.choices;
    const bool is_free = axis == "engine";
    if (is_free || std::find(choices.begin(), choices.end(), *word) != choices.end()) return {};
    if (!choices.empty())
      return fail(ErrorKind::out_of_range, where + ": no " + axis + " is '" + *word + "'",
                  unknown_name_remedy(*word, choices));
  }
  const auto* number = std::get_if<double>(&value);
  const double least = axis == "batch" ? 1 : 0;
  const bool counts = known.choices.empty() && axis != "engine";
  if (counts && number != nullptr && *number >= least && *number == std::floor(*number)) return {};
  return fail(ErrorKind::out_of_range,
              where + ": " + axis + " = " + to_string(value) + " is not possible",
              counts ? "Give a whole number of at least " + to_string(Value(least))
                     : "Give one of its words: " + join(known.choices, ", "));
}

Status check_value(const std::string& where, const std::string& axis, const Value& value,
                   const Board& board) {
  if (is_option_axis(axis)) return {};  // the engine knows its options
  if (const Axis* known = engine_axis(axis)) return check_engine_value(where, *known, value);
  const Knob* knob = board.knob(axis);
  if (knob == nullptr)
    return fail(ErrorKind::out_of_range,
                where + ": " + board.file.name + " has no axis '" + axis + "'",
                unknown_name_remedy(axis, axis_names(board)));
  const auto& values = knob->values();
  if (std::find(values.begin(), values.end(), value) != values.end()) return {};
  return fail(ErrorKind::out_of_range,
              where + ": " + board.file.name + " has no " + axis + " of " +
                  with_unit(value, knob->axis().unit),
              nearest_values(value, *knob));
}

}  // namespace

Status check_setting(const std::string& where, const Setting& setting, const Board& board) {
  for (const auto& [axis, value] : setting.values())
    ISOJOULE_CHECK(check_value(where, axis, value, board));
  return {};
}

namespace {

Result<std::vector<Value>> values_of(const std::string& where, const PlanAxis& axis,
                                     const Board& board) {
  if (!axis.all) {
    for (const Value& value : axis.values)
      ISOJOULE_CHECK(check_value(where, axis.name, value, board));
    return axis.values;
  }
  if (const Axis* known = engine_axis(axis.name); known && !known->choices.empty())
    return std::vector<Value>(known->choices.begin(), known->choices.end());
  if (engine_axis(axis.name) != nullptr || is_option_axis(axis.name))
    return fail(ErrorKind::invalid,
                where + ": '" + axis.name + "' has no end, \"all\" is not possible",
                "Give a list of values");
  const Knob* knob = board.knob(axis.name);
  if (knob == nullptr)
    return fail(ErrorKind::out_of_range,
                where + ": " + board.file.name + " has no axis '" + axis.name + "'",
                unknown_name_remedy(axis.name, axis_names(board)));
  return knob->values();
}

// A plan may come from a server: one that nobody can measure is refused before it fills the memory.
constexpr std::size_t kMostPoints = 1'000'000;  // of a grid
constexpr std::size_t kMostRuns = 10'000'000;   // of a plan

// Every point of the grid: the product of its axes on top of what is fixed.
Result<std::vector<Setting>> points_of(const PlanGrid& grid, const Board& board) {
  const std::string where = "grid '" + grid.name + "'";
  ISOJOULE_CHECK(check_setting(where, grid.fixed, board));
  std::vector<Setting> points = {grid.fixed};
  if (grid.fixed.find("batch") == nullptr) points.front().set("batch", 1.0);
  for (const PlanAxis& axis : grid.axes) {
    ISOJOULE_TRY(const auto values, values_of(where, axis, board));
    if (!values.empty() && points.size() > kMostPoints / values.size())
      return fail(ErrorKind::out_of_range,
                  where + " has more than " + std::to_string(kMostPoints) + " settings",
                  "Give fewer values of its axes");
    std::vector<Setting> product;
    product.reserve(points.size() * values.size());
    for (const Setting& point : points)
      for (const Value& value : values) {
        product.push_back(point);
        product.back().set(axis.name, value);
      }
    points = std::move(product);
  }
  return points;
}

// What a baseline shares with a point: the job, and what the grid fixes that is no clock.
Setting baseline_setting(const PlanBaseline& baseline, const PlanGrid& grid, const Setting& point,
                         const Board& board) {
  Setting setting;
  for (const auto& [axis, value] : point.values()) {
    const Knob* knob = board.knob(axis);
    const bool fixed_knob =
        knob != nullptr && knob->axis().unit != Unit::hertz && grid.fixed.find(axis) != nullptr;
    if (knob == nullptr || fixed_knob) setting.set(axis, value);
  }
  for (const auto& [axis, value] : baseline.setting.values()) setting.set(axis, value);
  return setting;
}

// One block without order: every setting once, whichever grids ask for it.
class Block {
 public:
  Block(const Plan& plan, const Board& board) : plan_(plan), board_(board) {}

  Result<std::vector<PlannedRun>> make() {
    for (const PlanBaseline& baseline : plan_.baselines)
      ISOJOULE_CHECK(check_setting("baseline '" + baseline.name + "'", baseline.setting, board_));
    for (const PlanGrid& grid : plan_.grids) {
      ISOJOULE_TRY(const auto points, points_of(grid, board_));
      for (const std::string& network : grid.networks)
        for (const Setting& point : points) {
          add(grid, network, "", point);
          for (const PlanBaseline& baseline : plan_.baselines)
            if (std::find(grid.baselines.begin(), grid.baselines.end(), baseline.name) !=
                grid.baselines.end())
              add(grid, network, baseline.name, baseline_setting(baseline, grid, point, board_));
        }
    }
    return std::move(runs_);
  }

 private:
  void add(const PlanGrid& grid, const std::string& network, const std::string& baseline,
           const Setting& setting) {
    if (!seen_.emplace(network, baseline, setting).second) return;
    PlannedRun run;
    run.grid = grid.name;
    run.inferences = grid.inferences;
    run.network = network;
    run.baseline = baseline;
    run.setting = setting;
    runs_.push_back(std::move(run));
  }

  const Plan& plan_;
  const Board& board_;
  std::vector<PlannedRun> runs_;
  std::set<std::tuple<std::string, std::string, Setting>> seen_;
};

}  // namespace

Result<std::vector<PlannedRun>> order_runs(const Plan& plan, const Board& board) {
  ISOJOULE_TRY(const auto block, Block(plan, board).make());
  if (plan.protocol.repeats > 0 &&
      block.size() > kMostRuns / static_cast<std::size_t>(plan.protocol.repeats))
    return fail(ErrorKind::out_of_range,
                "the plan has more than " + std::to_string(kMostRuns) + " runs",
                "Give fewer values or repeats");
  std::vector<PlannedRun> runs;
  runs.reserve(block.size() * static_cast<std::size_t>(plan.protocol.repeats));
  for (std::int64_t repeat = 0; repeat < plan.protocol.repeats; ++repeat) {
    std::vector<PlannedRun> shuffled = block;
    Random random(seed_for(plan.protocol.seed, "block " + std::to_string(repeat)));
    random.shuffle(shuffled);
    for (PlannedRun& run : shuffled) {
      run.sequence = static_cast<std::int64_t>(runs.size());
      run.block = run.repeat = repeat;
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

}  // namespace isojoule

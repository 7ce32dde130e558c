#include "app/tune/tune_space.h"

#include <algorithm>

#include "base/text.h"
#include "data/value_text.h"
#include "experiment/apply.h"
#include "experiment/experiment.h"

namespace isojoule {
namespace {

constexpr const char* kUsualAxes[] = {"cpu_frequency", "gpu_frequency", "memory_frequency",
                                      "cpu_online"};

std::vector<std::string> comma_words(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    words.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return words;
}

class TuneAxesMaker {
 public:
  TuneAxesMaker(const Board& board, const TuneSpaceRequest& request)
      : board_(board), request_(request) {}

  Result<TuneAxes> make() {
    for (const std::string& word : request_.fixed) {
      ISOJOULE_TRY(AxisValue one, parse_axis_value(word));
      made_.fixed.set(std::move(one.axis), std::move(one.value));
    }
    ISOJOULE_CHECK(check_setting("--set", made_.fixed, board_));
    bool turns_board = false;
    for (const std::string& word : request_.axes) {
      ISOJOULE_TRY(SearchAxis axis, axis_of(word));
      turns_board = turns_board || board_.knob(axis.name) != nullptr;
      ISOJOULE_CHECK(add(std::move(axis)));
    }
    if (!turns_board)
      for (const char* name : kUsualAxes)
        if (board_.knob(name) != nullptr && made_.fixed.find(name) == nullptr)
          ISOJOULE_CHECK(add({name, board_.knob(name)->values(), true}));
    if (made_.fixed.find("batch") == nullptr && !is_axis("batch")) made_.fixed.set("batch", 1.0);
    if (made_.axes.empty()) return no_axis();
    return std::move(made_);
  }

 private:
  bool is_axis(const std::string& name) const {
    return std::any_of(made_.axes.begin(), made_.axes.end(),
                       [&](const SearchAxis& axis) { return axis.name == name; });
  }

  tl::unexpected<Error> no_axis() const {
    std::vector<std::string> names;
    for (const auto& knob : board_.knobs) names.push_back(knob->axis().name);
    return fail(ErrorKind::invalid, board_.file.name + ": there is nothing to choose among",
                names.empty()
                    ? "Name an axis of the engine: --axis batch=1,2,4,8"
                    : "Name axes with --axis NAME=VALUES; the board has " + join(names, ", "));
  }

  Status add(SearchAxis axis) {
    if (is_axis(axis.name) || made_.fixed.find(axis.name) != nullptr)
      return fail(ErrorKind::invalid, "axis " + axis.name + " is named twice", "Name it once");
    // "none" of a cap, beside its numbers, is no place on a scale.
    if (std::any_of(axis.values.begin(), axis.values.end(),
                    [](const Value& value) { return std::holds_alternative<double>(value); }))
      std::erase_if(axis.values,
                    [](const Value& value) { return !std::holds_alternative<double>(value); });
    for (const Value& value : axis.values) {
      Setting one;
      one.set(axis.name, value);
      ISOJOULE_CHECK(check_setting("--axis", one, board_));
    }
    if (axis.values.size() == 1)
      made_.fixed.set(axis.name, axis.values.front());
    else
      made_.axes.push_back(std::move(axis));
    return {};
  }

  Result<SearchAxis> axis_of(const std::string& word) const {
    const auto equals = word.find('=');
    const AxisKey key = split_unit(word.substr(0, equals));
    const std::string values = equals == std::string::npos ? "all" : word.substr(equals + 1);
    SearchAxis axis{key.axis, {}, true};
    if (values == "all") {
      ISOJOULE_TRY(axis.values, all_of(key.axis));
      return axis;
    }
    for (const std::string& text : comma_words(values)) {
      ISOJOULE_TRY(Value value, parse_value(text));
      if (auto* number = std::get_if<double>(&value); number != nullptr && key.has_unit)
        *number = scaled(*number, key.scale);
      axis.values.push_back(std::move(value));
    }
    return axis;
  }

  Result<std::vector<Value>> all_of(const std::string& name) const {
    for (const Axis& known : engine_axes()) {
      if (known.name != name) continue;
      if (!known.choices.empty())
        return std::vector<Value>(known.choices.begin(), known.choices.end());
      return fail(ErrorKind::invalid, "axis " + name + " has no end, \"all\" is not possible",
                  "Name its values: --axis " + name + "=1,2,4,8");
    }
    if (const Knob* knob = board_.knob(name)) return knob->values();
    Setting one;
    one.set(name, 0.0);
    ISOJOULE_CHECK(check_setting("--axis", one, board_));  // says the nearest
    return fail(ErrorKind::invalid, "axis " + name + " has no list of values", "Name some");
  }

  const Board& board_;
  const TuneSpaceRequest& request_;
  TuneAxes made_;
};

}  // namespace

Result<TuneAxes> tune_axes(const Board& board, const TuneSpaceRequest& request) {
  return TuneAxesMaker(board, request).make();
}

}  // namespace isojoule

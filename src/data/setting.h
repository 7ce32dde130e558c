// A setting: what was asked of the board and of the engine in one run, as axis -> value. Values of
// frequencies are hertz, of times seconds, inside as outside; the key says no unit inside
// ("cpu_frequency"), and key_with_unit() the unit outside ("cpu_frequency_hz").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace isojoule {

using Value = std::variant<double, std::string>;  // every number here is exact in a double

// "921600000", "schedutil": the shortest text that reads back the same.
std::string to_string(const Value& value);

enum class Unit { none, hertz, second, watt, joule, celsius, byte, count };
std::string_view suffix_of(Unit unit);  // "_hz", "_s", "_w", "_j", "_c", "_bytes", ""

// The unit that an axis or a watch has by its name, on every board: "*_frequency" is in hertz,
// "temperature*" in degrees Celsius, "*_power" and "power_limit*" in watts; none otherwise.
Unit unit_of_axis(std::string_view axis);
// The axis as it is named outside of the program: "cpu_frequency" -> "cpu_frequency_hz".
std::string key_with_unit(std::string_view axis);

// An axis that a plan may turn. Knob axes act on the board, engine axes on the job.
struct Axis {
  std::string name;  // "cpu_frequency"
  Unit unit = Unit::none;
  bool of_engine = false;
  std::string help;
  std::vector<std::string> choices = {};  // of an engine axis whose values are words
};

// Engine axes are the same on every board. Knob axes come from the board.
const std::vector<Axis>& engine_axes();

bool is_engine_axis(std::string_view axis);  // options among them
// "option.NAME": an option of the engine as an axis, a word or a number as the engine reads it.
bool is_option_axis(std::string_view axis);
std::string option_of(std::string_view axis);  // NAME

class Setting {
 public:
  void set(std::string axis, Value value) { values_[std::move(axis)] = std::move(value); }
  void erase(const std::string& axis) { values_.erase(axis); }
  const Value* find(const std::string& axis) const;
  std::optional<double> number(const std::string& axis) const;
  std::optional<std::string> text(const std::string& axis) const;
  const std::map<std::string, Value>& values() const { return values_; }  // sorted by axis
  bool operator==(const Setting& other) const = default;
  bool operator<(const Setting& other) const { return values_ < other.values_; }

 private:
  std::map<std::string, Value> values_;
};

// Canonical text, "batch=16 cpu_frequency=1479000000 gpu_governor=userspace": the identity of a
// setting in the study file.
std::string to_string(const Setting& setting);
Result<Setting> parse_setting(std::string_view text);  // the inverse

}  // namespace isojoule

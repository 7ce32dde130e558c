#include "data/setting.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace isojoule {

std::string to_string(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  std::array<char, 32> buffer{};
  const double number = std::get<double>(value);
  // Whole numbers without an exponent, so that a frequency looks like its node.
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (number < kExact && number > -kExact &&
      number == static_cast<double>(static_cast<std::int64_t>(number)))
    return std::to_string(static_cast<std::int64_t>(number));
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

std::string_view suffix_of(Unit unit) {
  switch (unit) {
    case Unit::hertz: return "_hz";
    case Unit::second: return "_s";
    case Unit::watt: return "_w";
    case Unit::joule: return "_j";
    case Unit::celsius: return "_c";
    case Unit::byte: return "_bytes";
    case Unit::none:
    case Unit::count: return "";
  }
  return "";
}

Unit unit_of_axis(std::string_view axis) {
  if (axis.ends_with("_frequency")) return Unit::hertz;
  if (axis.starts_with("temperature")) return Unit::celsius;
  if (axis.ends_with("_power") || axis.starts_with("power_limit")) return Unit::watt;
  return Unit::none;
}

std::string key_with_unit(std::string_view axis) {
  return std::string(axis) + std::string(suffix_of(unit_of_axis(axis)));
}

const std::vector<Axis>& engine_axes() {
  static const std::vector<Axis> axes = {
      {"batch", Unit::count, true, "inputs that go through the network together"},
      {"threads", Unit::count, true, "CPU threads of the engine; 0 leaves it to the engine"},
      {"engine", Unit::none, true, "what runs the network: see 'isojoule list engines'"},
      {"graph",
       Unit::none,
       true,
       "static: compiled and optimised before the first batch; dynamic: node by node",
       {"static", "dynamic"}},
      {"loading",
       Unit::none,
       true,
       "eager: every kernel of the libraries at the start; lazy: each when it is first used",
       {"lazy", "eager"}},
      {"accelerator", Unit::none, true, "where the layers run", {"cpu", "gpu", "dla", "dla1"}},
      {"precision", Unit::none, true, "of weights and activations", {"fp32", "fp16", "int8"}},
      {"implementation",
       Unit::none,
       true,
       "the language of the program around the network",
       {"cpp", "python"}},
  };
  return axes;
}

namespace {
constexpr std::string_view kOption = "option.";
}  // namespace

bool is_engine_axis(std::string_view name) {
  const auto& axes = engine_axes();
  return is_option_axis(name) ||
         std::any_of(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.name == name; });
}

bool is_option_axis(std::string_view axis) {
  return axis.starts_with(kOption) && axis.size() > kOption.size();
}

std::string option_of(std::string_view axis) { return std::string(axis.substr(kOption.size())); }

const Value* Setting::find(const std::string& axis) const {
  const auto found = values_.find(axis);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<double> Setting::number(const std::string& axis) const {
  const Value* value = find(axis);
  const double* number = value == nullptr ? nullptr : std::get_if<double>(value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<std::string> Setting::text(const std::string& axis) const {
  const Value* value = find(axis);
  const std::string* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::string to_string(const Setting& setting) {
  std::string text;
  for (const auto& [axis, value] : setting.values()) {
    if (!text.empty()) text += ' ';
    text += axis + '=' + to_string(value);
  }
  return text;
}

Result<Setting> parse_setting(std::string_view text) {
  Setting setting;
  const std::string_view white = " \t\r\n,";
  for (std::size_t at = text.find_first_not_of(white); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(white, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.size())
      return fail(ErrorKind::parse, "setting: '" + std::string(word) + "' is not axis=value",
                  "Write for instance cpu_frequency=1479000000 batch=16");
    const std::string_view value = word.substr(equals + 1);
    double number = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = parsed.ec == std::errc() && parsed.ptr == value.data() + value.size();
    setting.set(std::string(word.substr(0, equals)),
                is_number ? Value(number) : Value(std::string(value)));
    at = text.find_first_not_of(white, end);
  }
  return setting;
}

}  // namespace isojoule

#include "data/value_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/file_tree.h"

namespace isojoule {
namespace {

struct Scale {
  std::string_view name;
  double factor;
};
constexpr std::array<Scale, 6> kUnits = {
    {{"Hz", 1}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}, {"%", 1}, {"", 1}}};
constexpr std::array<Scale, 6> kSuffixes = {
    {{"_hz", 1}, {"_khz", 1e3}, {"_mhz", 1e6}, {"_ghz", 1e9}, {"_ms", 1e-3}, {"_s", 1}}};

bool is_number(const std::string& text, double& number, std::string_view& rest) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || !std::isfinite(number)) return false;
  rest = std::string_view(parsed.ptr,
                          static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  return true;
}

}  // namespace

Result<Value> parse_value(std::string_view text) {
  const std::string word = trimmed(text);
  if (word.empty()) return fail(ErrorKind::parse, "a value is missing behind '='");
  double number = 0;
  std::string_view rest;
  if (!is_number(word, number, rest)) return Value(word);
  for (const Scale& unit : kUnits)
    if (rest == unit.name) return Value(scaled(number, unit.factor));
  // "15W_6CORE" is the name of a power mode, "5Mhz" a slip.
  if (rest.size() <= 3 && (rest.back() == 'z' || rest.back() == 'Z'))
    return fail(ErrorKind::parse, "'" + word + "': no such unit", "Write Hz, kHz, MHz or GHz");
  return Value(word);
}

AxisKey split_unit(std::string_view key) {
  for (const auto& [suffix, scale] : kSuffixes)
    if (key.size() > suffix.size() && key.ends_with(suffix))
      return {std::string(key.substr(0, key.size() - suffix.size())), scale, true};
  return {std::string(key), 1, false};
}

double scaled(double value, double scale) {
  return scale >= 1e3 ? std::round(value * scale) : value * scale;
}

Result<AxisValue> parse_axis_value(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return fail(ErrorKind::parse, "'" + std::string(word) + "' is not AXIS=VALUE",
                "Write for instance cpu_frequency=1.479GHz");
  const AxisKey key = split_unit(word.substr(0, equals));
  ISOJOULE_TRY(Value value, parse_value(word.substr(equals + 1)));
  if (auto* number = std::get_if<double>(&value)) *number = scaled(*number, key.scale);
  return AxisValue{key.axis, std::move(value)};
}

}  // namespace isojoule

#include "data/amount.h"

#include <charconv>
#include <cmath>
#include <span>

#include "base/file_tree.h"

namespace isojoule {
namespace {

struct AmountUnit {
  std::string_view name;
  double factor;
};
constexpr AmountUnit kTimes[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}, {"h", 3600}};
constexpr AmountUnit kPowers[] = {{"W", 1}, {"mW", 1e-3}, {"uW", 1e-6}, {"kW", 1e3}};
// 1 Wh = 3600 J (SI brochure, table 8).
constexpr AmountUnit kEnergies[] = {{"J", 1},     {"mJ", 1e-3},    {"uJ", 1e-6},
                                    {"nJ", 1e-9}, {"kJ", 1e3},     {"Wh", 3600},
                                    {"mWh", 3.6}, {"uWh", 3.6e-3}, {"kWh", 3.6e6}};

constexpr AmountUnit kSizes[] = {{"B", 1},      {"kB", 1e3},      {"MB", 1e6},        {"GB", 1e9},
                                 {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
constexpr AmountUnit kTemperatures[] = {{"C", 1}};

std::span<const AmountUnit> units_of(Unit unit) {
  switch (unit) {
    case Unit::byte: return kSizes;
    case Unit::celsius: return kTemperatures;
    case Unit::second: return kTimes;
    case Unit::watt: return kPowers;
    case Unit::joule: return kEnergies;
    default: return {};
  }
}

std::string names_of(std::span<const AmountUnit> units) {
  std::string names;
  for (const AmountUnit& unit : units)
    names += (names.empty() ? "" : ", ") + std::string(unit.name);
  return names;
}

}  // namespace

Result<double> parse_amount(std::string_view text, Unit unit) {
  const std::string word = trimmed(text);
  const auto units = units_of(unit);
  const std::string remedy = "Write a number and its unit: " + names_of(units);
  double number = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
  if (parsed.ec == std::errc::result_out_of_range)
    return fail(ErrorKind::out_of_range, "'" + word + "' is too large or too small", remedy);
  if (parsed.ec != std::errc())
    return fail(ErrorKind::parse, "'" + word + "' is no amount", remedy);
  const std::string rest =
      trimmed({parsed.ptr, static_cast<std::size_t>(word.data() + word.size() - parsed.ptr)});
  for (const AmountUnit& one : units) {
    if (rest != one.name) continue;
    const double value = number * one.factor;
    if (std::isfinite(value) && value > 0) return value;
    return fail(ErrorKind::out_of_range, "'" + word + "' is not above zero", remedy);
  }
  return fail(ErrorKind::parse,
              rest.empty() ? "'" + word + "' has no unit"
                           : "'" + word + "': '" + rest + "' is no unit of it",
              remedy);
}

}  // namespace isojoule

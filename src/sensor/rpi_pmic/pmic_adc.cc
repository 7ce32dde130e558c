#include "sensor/rpi_pmic/pmic_adc.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "base/file_tree.h"

namespace isojoule::rpi_pmic {
namespace {

struct Value {
  std::string_view name;
  char unit = 0;  // 'A' or 'V'
  double value = 0;
};

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "NAME_A current(n)=xA" or "NAME_V volt(n)=xV"
std::optional<Value> parse_row(std::string_view row) {
  row = without_blanks(row);
  const std::size_t space = row.find(' ');
  const std::size_t equals = row.find('=');
  if (space == std::string_view::npos || equals == std::string_view::npos || space < 3)
    return std::nullopt;
  Value value;
  value.unit = row[space - 1];
  value.name = row.substr(0, space - 2);
  const std::string_view kind = value.unit == 'A' ? "current(" : "volt(";
  if ((value.unit != 'A' && value.unit != 'V') || row[space - 2] != '_' ||
      without_blanks(row.substr(space)).substr(0, kind.size()) != kind || row.back() != value.unit)
    return std::nullopt;
  const std::string_view number = row.substr(equals + 1, row.size() - equals - 2);
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value.value);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() ||
      !std::isfinite(value.value))
    return std::nullopt;
  return value;
}

}  // namespace

std::string_view canonical_rail(std::string_view name) {
  return name == "0V8_SYS" ? std::string_view("0V8_SW") : name;
}

Result<std::vector<RailReading>> parse_adc(std::string_view text) {
  std::vector<Value> values;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (const auto value = parse_row(rest.substr(0, end))) values.push_back(*value);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  std::vector<RailReading> rails;
  for (const Value& current : values) {
    if (current.unit != 'A') continue;
    for (const Value& voltage : values)
      if (voltage.unit == 'V' && voltage.name == current.name) {
        rails.push_back({std::string(canonical_rail(current.name)), Volt(voltage.value),
                         Ampere(current.value)});
        break;
      }
  }
  if (!rails.empty()) return rails;
  return fail(ErrorKind::parse,
              "vcgencmd pmic_read_adc: no rail in '" + trimmed(text.substr(0, 60)) + "'",
              "Only a Raspberry Pi 5 has this chip; update its firmware (rpi-eeprom-update)");
}

Ampere current_step(std::string_view rail) {
  if (rail == "VDD_CORE") return Ampere(24.0 / 4095);
  for (const std::string_view small : {"3V3_DAC", "3V3_ADC", "0V8_AON", "HDMI"})
    if (rail == small) return Ampere(0.25 / 4095);
  return Ampere(4.0 / 4095);
}

Volt voltage_step(Volt voltage) {
  return voltage < Volt(2.0) ? Volt(1.5 / 4095) : Volt(7.5 / 4095);
}

Watt estimated_input(Watt sum_of_rails) { return sum_of_rails * kInputGain + kInputOffset; }

}  // namespace isojoule::rpi_pmic

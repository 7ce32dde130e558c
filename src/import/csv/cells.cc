// Rows, cells and units.
#include <array>
#include <cctype>

#include "import/csv/layout.h"

namespace isojoule::csv {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i])))
      return false;
  return true;
}

constexpr std::array<Unit, 42> kUnits = {{
    {"W", Quantity::power, 1},
    {"mW", Quantity::power, 1e-3},
    {"uW", Quantity::power, 1e-6},
    {"\xC2\xB5W", Quantity::power, 1e-6},  // the micro sign, then the Greek letter
    {"\xCE\xBCW", Quantity::power, 1e-6},
    {"nW", Quantity::power, 1e-9},
    {"kW", Quantity::power, 1e3},
    {"watt", Quantity::power, 1},
    {"watts", Quantity::power, 1},
    {"milliwatts", Quantity::power, 1e-3},
    {"V", Quantity::voltage, 1},
    {"mV", Quantity::voltage, 1e-3},
    {"uV", Quantity::voltage, 1e-6},
    {"volt", Quantity::voltage, 1},
    {"volts", Quantity::voltage, 1},
    {"A", Quantity::current, 1},
    {"mA", Quantity::current, 1e-3},
    {"uA", Quantity::current, 1e-6},
    {"\xC2\xB5"
     "A",
     Quantity::current, 1e-6},
    {"\xCE\xBC"
     "A",
     Quantity::current, 1e-6},
    {"nA", Quantity::current, 1e-9},
    {"amps", Quantity::current, 1},
    {"J", Quantity::energy, 1},
    {"mJ", Quantity::energy, 1e-3},
    {"uJ", Quantity::energy, 1e-6},
    {"Ws", Quantity::energy, 1},
    {"kJ", Quantity::energy, 1e3},
    {"Wh", Quantity::energy, 3600},
    {"mWh", Quantity::energy, 3.6},
    {"kWh", Quantity::energy, 3.6e6},
    {"s", Quantity::time, 1},
    {"sec", Quantity::time, 1},
    {"seconds", Quantity::time, 1},
    {"msec", Quantity::time, 1e-3},
    {"milliseconds", Quantity::time, 1e-3},
    {"usec", Quantity::time, 1e-6},
    {"\xC2\xB5s", Quantity::time, 1e-6},
    {"microseconds", Quantity::time, 1e-6},
    {"nanoseconds", Quantity::time, 1e-9},
    {"ms", Quantity::time, 1e-3},
    {"us", Quantity::time, 1e-6},
    {"ns", Quantity::time, 1e-9},
}};

}  // namespace

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits)
    if (same_word(unit.name, name)) return &unit;
  return nullptr;
}

void split_row(std::string_view line, char delimiter, std::vector<std::string_view>& cells) {
  cells.clear();
  const bool any_space = delimiter == ' ';
  const auto is_end = [&](char c) { return any_space ? c == ' ' || c == '\t' : c == delimiter; };
  std::size_t at = 0;
  while (any_space && at < line.size() && is_end(line[at])) ++at;
  if (any_space && at == line.size()) return;
  for (;;) {
    std::size_t end = at;
    std::string_view cell;
    if (end < line.size() && line[end] == '"') {
      const std::size_t close = line.find('"', end + 1);
      cell = line.substr(end + 1, close == std::string_view::npos ? close : close - end - 1);
      end = close == std::string_view::npos ? line.size() : close + 1;
      while (end < line.size() && !is_end(line[end])) ++end;
    } else {
      while (end < line.size() && !is_end(line[end])) ++end;
      cell = line.substr(at, end - at);
    }
    cells.push_back(import::trimmed_view(cell));
    while (any_space && end + 1 < line.size() && is_end(line[end + 1])) ++end;
    if (end >= line.size() || (any_space && end + 1 >= line.size())) return;
    at = end + 1;
  }
}

Cell split_cell(std::string_view text, char point) {
  text = import::trimmed_view(text);
  std::size_t end = 0;
  while (end < text.size()) {
    const char c = text[end];
    const bool exponent = (c == 'e' || c == 'E') && end > 0 && end + 1 < text.size() &&
                          (std::isdigit(static_cast<unsigned char>(text[end + 1])) != 0 ||
                           text[end + 1] == '-' || text[end + 1] == '+');
    const bool sign =
        (c == '-' || c == '+') && (end == 0 || text[end - 1] == 'e' || text[end - 1] == 'E');
    if (std::isdigit(static_cast<unsigned char>(c)) == 0 && c != point && !exponent && !sign) break;
    ++end;
  }
  return {text.substr(0, end), import::trimmed_view(text.substr(end))};
}

}  // namespace isojoule::csv

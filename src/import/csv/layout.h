// How a table of readings is laid out: its delimiter, its point, which column is what in which
// unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/import.h"
#include "import/number.h"
#include "import/time_line.h"

namespace isojoule::csv {

enum class Quantity : std::uint8_t { time, power, voltage, current, energy };

struct Unit {
  std::string_view name;  // "mW"
  Quantity quantity;
  double scale;  // in SI
};
// Case plays no part: nobody logs megawatts, "MW" is milliwatts written badly.
const Unit* find_unit(std::string_view name);

struct Column {
  std::size_t place = 0;  // 0..
  Quantity quantity = Quantity::power;
  double scale = 1;
  std::string unit;  // as it must stand behind a number, if one stands there; "": any
};

struct RailColumns {
  std::string name;
  std::optional<Column> power, voltage, current, energy;
};

struct Layout {
  char delimiter = ',';  // ' ': any white space
  char point = '.';
  std::size_t first_row = 0;      // lines before the first reading
  std::size_t width = 0;          // cells of a row
  std::vector<std::size_t> time;  // one column, or date and time of day
  import::TimeLine line;
  std::vector<RailColumns> rails;
  std::string total;
  std::vector<std::string> notes;
};

// Errors: invalid (an option), parse (with the line), no_data (no row is a reading).
Result<Layout> layout_of(const LogFile& file, const ImportOptions& options);

// The cells of a row; quotation marks around one are taken off, and a delimiter inside them is
// text. The views are into `line`.
void split_row(std::string_view line, char delimiter, std::vector<std::string_view>& cells);

// "515mW" -> 515, "mW"; a number alone has no unit.
struct Cell {
  std::string_view number, unit;
};
Cell split_cell(std::string_view text, char point);

}  // namespace isojoule::csv

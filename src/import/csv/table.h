// The shape of a table: its delimiter and decimal point, the names of its columns, and where its
// readings begin.
#pragma once

#include "import/csv/layout.h"

namespace isojoule::csv {

struct Row {
  std::int64_t number = 0;  // of the line, 1..
  std::string_view text;
  bool is_comment = false;
};

struct ColumnName {
  std::string text, base;      // as it stands there; without its unit
  const Unit* unit = nullptr;  // that the name holds
  bool other_unit = false;     // it holds one that no column here is kept in: "VA", "min", "%"
};

// The views are into the file's head.
struct Table {
  char delimiter = ',';  // ' ': any white space
  char point = '.';
  std::size_t width = 0;           // cells of a row
  std::vector<Row> rows;           // the first ones, without empty lines
  std::size_t first = 0;           // the row in which readings begin
  std::vector<std::string> cells;  // of the first row that has a time and a number
  std::int64_t cells_line = 0;     // its line
  std::vector<ColumnName> names;   // by column
  bool has_names = false;
  std::vector<std::string> notes;

  // With a unit behind it, or without.
  bool is_number(std::string_view cell) const;
  // The first cell of a column that holds a number; "": none does.
  std::string_view first_number(std::size_t place) const;
};

// What to do where the columns cannot be told.
inline constexpr std::string_view kNameTheColumns =
    "Name the columns: --option time=1:s --option power=2:W (or voltage= and current=), by number "
    "or by name";

// Errors: as layout_of().
Result<Table> table_of(const LogFile& file, const ImportOptions& options);

std::string lower(std::string_view text);

}  // namespace isojoule::csv

// What tables of other people's measurements have in common: delimiter, units in columns' names,
// decimal commas.
#pragma once

#include <optional>
#include <string_view>

#include "import/csv/layout.h"

namespace isojoule {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The first line decides: a name with a semicolon or a tab and a comma is rare.
char delimiter_of_header(std::string_view header);
// "energy_mJ", "energy (mJ)", "latency ns", "energy_mJ_per_sample": the last word that is a unit,
// of `quantity` where one is given. Null: there is none.
const csv::Unit* unit_in_column(std::string_view name, std::optional<csv::Quantity> quantity);
// "1,5": a comma where numbers have their point.
bool has_decimal_comma(std::string_view cell);

}  // namespace isojoule

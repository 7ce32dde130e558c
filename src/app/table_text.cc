#include "app/table_text.h"

namespace isojoule {

char delimiter_of_header(std::string_view header) {
  for (const char each : {'\t', ';'})
    if (header.find(each) != std::string_view::npos) return each;
  return ',';
}

const csv::Unit* unit_in_column(std::string_view name, std::optional<csv::Quantity> quantity) {
  for (;;) {
    const std::size_t sign = name.find_last_of("_ ([/");
    if (sign == std::string_view::npos) return nullptr;
    std::string_view word = name.substr(sign + 1);
    while (!word.empty() && (word.back() == ')' || word.back() == ']')) word.remove_suffix(1);
    const csv::Unit* unit = csv::find_unit(word);
    if (unit != nullptr && (!quantity || unit->quantity == *quantity)) return unit;
    name = name.substr(0, sign);
  }
}

bool has_decimal_comma(std::string_view cell) {
  const std::size_t comma = cell.find(',');
  return comma != std::string_view::npos && cell.find(',', comma + 1) == std::string_view::npos &&
         cell.find_first_not_of("+-0123456789,eE") == std::string_view::npos;
}

}  // namespace isojoule

#include "import/csv/table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>

#include "import/reader.h"

namespace isojoule::csv {
namespace {

using import::option;
using import::parse_decimal;
using import::parse_stamp;
using import::trimmed_view;

constexpr std::size_t kMostRows = 400;  // that are looked at

std::vector<Row> rows_of(const LogFile& file, std::size_t skip) {
  std::vector<Row> rows;
  std::string_view head = file.head;
  if (!file.head_is_all) head = head.substr(0, head.rfind('\n') + 1);
  for (std::int64_t number = 1; !head.empty() && rows.size() < kMostRows; ++number) {
    std::string_view text = trimmed_view(take_line(head));
    if (static_cast<std::size_t>(number) <= skip || text.empty()) continue;
    const bool is_comment = text.front() == '#' || text.front() == '%';
    if (is_comment) text = trimmed_view(text.substr(1));
    rows.push_back({number, text, is_comment});
  }
  return rows;
}

// Units of what is logged beside a power, or of a time that we do not keep: better refused than
// taken as watts or seconds.
bool is_other_unit(std::string_view text, bool in_brackets) {
  const std::string word = lower(text);
  constexpr std::array<std::string_view, 9> kWords = {"va",  "kva", "mva",     "var",  "kvar",
                                                      "dbm", "min", "minutes", "hours"};
  constexpr std::array<std::string_view, 6> kSigns = {"h", "d", "days", "%", "hp", "c"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end() ||
         (in_brackets && std::find(kSigns.begin(), kSigns.end(), word) != kSigns.end());
}

// "Power (mW)", "power[mW]", "vdd_in_mw", "Power mW", "Watts"
ColumnName name_of(std::string_view cell) {
  ColumnName name{std::string(cell), std::string(cell), nullptr, false};
  const std::size_t open = cell.find_last_of("([");
  if (open != std::string_view::npos && (cell.ends_with(')') || cell.ends_with(']'))) {
    const auto unit = trimmed_view(cell.substr(open + 1, cell.size() - open - 2));
    name.unit = find_unit(unit);
    name.other_unit = is_other_unit(unit, true);
    name.base = trimmed_view(cell.substr(0, open));
    return name;
  }
  if ((name.unit = find_unit(cell)) != nullptr) {
    name.base.clear();
    return name;
  }
  const std::size_t sign = cell.find_last_of("_ /");
  if (sign == std::string_view::npos) return name;
  name.unit = find_unit(cell.substr(sign + 1));
  name.other_unit = is_other_unit(cell.substr(sign + 1), false);
  if (name.unit != nullptr) name.base = trimmed_view(cell.substr(0, sign));
  return name;
}

class TableFinder {
 public:
  TableFinder(const LogFile& file, const ImportOptions& options) : file_(file), options_(options) {}

  Result<Table> find() {
    ISOJOULE_TRY(const std::size_t skip, lines_to_skip());
    table_.rows = rows_of(file_, skip);
    ISOJOULE_CHECK(find_delimiter());
    ISOJOULE_CHECK(find_point());
    ISOJOULE_CHECK(find_first_reading());
    ISOJOULE_CHECK(find_names());
    return std::move(table_);
  }

 private:
  Result<std::size_t> lines_to_skip() const {
    const std::string text = option(options_, "skip");
    constexpr double kMost = 1e6;
    const double count = parse_decimal(text.empty() ? "0" : text).value_or(-1);
    if (count >= 0 && count <= kMost && count == std::floor(count))
      return static_cast<std::size_t>(count);
    return fail(ErrorKind::invalid, "option skip '" + text + "' is no number of lines",
                "Give a whole number: skip=3");
  }

  std::size_t usual_width(char delimiter, double& share) const {
    std::map<std::size_t, std::size_t> widths;
    std::vector<std::string_view> cells;
    std::size_t rows = 0;
    for (const Row& row : table_.rows) {
      if (row.is_comment) continue;
      split_row(row.text, delimiter, cells);
      ++widths[cells.size()];
      ++rows;
    }
    const auto most =
        std::max_element(widths.begin(), widths.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == widths.end()) return 0;
    share = static_cast<double>(most->second) / static_cast<double>(rows);
    return most->first;
  }

  Status find_delimiter() {
    const std::string wanted = option(options_, "delimiter");
    static const std::map<std::string, char> kWords = {
        {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"space", ' '}, {"pipe", '|'}};
    double share = 0;
    if (!wanted.empty()) {
      const auto word = kWords.find(wanted);
      if (word == kWords.end() && wanted.size() != 1)
        return fail(ErrorKind::invalid, "option delimiter '" + wanted + "' is no delimiter",
                    "Give one sign, or comma, semicolon, tab, space, pipe");
      table_.delimiter = word == kWords.end() ? wanted.front() : word->second;
      table_.width = usual_width(table_.delimiter, share);
      return {};
    }
    constexpr double kEnough = 0.6;  // of the rows agree on their width
    for (const char delimiter : {';', '\t', '|', ',', ' '}) {
      table_.width = usual_width(delimiter, share);
      if (table_.width < 2 || share < kEnough) continue;
      table_.delimiter = delimiter;
      return {};
    }
    return fail(ErrorKind::parse, file_.path + ": its rows have no common number of cells",
                "Name the delimiter: --option delimiter=semicolon (comma, tab, space, pipe)");
  }

  // A comma between two digits and nowhere a point: a decimal comma.
  Status find_point() {
    const std::string wanted = option(options_, "decimal");
    if (wanted == "." || wanted == "," || wanted == "comma" || wanted == "point") {
      table_.point = wanted == "," || wanted == "comma" ? ',' : '.';
      if (table_.point != table_.delimiter) return {};
    }
    if (!wanted.empty())
      return fail(ErrorKind::invalid, "option decimal '" + wanted + "' cannot be",
                  "Give . or , and another delimiter than that");
    if (table_.delimiter == ',') return {};
    const Row *with_comma = nullptr, *with_point = nullptr;
    std::vector<std::string_view> cells;
    for (const Row& row : table_.rows) {
      split_row(row.text, table_.delimiter, cells);
      for (const std::string_view cell : cells) {
        if (cell.find(',') != std::string_view::npos &&
            parse_decimal(split_cell(cell, ',').number, ','))
          with_comma = &row;
        if (cell.find('.') != std::string_view::npos && parse_decimal(split_cell(cell, '.').number))
          with_point = &row;
      }
    }
    if (with_comma == nullptr) return {};
    if (with_point != nullptr)
      return fail_at(file_.path, std::max(with_comma->number, with_point->number),
                     "numbers with a decimal comma and numbers with a point",
                     "Say which it is: --option decimal=, or --option decimal=.");
    table_.point = ',';
    table_.notes.emplace_back("commas between digits are taken as decimal commas");
    return {};
  }

  bool is_reading(const std::vector<std::string_view>& cells) const {
    if (cells.size() != table_.width) return false;
    const auto values = std::count_if(cells.begin(), cells.end(), [this](std::string_view cell) {
      return table_.is_number(cell) || parse_stamp(cell);
    });
    return values >= 2;
  }

  Status find_first_reading() {
    std::vector<std::string_view> cells;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      split_row(table_.rows[i].text, table_.delimiter, cells);
      if (table_.rows[i].is_comment || !is_reading(cells)) continue;
      table_.cells.assign(cells.begin(), cells.end());
      table_.cells_line = table_.rows[i].number;
      table_.first = i;
      while (table_.first > 0 && lacks_its_number(table_.rows[table_.first - 1])) --table_.first;
      return {};
    }
    return fail(ErrorKind::no_data, file_.path + ": no row with a time and a number",
                std::string(kNameTheColumns), "looked at its first lines");
  }

  // A reading as the first whole one, with "nan" or nothing in a place of a number: no header.
  bool lacks_its_number(const Row& row) const {
    std::vector<std::string_view> cells;
    split_row(row.text, table_.delimiter, cells);
    if (row.is_comment || cells.size() != table_.width) return false;
    const auto is_value = [this](std::string_view cell) {
      return table_.is_number(cell) || parse_stamp(cell) ||
             parse_stamp(std::string(cell) + " 00:00");
    };
    bool has_value = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (is_value(cells[i]))
        has_value = true;
      else if (is_value(table_.cells[i]) && !import::is_no_number(cells[i]))
        return false;
    }
    return has_value;
  }

  // The last rows before the first reading: names, and perhaps units below them.
  Status find_names() {
    std::vector<std::vector<std::string_view>> headers;
    std::vector<std::string_view> cells;
    for (std::size_t i = 0; i < table_.first; ++i) {
      split_row(table_.rows[i].text, table_.delimiter, cells);
      if (cells.size() == table_.width) headers.push_back(cells);
      if (table_.delimiter == ',' && cells.size() > 1 && table_.width >= 2 * cells.size() - 1)
        return fail_at(file_.path, table_.rows[table_.first].number,
                       "more cells than columns: decimal commas between commas?",
                       "Such a file cannot be told apart: write it with another delimiter");
    }
    table_.names.resize(table_.width);
    if (headers.empty()) return {};
    const auto is_unit = [](std::string_view cell) {
      if (cell.size() > 2 && (cell.front() == '(' || cell.front() == '['))
        cell = cell.substr(1, cell.size() - 2);
      return find_unit(cell);
    };
    const auto& last = headers.back();
    const bool has_units =
        headers.size() > 1 && std::all_of(last.begin(), last.end(), [&](std::string_view cell) {
          return cell.empty() || is_unit(cell) != nullptr;
        });
    const auto& row = has_units ? headers[headers.size() - 2] : last;
    for (std::size_t i = 0; i < row.size(); ++i) {
      table_.names[i] = name_of(row[i]);
      if (has_units && table_.names[i].unit == nullptr) table_.names[i].unit = is_unit(last[i]);
    }
    table_.has_names = true;
    return {};
  }

  const LogFile& file_;
  const ImportOptions& options_;
  Table table_;
};

}  // namespace

bool Table::is_number(std::string_view cell) const {
  const Cell parts = split_cell(cell, point);
  return parse_decimal(parts.number, point).has_value() &&
         (parts.unit.empty() || find_unit(parts.unit) != nullptr);
}

std::string_view Table::first_number(std::size_t place) const {
  std::vector<std::string_view> row;
  for (std::size_t i = first; i < rows.size(); ++i) {
    split_row(rows[i].text, delimiter, row);
    if (!rows[i].is_comment && row.size() == width && is_number(row[place])) return row[place];
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text)
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

Result<Table> table_of(const LogFile& file, const ImportOptions& options) {
  return TableFinder(file, options).find();
}

}  // namespace isojoule::csv

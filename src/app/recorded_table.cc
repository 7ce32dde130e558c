#include "app/recorded_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/table_text.h"
#include "base/text.h"
#include "base/text_file.h"
#include "import/number.h"

namespace isojoule {
namespace {

using import::trimmed_view;
using Json = nlohmann::ordered_json;

Result<RecordedTable> read_csv(std::string_view rest, RecordedTable table) {
  std::vector<std::string_view> cells;
  char delimiter = ',';
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed_view(rest.substr(0, end));
    const std::string_view whole = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    const bool is_header = table.columns.empty();
    if (is_header) delimiter = delimiter_of_header(line);
    // Blanks at the ends may be delimiters (tabs): the line as it is.
    csv::split_row(whole.ends_with('\r') ? whole.substr(0, whole.size() - 1) : whole, delimiter,
                   cells);
    if (is_header) {
      table.columns.assign(cells.begin(), cells.end());
      continue;
    }
    if (cells.size() != table.columns.size()) {
      if (table.ragged++ == 0) table.first_ragged = number;
      continue;
    }
    table.rows.push_back({number, {cells.begin(), cells.end()}, false});
  }
  if (table.columns.empty())
    return fail(ErrorKind::parse, table.path + ": an empty table",
                "Its first line names the columns");
  return table;
}

std::optional<Json> parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return {};
  return json;
}

// Kernel Tuner appends an entry a line, and closes the two braces when it is read again.
std::optional<Json> parsed_cache(std::string text, std::vector<std::string>& notes) {
  if (auto json = parsed(text)) return json;
  for (const bool torn : {false, true}) {
    if (torn) text.resize(std::min(text.rfind('\n'), text.size()));
    while (!text.empty() && (trimmed_view(text).size() != text.size() || text.back() == ','))
      text.pop_back();
    if (auto json = parsed(text + "}}")) {
      if (torn) notes.emplace_back("the last entry is not whole, and was left out");
      return json;
    }
  }
  return {};
}

// "InvalidConfig", "CompilationFailedConfig", "RuntimeFailedConfig" in place of a time.
bool says_refused(const Json& entry) {
  return std::any_of(entry.begin(), entry.end(), [](const Json& value) {
    return value.is_string() && value.get_ref<const std::string&>().ends_with("Config");
  });
}

std::string cell_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

Result<RecordedTable> read_cache(const std::string& text, RecordedTable table) {
  table.is_cache = true;
  const auto json = parsed_cache(text, table.notes);
  if (!json || !json->is_object() || !json->contains("cache") || !json->at("cache").is_object())
    return fail(ErrorKind::parse, table.path + ": no cache of Kernel Tuner",
                "Give a CSV, or a JSON file with the object 'cache'");
  const Json& cache = json->at("cache");
  for (const Json& entry : cache) {
    if (!entry.is_object()) continue;
    for (const auto& [name, value] : entry.items())
      if (value.is_primitive() &&
          std::find(table.columns.begin(), table.columns.end(), name) == table.columns.end())
        table.columns.push_back(name);
  }
  std::int64_t number = 0;
  for (const Json& entry : cache) {
    RecordedTable::Row row{++number, {}, false};
    if (!entry.is_object()) continue;
    row.refused = says_refused(entry);
    for (const std::string& name : table.columns) {
      const auto found = entry.find(name);
      row.cells.push_back(found == entry.end() ? "" : cell_of(*found));
    }
    table.rows.push_back(std::move(row));
  }
  if (table.columns.empty())
    return fail(ErrorKind::parse, table.path + ": the cache has no entry", "Let the tuner run");
  return table;
}

}  // namespace

std::string RecordedTable::where(std::int64_t number) const {
  return fmt::format("{}, {} {}", std::filesystem::path(path).filename().string(),
                     is_cache ? "entry" : "line", number);
}

Result<std::size_t> RecordedTable::column(const std::string& name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end())
    return fail(ErrorKind::invalid, path + ": no column '" + name + "'",
                unknown_name_remedy(name, columns));
  if (std::find(found + 1, columns.end(), name) != columns.end())
    return fail(ErrorKind::invalid, path + ": two columns are named '" + name + "'",
                "Give one of them another name");
  return static_cast<std::size_t>(found - columns.begin());
}

Result<RecordedTable> read_recorded_table(const std::string& path) {
  auto file = read_text_file(path);
  if (!file && file.error().remedy.empty())
    file.error().remedy = "--recorded takes a table of measurements that this user may read";
  ISOJOULE_TRY(const std::string text, std::move(file));
  std::string_view rest = text;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  RecordedTable table;
  table.path = path;
  if (trimmed_view(rest).starts_with('{')) return read_cache(std::string(rest), std::move(table));
  return read_csv(rest, std::move(table));
}

}  // namespace isojoule

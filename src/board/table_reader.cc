#include "board/table_reader.h"

#include <limits>

namespace isojoule::board_file {

void TableReader::keep(const Status& status) {
  if (!status && !error_) error_ = status.error();
}

void TableReader::keep(const toml::node& at, ErrorKind kind, const std::string& what,
                       std::string remedy) {
  keep(file_.error(at, what, std::move(remedy), kind));
}

void TableReader::fault(const char* key, const std::string& what, std::string remedy) {
  const toml::node* node = table_.get(key);
  keep(node == nullptr ? table_ : *node, ErrorKind::invalid, what, std::move(remedy));
}

void TableReader::fault_of_table(const std::string& what, std::string remedy) {
  keep(table_, ErrorKind::invalid, what, std::move(remedy));
}

bool TableReader::take(const char* key, bool required) {
  known_.emplace_back(key);
  if (table_.contains(key)) return true;
  if (required)
    keep(table_, ErrorKind::parse, what_ + " has no '" + key + "'",
         std::string("Add ") + key + " = ... to it");
  return false;
}

void TableReader::text(const char* key, std::string& value, bool required) {
  if (!take(key, required)) return;
  keep(file_.read(table_, key, value));
  if (required && value.empty())
    keep(*table_.get(key), ErrorKind::parse, std::string("'") + key + "' must not be empty", {});
}

void TableReader::number(const char* key, double& value, bool required) {
  if (take(key, required)) keep(file_.read(table_, key, value));
}

void TableReader::integer(const char* key, int& value, bool required) {
  if (!take(key, required)) return;
  std::int64_t wide = value;
  keep(file_.read(table_, key, wide));
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
    return keep(*table_.get(key), ErrorKind::parse, std::string("'") + key + "' is out of range",
                {});
  value = static_cast<int>(wide);
}

void TableReader::flag(const char* key, bool& value) {
  if (take(key, false)) keep(file_.read(table_, key, value));
}

void TableReader::texts(const char* key, std::vector<std::string>& values, bool required) {
  if (take(key, required)) keep(file_.read(table_, key, values));
}

void TableReader::numbers(const char* key, std::vector<double>& values, bool required) {
  if (take(key, required)) keep(file_.read(table_, key, values));
}

std::vector<const toml::table*> TableReader::tables(const char* key) {
  if (!take(key, false)) return {};
  auto found = file_.tables(table_, key);
  if (found) return std::move(*found);
  keep(Status(tl::unexpect, found.error()));
  return {};
}

const toml::table* TableReader::table(const char* key, bool required) {
  if (!take(key, required)) return nullptr;
  const toml::node& node = *table_.get(key);
  if (const toml::table* table = node.as_table()) return table;
  keep(node, ErrorKind::parse, std::string("'") + key + "' must be a table", {});
  return nullptr;
}

std::vector<std::pair<std::string, std::string>> TableReader::free_texts() {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [key, node] : table_) {
    std::string name(key.str());
    std::string value;
    text(name.c_str(), value);
    result.emplace_back(std::move(name), std::move(value));
  }
  return result;
}

Status TableReader::finish() {
  ISOJOULE_CHECK(file_.check_keys(table_, known_, what_));
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

}  // namespace isojoule::board_file

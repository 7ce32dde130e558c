#include "board/toml_reader.h"

#include <algorithm>

#include "base/text.h"

namespace isojoule::board_file {

Error error_at(const toml::node& node, const std::string& path, ErrorKind kind, std::string what,
               std::string remedy) {
  const auto& begin = node.source().begin;
  const std::string where =
      path + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column);
  return Error{kind, where + ": " + std::move(what), {}, std::move(remedy)};
}

void TableReader::fault(const toml::node& node, ErrorKind kind, std::string what,
                        std::string remedy) {
  if (!error_) error_ = error_at(node, path_, kind, std::move(what), std::move(remedy));
}

void TableReader::wrong_type(const toml::node& node, const char* key, const char* wanted) {
  fault(node, ErrorKind::parse, std::string(key) + " in " + what_ + " must be " + wanted);
}

const toml::node* TableReader::take(const char* key, bool required) {
  known_.emplace_back(key);
  const toml::node* node = table_.get(key);
  if (node == nullptr && required)
    fault(table_, ErrorKind::parse, what_ + " has no '" + key + "'",
          std::string("Add ") + key + " = ... to it");
  return node;
}

const toml::node& TableReader::node(const char* key) const {
  const toml::node* node = table_.get(key);
  return node == nullptr ? static_cast<const toml::node&>(table_) : *node;
}

void TableReader::text(const char* key, std::string& value, bool required) {
  const toml::node* node = take(key, required);
  if (node == nullptr) return;
  const auto found = node->value_exact<std::string>();
  if (!found || (required && found->empty())) return wrong_type(*node, key, "a text");
  value = *found;
}

void TableReader::number(const char* key, double& value, bool required) {
  const toml::node* node = take(key, required);
  if (node == nullptr) return;
  const auto found = node->is_number() ? node->value<double>() : std::nullopt;
  if (!found) return wrong_type(*node, key, "a number");
  value = *found;
}

void TableReader::integer(const char* key, int& value, bool required) {
  const toml::node* node = take(key, required);
  if (node == nullptr) return;
  const auto found = node->is_integer() ? node->value<int>() : std::nullopt;
  if (!found) return wrong_type(*node, key, "a whole number");
  value = *found;
}

void TableReader::flag(const char* key, bool& value) {
  const toml::node* node = take(key, false);
  if (node == nullptr) return;
  const auto found = node->value_exact<bool>();
  if (!found) return wrong_type(*node, key, "true or false");
  value = *found;
}

void TableReader::texts(const char* key, std::vector<std::string>& values, bool required) {
  const toml::node* node = take(key, required);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return wrong_type(*node, key, "a list of texts");
  for (const auto& entry : *array) {
    const auto found = entry.value_exact<std::string>();
    if (!found) return wrong_type(entry, key, "a list of texts");
    values.push_back(*found);
  }
}

void TableReader::numbers(const char* key, std::vector<double>& values, bool required) {
  const toml::node* node = take(key, required);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return wrong_type(*node, key, "a list of numbers");
  for (const auto& entry : *array) {
    const auto found = entry.value<double>();
    if (!found || !entry.is_number()) return wrong_type(entry, key, "a list of numbers");
    values.push_back(*found);
  }
}

std::vector<const toml::table*> TableReader::tables(const char* key) {
  std::vector<const toml::table*> result;
  const toml::node* node = take(key, false);
  if (node == nullptr) return result;
  if (const toml::array* array = node->as_array()) {
    for (const auto& entry : *array)
      if (const toml::table* table = entry.as_table()) result.push_back(table);
    if (result.size() == array->size()) return result;
  }
  wrong_type(*node, key, "written as [[...]]");
  return {};
}

const toml::table* TableReader::table(const char* key, bool required) {
  const toml::node* node = take(key, required);
  if (node == nullptr) return nullptr;
  if (const toml::table* table = node->as_table()) return table;
  wrong_type(*node, key, "a table");
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
  // A misspelt key explains a missing one better than the other way round.
  const toml::node* first = nullptr;
  std::string name;
  for (const auto& [key, node] : table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
    const auto position = [](const toml::node& n) {
      return std::pair(n.source().begin.line, n.source().begin.column);
    };
    if (first != nullptr && position(*first) < position(node)) continue;
    first = &node;
    name = key.str();
  }
  if (first != nullptr)
    return tl::unexpected<Error>(error_at(*first, path_, ErrorKind::parse,
                                          "unknown key '" + name + "' in " + what_,
                                          unknown_name_remedy(name, known_)));
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

}  // namespace isojoule::board_file

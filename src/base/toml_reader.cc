#include "base/toml_reader.h"

#include <algorithm>

#include "base/text.h"

namespace isojoule {
namespace {

std::string place(const std::string& path, const toml::source_region& at) {
  return path + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": ";
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

Result<TomlReader> TomlReader::parse(std::string_view text, std::string path) {
  try {
    toml::table root = toml::parse(text);  // throws before the path is moved
    return TomlReader(std::move(root), std::move(path));
  } catch (const toml::parse_error& caught) {
    return fail(ErrorKind::parse, place(path, caught.source()) + std::string(caught.description()),
                "Correct the file; it is TOML");
  }
}

tl::unexpected<Error> TomlReader::error(const toml::source_region& at, const std::string& what,
                                        std::string remedy, ErrorKind kind) const {
  return fail(kind, place(path_, at) + what, std::move(remedy));
}

tl::unexpected<Error> TomlReader::wrong_type(const toml::node& at, std::string_view key,
                                             std::string_view wanted) const {
  return error(at, quoted(key) + " must be " + std::string(wanted));
}

Status TomlReader::check_keys(const toml::table& table, const std::vector<std::string>& known,
                              std::string_view where) const {
  const toml::key* first = nullptr;  // a table's keys come by name, not by place
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    if (first == nullptr || key.source().begin < first->source().begin) first = &key;
  }
  if (first == nullptr) return {};
  const std::string name(first->str());
  return error(first->source(), "unknown key " + quoted(name) + " in " + std::string(where),
               unknown_name_remedy(name, known));
}

Status TomlReader::read(const toml::table& table, std::string_view key, std::string& value) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_string()) return wrong_type(*node, key, "a text in quotes");
  value = node->as_string()->get();
  return {};
}

Status TomlReader::read(const toml::table& table, std::string_view key, double& value) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_number()) return wrong_type(*node, key, "a number");
  value = *node->value<double>();
  return {};
}

Status TomlReader::read(const toml::table& table, std::string_view key, std::int64_t& value) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_integer()) return wrong_type(*node, key, "a whole number");
  value = node->as_integer()->get();
  return {};
}

Status TomlReader::read(const toml::table& table, std::string_view key, bool& value) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_boolean()) return wrong_type(*node, key, "true or false");
  value = node->as_boolean()->get();
  return {};
}

Status TomlReader::read(const toml::table& table, std::string_view key,
                        std::vector<std::string>& value) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_array()) return wrong_type(*node, key, "a list of texts, [\"a\", \"b\"]");
  value.clear();
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_string()) return wrong_type(item, key, "a list of texts, [\"a\", \"b\"]");
    value.push_back(item.as_string()->get());
  }
  return {};
}

Status TomlReader::read(const toml::table& table, std::string_view key,
                        std::vector<double>& value) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  if (!node->is_array()) return wrong_type(*node, key, "a list of numbers");
  value.clear();
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_number()) return wrong_type(item, key, "a list of numbers");
    value.push_back(*item.value<double>());
  }
  return {};
}

Result<std::vector<const toml::table*>> TomlReader::tables(const toml::table& table,
                                                           std::string_view key) const {
  std::vector<const toml::table*> found;
  const toml::node* node = table.get(key);
  if (node == nullptr) return found;
  const std::string wanted = "one or more tables, [[" + std::string(key) + "]]";
  if (!node->is_array()) return wrong_type(*node, key, wanted);
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_table()) return wrong_type(item, key, wanted);
    found.push_back(item.as_table());
  }
  return found;
}

}  // namespace isojoule

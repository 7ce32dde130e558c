#include "base/toml_reader.h"

#include <algorithm>

#include "base/text.h"

namespace isojoule {
namespace {

std::string place(const std::string& path, const toml::source_region& at) {
  return path + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": ";
}

// Not "quoted": a std::string would find the standard library's.
std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

// Each gives the node that is of another type, none where the value was taken.
const toml::node* take(const toml::node& node, std::string& value) {
  if (!node.is_string()) return &node;
  value = node.as_string()->get();
  return nullptr;
}
const toml::node* take(const toml::node& node, double& value) {
  if (!node.is_number()) return &node;
  value = *node.value<double>();
  return nullptr;
}
const toml::node* take(const toml::node& node, std::int64_t& value) {
  if (!node.is_integer()) return &node;
  value = node.as_integer()->get();
  return nullptr;
}
const toml::node* take(const toml::node& node, bool& value) {
  if (!node.is_boolean()) return &node;
  value = node.as_boolean()->get();
  return nullptr;
}
template <typename T>
const toml::node* take(const toml::node& node, std::vector<T>& values) {
  if (!node.is_array()) return &node;
  for (const toml::node& item : *node.as_array())
    if (const toml::node* odd = take(item, values.emplace_back())) return odd;
  return nullptr;
}

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
  return error(at, in_quotes(key) + " must be " + std::string(wanted));
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
  return error(first->source(), "unknown key " + in_quotes(name) + " in " + std::string(where),
               unknown_name_remedy(name, known));
}

template <typename T>
Status TomlReader::read_as(const toml::table& table, std::string_view key, T& value,
                           std::string_view wanted) const {
  const toml::node* node = table.get(key);
  if (node == nullptr) return {};
  T taken{};
  if (const toml::node* odd = take(*node, taken)) return wrong_type(*odd, key, wanted);
  value = std::move(taken);
  return {};
}

Status TomlReader::read(const toml::table& table, std::string_view key, std::string& value) const {
  return read_as(table, key, value, "a text in quotes");
}

Status TomlReader::read(const toml::table& table, std::string_view key, double& value) const {
  return read_as(table, key, value, "a number");
}

Status TomlReader::read(const toml::table& table, std::string_view key, std::int64_t& value) const {
  return read_as(table, key, value, "a whole number");
}

Status TomlReader::read(const toml::table& table, std::string_view key, bool& value) const {
  return read_as(table, key, value, "true or false");
}

Status TomlReader::read(const toml::table& table, std::string_view key,
                        std::vector<std::string>& value) const {
  return read_as(table, key, value, "a list of texts, [\"a\", \"b\"]");
}

Status TomlReader::read(const toml::table& table, std::string_view key,
                        std::vector<double>& value) const {
  return read_as(table, key, value, "a list of numbers");
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

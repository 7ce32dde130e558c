#include "report/packed_runs.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace isojoule {
namespace {

using nlohmann::json;

// By name, each with a value a run; null where a run has none.
using NamedColumns = std::map<std::string, std::vector<json>>;

void put(NamedColumns& columns, const std::string& name, std::size_t row, std::size_t rows,
         const json& value) {
  std::vector<json>& column = columns[name];
  if (column.empty()) column.resize(rows);
  column[row] = value;
}

json as_texts(const std::vector<json>& column) {
  std::map<std::string, std::size_t> places;
  json texts = json::array(), index = json::array();
  for (const json& value : column) {
    const auto [found, is_new] = places.emplace(value.get<std::string>(), places.size());
    if (is_new) texts.push_back(value);
    index.push_back(found->second);
  }
  return {{"texts", std::move(texts)}, {"index", std::move(index)}};
}

json packed(std::vector<json> column) {
  const json& first = column.front();
  const bool is_one =
      std::all_of(column.begin(), column.end(), [&](const json& value) { return value == first; });
  if (is_one) return first;
  const bool is_text = std::all_of(column.begin(), column.end(),
                                   [](const json& value) { return value.is_string(); });
  return is_text ? as_texts(column) : json(std::move(column));
}

json packed(NamedColumns&& columns) {
  json object = json::object();
  for (auto& [name, column] : columns) object[name] = packed(std::move(column));
  return object;
}

}  // namespace

json packed_runs(const json& runs) {
  NamedColumns plain;
  std::map<std::string, NamedColumns> nested = {{"phases", {}}, {"counters", {}}};
  for (std::size_t row = 0; row < runs.size(); ++row)
    for (const auto& [key, value] : runs[row].items()) {
      const auto group = nested.find(key);
      if (group == nested.end()) {
        put(plain, key, row, runs.size(), value);
        continue;
      }
      for (const auto& [name, inner] : value.items())
        put(group->second, name, row, runs.size(), inner);
    }
  json whole = {{"rows", runs.size()}, {"columns", packed(std::move(plain))}};
  for (auto& [key, columns] : nested) whole[key] = packed(std::move(columns));
  return whole;
}

}  // namespace isojoule

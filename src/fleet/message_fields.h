// Fields of a document that fits its shape: what is absent has its default. For message*.cc.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/setting.h"

namespace isojoule::fleet {

using Document = nlohmann::json;

template <typename T>
void take_field(const Document& from, const char* key, T& into) {
  if (const auto found = from.find(key); found != from.end()) into = found->get<T>();
}

inline const Document& part_of(const Document& from, const char* key) {
  static const Document nothing;
  const auto found = from.find(key);
  return found == from.end() ? nothing : *found;
}

// Empty texts and lists are not written: a reader takes them as the default.
template <typename T>
void put_field(Document& into, const char* key, const T& value) {
  if (!value.empty()) into[key] = value;
}

inline Document value_document(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::get<std::string>(value);
}

inline Value value_of(const Document& from) {
  if (from.is_string()) return from.get<std::string>();
  return from.get<double>();
}

inline Document setting_document(const Setting& setting) {
  Document made = Document::object();
  for (const auto& [axis, value] : setting.values()) made[axis] = value_document(value);
  return made;
}

inline Setting setting_of(const Document& from) {
  Setting setting;
  for (const auto& [axis, value] : from.items()) setting.set(axis, value_of(value));
  return setting;
}

}  // namespace isojoule::fleet

#include "twin/variant.h"

namespace isojoule::twin {
namespace {

constexpr const char* kVariant = "variant";
constexpr const char* kRelease = "release";

void add_names(const toml::table& table, std::set<std::string>& names) {
  if (const toml::table* variants = table[kVariant].as_table())
    for (const auto& [name, node] : *variants) names.insert(std::string(name.str()));
}

void merge_variant(toml::table& below, const toml::table& source, const std::string& variant) {
  if (const toml::table* own = source[kVariant][variant].as_table()) merge_over(below, *own);
}

}  // namespace

void merge_over(toml::table& below, const toml::table& above) {
  for (const auto& [key, node] : above) {
    const toml::table* from = node.as_table();
    toml::table* into = below[key.str()].as_table();
    if (from != nullptr && into != nullptr)
      merge_over(*into, *from);
    else
      below.insert_or_assign(key, node);
  }
}

std::set<std::string> variants_in(const toml::table& file) {
  std::set<std::string> names;
  add_names(file, names);
  if (const toml::array* releases = file[kRelease].as_array())
    for (const auto& release : *releases)
      if (release.is_table()) add_names(*release.as_table(), names);
  return names;
}

std::set<std::string> variants_in(const std::string& toml) {
  try {
    return variants_in(toml::parse(toml));
  } catch (const toml::parse_error&) {
    return {};
  }
}

toml::table merged(const toml::table& file, const toml::table* release,
                   const std::string& variant) {
  toml::table all = file;
  all.erase(kVariant);
  all.erase(kRelease);
  if (release != nullptr) {
    toml::table own = *release;
    own.erase(kVariant);
    merge_over(all, own);
  }
  if (variant.empty()) return all;
  merge_variant(all, file, variant);
  if (release != nullptr) merge_variant(all, *release, variant);
  return all;
}

}  // namespace isojoule::twin

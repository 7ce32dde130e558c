// Variants of a board in tree.toml and twin.toml: `[variant.NAME]` at the top and
// `[release.variant.NAME]` in a [[release]] are merged over the rest where the twin is of that
// variant. Tables are merged by name, everything else (also an array) is replaced.
#pragma once

#include <set>
#include <string>

#include <toml++/toml.h>

#include "base/error.h"

namespace isojoule::twin {

// Puts `above` over `below`.
void merge_over(toml::table& below, const toml::table& above);

// The names of the variants that the file has, at its top and in its releases.
std::set<std::string> variants_in(const toml::table& file);
// The same of a file's text; none where it cannot be parsed (whoever reads it next says why).
std::set<std::string> variants_in(const std::string& toml);

// One table out of a file: what stands at its top, over it the release (may be null), over that the
// variant of the top and the variant of the release. A file that does not have the variant has
// nothing to say about it: that is no error here.
toml::table merged(const toml::table& file, const toml::table* release, const std::string& variant);

}  // namespace isojoule::twin

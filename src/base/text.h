// Small helpers on words, for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isojoule {

// The candidate that a typing error most likely meant (optimal string alignment distance at most a
// third of its length, at least 2), or "".
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);
// " Did you mean 'x'?" or " Known: a, b, c": the remedy of an unknown name.
std::string unknown_name_remedy(std::string_view name, const std::vector<std::string>& candidates);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace isojoule

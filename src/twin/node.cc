#include "twin/node.h"

#include <algorithm>
#include <charconv>

namespace isojoule::twin {

std::optional<std::int64_t> leading_number(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t\n"), text.size());
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data() + start, text.data() + text.size(), value);
  if (parsed.ec != std::errc() || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> strict_number(std::string_view text) {
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) return std::nullopt;
  return value;
}

std::string_view first_word(std::string_view text) {
  constexpr std::string_view white = " \t\n";
  const std::size_t start = std::min(text.find_first_not_of(white), text.size());
  text.remove_prefix(start);
  return text.substr(0, text.find_first_of(white));
}

void add_made_text(MemoryTree& tree, const std::string& path, std::function<std::string()> make,
                   int mode) {
  tree.add_node(
      path,
      [make = std::move(make)](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(make(), buffer);
      },
      {}, mode);
}

void add_switch(MemoryTree& tree, const std::string& path, bool& value, int mode) {
  tree.add_integer(
      path, [&value] { return value ? 1 : 0; },
      [&value, path](std::string_view text) -> Status {
        const auto number = leading_number(text);
        if (!number || *number > 1) return refuse(EINVAL, path, "write");
        value = *number == 1;
        return {};
      },
      mode);
}

}  // namespace isojoule::twin

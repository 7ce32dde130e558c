// Small helpers that the nodes of a twin's tree share.
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_tree.h"

namespace isojoule::twin {

// A write or read that the kernel refuses with this errno.
inline tl::unexpected<Error> refuse(int number, std::string_view path, std::string_view tried) {
  return tl::unexpected<Error>(error_from_errno(number, path, tried));
}

// As sscanf("%u"): leading digits, whatever follows.
std::optional<std::int64_t> leading_number(std::string_view text);
// As kstrtoul: digits and at most one newline, nothing else.
std::optional<std::int64_t> strict_number(std::string_view text);
std::string_view first_word(std::string_view text);

// A node whose text is made at each read.
void add_made_text(MemoryTree& tree, const std::string& path, std::function<std::string()> make,
                   int mode = 0444);
// "0" or "1" in `value`, anything else is EINVAL.
void add_switch(MemoryTree& tree, const std::string& path, bool& value, int mode = 0644);

// "a b c" with `end` behind the last ("\n", or " \n" as cpufreq's lists have it).
template <typename Range>
std::string line_of(const Range& items, std::string_view end = "\n") {
  return fmt::format("{}{}", fmt::join(items, " "), end);
}

}  // namespace isojoule::twin

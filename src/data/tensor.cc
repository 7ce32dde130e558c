#include "data/tensor.h"

#include <array>
#include <limits>

namespace isojoule {
namespace {

struct TypeRow {
  std::string_view name;
  std::size_t size;
};
// In the order of ElementType.
constexpr std::array<TypeRow, 8> kTypes = {{{"float32", 4},
                                            {"float16", 2},
                                            {"float64", 8},
                                            {"int8", 1},
                                            {"uint8", 1},
                                            {"int32", 4},
                                            {"int64", 8},
                                            {"boolean", 1}}};

}  // namespace

std::string_view name_of(ElementType type) { return kTypes[static_cast<std::size_t>(type)].name; }
std::size_t size_of(ElementType type) { return kTypes[static_cast<std::size_t>(type)].size; }

std::optional<std::size_t> element_count(const std::vector<std::int64_t>& shape) {
  constexpr std::int64_t limit = std::numeric_limits<std::int64_t>::max() / 16;
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0 || (dimension > 0 && count > limit / dimension)) return std::nullopt;
    count *= dimension;
  }
  return static_cast<std::size_t>(count);
}

std::string shape_words(const std::vector<std::int64_t>& shape) {
  std::string words;
  for (const std::int64_t dimension : shape)
    words += (words.empty() ? "" : "x") + (dimension < 0 ? "?" : std::to_string(dimension));
  return words.empty() ? "scalar" : words;
}

}  // namespace isojoule

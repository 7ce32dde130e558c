#include "data/tensor.h"

#include <array>
#include <cmath>
#include <cstring>
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

template <typename T, typename Check>
bool all_of(const Tensor& tensor, Check is_finite) {
  for (std::size_t at = 0; at + sizeof(T) <= tensor.data.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, tensor.data.data() + at, sizeof(T));
    if (!is_finite(value)) return false;
  }
  return true;
}

}  // namespace

bool all_finite(const Tensor& tensor) {
  switch (tensor.spec.type) {
    case ElementType::float32:
      return all_of<float>(tensor, [](float value) { return std::isfinite(value); });
    case ElementType::float64:
      return all_of<double>(tensor, [](double value) { return std::isfinite(value); });
    case ElementType::float16: {
      constexpr std::uint16_t kExponent = 0x7c00;  // IEEE 754 binary16: all ones where not finite
      return all_of<std::uint16_t>(
          tensor, [](std::uint16_t bits) { return (bits & kExponent) != kExponent; });
    }
    default: return true;
  }
}

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

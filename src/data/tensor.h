// What goes into a network and what comes out of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isojoule {

enum class ElementType : std::uint8_t {
  float32,
  float16,
  float64,
  int8,
  uint8,
  int32,
  int64,
  boolean,
};
std::string_view name_of(ElementType type);  // "float32"
std::size_t size_of(ElementType type);       // bytes of an element

struct TensorSpec {
  std::string name;
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> shape;  // batch first; -1: open
  bool operator==(const TensorSpec&) const = default;
};

struct Tensor {
  TensorSpec spec;              // no dimension is open
  std::vector<std::byte> data;  // elements in order, the last dimension fastest, little-endian
};

// No infinity and no NaN in it; whole numbers are finite.
bool all_finite(const Tensor& tensor);
// Elements of a shape without an open dimension; nothing where one is open, or the product is
// beyond what memory can hold.
std::optional<std::size_t> element_count(const std::vector<std::int64_t>& shape);
// "1x3x224x224", an open dimension as '?'; "scalar" for none.
std::string shape_words(const std::vector<std::int64_t>& shape);

}  // namespace isojoule

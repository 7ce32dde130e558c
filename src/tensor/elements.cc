#include "tensor/elements.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/half.h"

namespace isojoule {
namespace {

template <typename T>
void read_all(const Tensor& tensor, std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(get_element<T>(tensor, i));
}

template <typename T>
void write_floats(Tensor& tensor, std::size_t first, std::span<const float> values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    put_element<T>(tensor, first + i, static_cast<T>(values[i]));
}

template <typename T>
void write_whole(Tensor& tensor, std::size_t first, std::span<const float> values) {
  // In double: the largest int64 is none of float, and the conversion must not overflow.
  constexpr double low = static_cast<double>(std::numeric_limits<T>::min());
  constexpr double high = static_cast<double>(std::numeric_limits<T>::max());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = std::isnan(values[i]) ? 0.0 : std::nearbyint(values[i]);
    const T whole = value <= low    ? std::numeric_limits<T>::min()
                    : value >= high ? std::numeric_limits<T>::max()
                                    : static_cast<T>(value);
    put_element<T>(tensor, first + i, whole);
  }
}

}  // namespace

Tensor make_tensor(TensorSpec spec) {
  const std::size_t bytes = element_count(spec.shape).value_or(0) * size_of(spec.type);
  return {std::move(spec), std::vector<std::byte>(bytes)};
}

std::vector<float> float_values(const Tensor& tensor) {
  std::vector<float> values(tensor.data.size() / size_of(tensor.spec.type));
  switch (tensor.spec.type) {
    case ElementType::float32: read_all<float>(tensor, values); break;
    case ElementType::float64: read_all<double>(tensor, values); break;
    case ElementType::float16:
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = float_of_half(get_element<std::uint16_t>(tensor, i));
      break;
    case ElementType::int8: read_all<std::int8_t>(tensor, values); break;
    case ElementType::uint8: read_all<std::uint8_t>(tensor, values); break;
    case ElementType::int32: read_all<std::int32_t>(tensor, values); break;
    case ElementType::int64: read_all<std::int64_t>(tensor, values); break;
    case ElementType::boolean:
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = get_element<std::uint8_t>(tensor, i) != 0 ? 1.0F : 0.0F;
      break;
  }
  return values;
}

void put_values(Tensor& tensor, std::size_t first, std::span<const float> values) {
  switch (tensor.spec.type) {
    case ElementType::float32: return write_floats<float>(tensor, first, values);
    case ElementType::float64: return write_floats<double>(tensor, first, values);
    case ElementType::float16:
      for (std::size_t i = 0; i < values.size(); ++i)
        put_element<std::uint16_t>(tensor, first + i, half_of(values[i]));
      return;
    case ElementType::int8: return write_whole<std::int8_t>(tensor, first, values);
    case ElementType::uint8: return write_whole<std::uint8_t>(tensor, first, values);
    case ElementType::int32: return write_whole<std::int32_t>(tensor, first, values);
    case ElementType::int64: return write_whole<std::int64_t>(tensor, first, values);
    case ElementType::boolean:
      for (std::size_t i = 0; i < values.size(); ++i)
        put_element<std::uint8_t>(tensor, first + i, values[i] != 0 ? 1 : 0);
      return;
  }
}

}  // namespace isojoule

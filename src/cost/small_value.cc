#include "cost/small_value.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string_view>

#include "cost/node_attributes.h"
#include "cost/saturating.h"

namespace isojoule {
namespace {

using Type = onnx::TensorProto;
using Number = long double;

template <typename T>
bool append_raw(const std::string& raw, std::int64_t count, std::vector<Number>& out) {
  if (raw.size() != static_cast<std::size_t>(count) * sizeof(T)) return false;
  for (std::size_t at = 0; at < raw.size(); at += sizeof(T)) {
    T number;
    std::memcpy(&number, raw.data() + at, sizeof(T));
    out.push_back(static_cast<Number>(number));
  }
  return true;
}

bool append_raw_of_type(const onnx::TensorProto& tensor, std::int64_t count,
                        std::vector<Number>& out) {
  switch (tensor.data_type()) {
    case Type::FLOAT: return append_raw<float>(tensor.raw_data(), count, out);
    case Type::DOUBLE: return append_raw<double>(tensor.raw_data(), count, out);
    case Type::INT64: return append_raw<std::int64_t>(tensor.raw_data(), count, out);
    case Type::INT32: return append_raw<std::int32_t>(tensor.raw_data(), count, out);
    case Type::UINT64: return append_raw<std::uint64_t>(tensor.raw_data(), count, out);
    case Type::UINT32: return append_raw<std::uint32_t>(tensor.raw_data(), count, out);
    case Type::INT16: return append_raw<std::int16_t>(tensor.raw_data(), count, out);
    case Type::UINT16: return append_raw<std::uint16_t>(tensor.raw_data(), count, out);
    case Type::INT8: return append_raw<std::int8_t>(tensor.raw_data(), count, out);
    case Type::UINT8:
    case Type::BOOL: return append_raw<std::uint8_t>(tensor.raw_data(), count, out);
    default: return false;
  }
}

template <typename List>
bool append_list(const List& list, std::int64_t count, std::vector<Number>& out) {
  if (list.size() != count) return false;
  for (const auto number : list) out.push_back(static_cast<Number>(number));
  return true;
}

bool append_typed(const onnx::TensorProto& tensor, std::int64_t count, std::vector<Number>& out) {
  switch (tensor.data_type()) {
    case Type::FLOAT: return append_list(tensor.float_data(), count, out);
    case Type::DOUBLE: return append_list(tensor.double_data(), count, out);
    case Type::INT64: return append_list(tensor.int64_data(), count, out);
    case Type::UINT64:
    case Type::UINT32: return append_list(tensor.uint64_data(), count, out);
    case Type::INT32:
    case Type::INT16:
    case Type::INT8:
    case Type::UINT16:
    case Type::UINT8:
    case Type::BOOL: return append_list(tensor.int32_data(), count, out);
    default: return false;
  }
}

}  // namespace

std::optional<std::int64_t> SmallValue::integer(std::size_t i) const {
  constexpr Number kLow = -9223372036854775808.0L, kHigh = 9223372036854775807.0L;
  const Number number = numbers[i];
  if (!(number >= kLow && number <= kHigh) || number != std::trunc(number)) return {};
  return static_cast<std::int64_t>(number);
}

std::optional<std::vector<std::int64_t>> SmallValue::integers() const {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = integer(i);
    if (!number) return {};
    result.push_back(*number);
  }
  return result;
}

std::optional<SmallValue> small_value_of(const onnx::TensorProto& tensor) {
  SmallValue value{tensor.data_type(), {tensor.dims().begin(), tensor.dims().end()}, {}};
  if (std::any_of(value.shape.begin(), value.shape.end(), [](std::int64_t s) { return s < 0; }))
    return {};
  const std::int64_t count = saturating_product(value.shape);
  if (count > kMostSmallElements) return {};
  const bool there = tensor.has_raw_data() && (count > 0 || tensor.raw_data().empty())
                         ? append_raw_of_type(tensor, count, value.numbers)
                         : append_typed(tensor, count, value.numbers);
  if (!there) return {};
  return value;
}

onnx::TensorProto tensor_of(const SmallValue& value) {
  onnx::TensorProto tensor;
  tensor.set_data_type(value.type);
  for (const std::int64_t size : value.shape) tensor.add_dims(size);
  for (std::size_t i = 0; i < value.numbers.size(); ++i) {
    if (value.type == Type::FLOAT)
      tensor.add_float_data(static_cast<float>(value.numbers[i]));
    else if (value.type == Type::DOUBLE)
      tensor.add_double_data(value.real(i));
    else if (value.type == Type::INT64)
      tensor.add_int64_data(value.integer(i).value_or(0));
    else if (value.type == Type::UINT64 || value.type == Type::UINT32)
      tensor.add_uint64_data(static_cast<std::uint64_t>(value.integer(i).value_or(0)));
    else
      tensor.add_int32_data(static_cast<std::int32_t>(value.integer(i).value_or(0)));
  }
  return tensor;
}

}  // namespace isojoule

// The numbers of small tensors that are known before the first inference: what exporters compute
// shapes, limits and scales from. Layers on them (Shape, Gather, Concat, Mul, ...) are computed
// here, so that a Reshape's target is a number and not a guess.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace isojoule {

// More elements are weights, not shapes.
inline constexpr std::int64_t kMostSmallElements = 8192;

struct SmallValue {
  int type = onnx::TensorProto::INT64;  // TensorProto::DataType
  std::vector<std::int64_t> shape;
  // A long double holds every 64-bit integer and every double exactly, on x86-64 and aarch64.
  std::vector<long double> numbers;

  // nothing: not a whole number of 64 bits.
  std::optional<std::int64_t> integer(std::size_t i) const;
  std::optional<std::vector<std::int64_t>> integers() const;
  double real(std::size_t i) const { return static_cast<double>(numbers[i]); }
};

// nothing: too large, data left out or of the wrong length, a type without numbers.
std::optional<SmallValue> small_value_of(const onnx::TensorProto& tensor);

// For ONNX's own inference, which reads such inputs as tensors.
onnx::TensorProto tensor_of(const SmallValue& value);

// What the folding knows of a node's inputs.
struct FoldInputs {
  std::function<const SmallValue*(int)> value;                      // null: not known
  std::function<const std::vector<std::int64_t>*(int)> full_shape;  // null: not fully known
};

// The node's outputs; empty where one cannot be computed here.
std::vector<SmallValue> folded(const onnx::NodeProto& node, const FoldInputs& inputs);

}  // namespace isojoule

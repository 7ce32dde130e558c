// The input data of a model: seeded, shaped from the model, the batch and the options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/onnxruntime/worker/options.h"

namespace isojoule {

// An input as the model declares it; -1 stands for a dimension that is left open.
struct InputSpec {
  std::string name;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::vector<std::int64_t> shape;
};

// The shape to run with: an open first dimension is the batch; other open ones come from the option
// shape.NAME. Errors: invalid, when the model's batch is another one (both are named), when the
// option disagrees with the model, or when a dimension stays open.
Result<std::vector<std::int64_t>> resolve_shape(const InputSpec& input, std::int64_t batch,
                                                const EngineOptions& options);

struct InputTensor {
  std::vector<std::byte> data;
  Ort::Value value{nullptr};  // looks into data
};

// Floating-point values are uniform in [0, 1), whole numbers uniform below the option limit.NAME
// (2 without it: a value that token types, masks and every vocabulary have), masks all ones.
// Errors: unsupported (texts and other types), out_of_range (too many elements).
Result<InputTensor> make_input(const InputSpec& input, const std::vector<std::int64_t>& shape,
                               std::uint64_t seed, const EngineOptions& options);

// False when a floating-point output holds a NaN or an infinity.
bool is_finite(const Ort::Value& output);

}  // namespace isojoule

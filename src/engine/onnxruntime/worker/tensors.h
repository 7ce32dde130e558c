// Our tensors as the runtime's, and back.
#pragma once

#include <string>

#include "base/error.h"
#include "data/tensor.h"
#include "engine/onnxruntime/worker/api.h"

namespace isojoule {

// Errors: unsupported (an element type that cannot be filled or read; it names the tensor).
Result<ElementType> element_type(ONNXTensorElementDataType type, const std::string& name);
ONNXTensorElementDataType runtime_type(ElementType type);

// Refers to the tensor's bytes, which must stay where they are.
Ort::Value view_of(Tensor& tensor);
// A copy. Errors: unsupported (no tensor, or its type).
Result<Tensor> tensor_of(const Ort::Value& value, const std::string& name);

// Calls what may throw; the runtime's exceptions become errors: parse (no model), unsupported,
// engine, "out of memory: ...".
Error error_of(const Ort::Exception& exception);

}  // namespace isojoule

#include "engine/onnxruntime/worker/tensors.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace isojoule {
namespace {

constexpr std::array<std::pair<ElementType, ONNXTensorElementDataType>, 8> kTypes = {{
    {ElementType::float32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {ElementType::float16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {ElementType::float64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
    {ElementType::int8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {ElementType::uint8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {ElementType::int32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {ElementType::int64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {ElementType::boolean, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
}};

}  // namespace

Result<ElementType> element_type(ONNXTensorElementDataType type, const std::string& name) {
  for (const auto& [own, runtime] : kTypes)
    if (runtime == type) return own;
  return fail(ErrorKind::unsupported,
              "'" + name + "' has element type " + std::to_string(type) +
                  " of ONNX, which is not known here",
              "Use a model whose inputs and outputs are floats, whole numbers or booleans.");
}

ONNXTensorElementDataType runtime_type(ElementType type) {
  for (const auto& [own, runtime] : kTypes)
    if (own == type) return runtime;
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

Ort::Value view_of(Tensor& tensor) {
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
  const TensorSpec& spec = tensor.spec;
  return Ort::Value::CreateTensor(memory, tensor.data.data(), tensor.data.size(), spec.shape.data(),
                                  spec.shape.size(), runtime_type(spec.type));
}

Result<Tensor> tensor_of(const Ort::Value& value, const std::string& name) {
  if (!value.IsTensor())
    return fail(ErrorKind::unsupported, "output '" + name + "' is not a tensor",
                "Use a model whose outputs are tensors.");
  const auto info = value.GetTensorTypeAndShapeInfo();
  Tensor tensor;
  tensor.spec.name = name;
  ISOJOULE_TRY(tensor.spec.type, element_type(info.GetElementType(), name));
  tensor.spec.shape = info.GetShape();
  tensor.data.resize(info.GetElementCount() * size_of(tensor.spec.type));
  std::memcpy(tensor.data.data(), value.GetTensorRawData(), tensor.data.size());
  return tensor;
}

namespace {

// Its messages end in full stops and line breaks, some in both; a line here has neither.
std::string words_of(const Ort::Exception& exception) {
  std::string text = exception.what();
  text.erase(text.find_last_not_of(" .\n") + 1);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// onnxruntime/core/session/inference_session.cc and graph/model.cc report these as plain failures.
bool is_about_the_file(const std::string& text) {
  return text.find("No graph was found in the protobuf") != std::string::npos ||
         text.find("Model data pointer is null") != std::string::npos;
}

}  // namespace

Error error_of(const Ort::Exception& exception) {
  const std::string text = words_of(exception);
  // onnxruntime/core/framework: bfc_arena.cc and allocator.cc word a failed allocation so.
  for (const char* sign : {"Failed to allocate memory", "bad_alloc", "out of memory"})
    if (text.find(sign) != std::string::npos)
      return {ErrorKind::engine,
              "out of memory: " + text,
              {},
              "Take a smaller batch or network, or end other programs."};
  const Error no_model = {ErrorKind::parse,
                          "not a model that ONNX Runtime reads: " + text,
                          {},
                          "Check the file: it may be cut short, or not ONNX."};
  if (is_about_the_file(text)) return no_model;
  switch (exception.GetOrtErrorCode()) {
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_NO_MODEL: return no_model;
    case ORT_NOT_IMPLEMENTED: return {ErrorKind::unsupported, text, {}, {}};
    default: return {ErrorKind::engine, text, {}, {}};
  }
}

}  // namespace isojoule

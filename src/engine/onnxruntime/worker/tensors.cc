#include "engine/onnxruntime/worker/tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "base/random.h"

namespace isojoule {
namespace {

std::string input_words(const InputSpec& input) {
  return "input '" + input.name + "' (" + shape_words(input.shape) + ")";
}

// Writes `count` elements of T, each from `next`.
template <typename T>
void fill(std::vector<std::byte>& data, std::size_t count, const std::function<T()>& next) {
  data.resize(count * sizeof(T));
  for (std::size_t i = 0; i < count; ++i) {
    const T value = next();
    std::memcpy(data.data() + i * sizeof(T), &value, sizeof(T));
  }
}

template <typename T>
void fill_whole(std::vector<std::byte>& data, std::size_t count, Random& random,
                const InputSpec& input, const EngineOptions& options) {
  if (input.name.find("mask") != std::string::npos)
    return fill<T>(data, count, [] { return T{1}; });
  const auto limit = options.limits.find(input.name);
  const std::uint64_t below =
      limit == options.limits.end() ? 2 : static_cast<std::uint64_t>(limit->second);
  fill<T>(data, count, [&] { return static_cast<T>(random.below(below)); });
}

Status fill_typed(std::vector<std::byte>& data, std::size_t count, Random& random,
                  const InputSpec& input, const EngineOptions& options) {
  switch (input.type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
      fill<float>(data, count, [&] { return static_cast<float>(random.uniform()); });
      return {};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
      fill<double>(data, count, [&] { return random.uniform(); });
      return {};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
      fill<Ort::Float16_t>(data, count,
                           [&] { return Ort::Float16_t(static_cast<float>(random.uniform())); });
      return {};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
      fill_whole<std::int64_t>(data, count, random, input, options);
      return {};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
      fill_whole<std::int32_t>(data, count, random, input, options);
      return {};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
      fill_whole<std::uint8_t>(data, count, random, input, options);
      return {};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
      fill<std::uint8_t>(data, count, [] { return std::uint8_t{1}; });
      return {};
    default:
      return fail(ErrorKind::unsupported,
                  input_words(input) + " has element type " + std::to_string(input.type) +
                      " of ONNX, which cannot be filled",
                  "Use a model whose inputs are floats, whole numbers or booleans.");
  }
}

// Errors: out_of_range, beyond what a vector can hold.
Result<std::size_t> element_count(const InputSpec& input, const std::vector<std::int64_t>& shape) {
  constexpr std::int64_t limit = std::numeric_limits<std::int64_t>::max() / 16;
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension > 0 && count > limit / dimension)
      return fail(ErrorKind::out_of_range,
                  input_words(input) + " with shape " + shape_words(shape) + " is too large",
                  "Take a smaller batch.");
    count *= dimension;
  }
  return static_cast<std::size_t>(count);
}

}  // namespace

Result<std::vector<std::int64_t>> resolve_shape(const InputSpec& input, std::int64_t batch,
                                                const EngineOptions& options) {
  std::vector<std::int64_t> shape = input.shape;
  if (!shape.empty() && shape[0] < 0) shape[0] = batch;
  const auto asked = options.shapes.find(input.name);
  if (asked != options.shapes.end()) {
    bool fits = asked->second.size() == shape.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i)
      fits = shape[i] < 0 || shape[i] == asked->second[i];
    if (!fits)
      return fail(ErrorKind::invalid,
                  "option shape." + input.name + "=" + shape_words(asked->second) +
                      " does not fit " + input_words(input) + " with batch " +
                      std::to_string(batch),
                  "Only open dimensions ('?') can be chosen; an open first one is the batch.");
    shape = asked->second;
  }
  if (std::find_if(shape.begin(), shape.end(), [](auto d) { return d < 0; }) != shape.end())
    return fail(ErrorKind::invalid, input_words(input) + " leaves a dimension open",
                "Choose it with option shape." + input.name + "=" + shape_words(shape) + ".");
  // A fixed list of numbers (scales, sizes) beside the data has no batch.
  if (shape.size() >= 2 && shape[0] != batch)
    return fail(ErrorKind::invalid,
                input_words(input) + " has batch " + std::to_string(shape[0]) +
                    " built in, the job asks for batch " + std::to_string(batch),
                "Take batch " + std::to_string(shape[0]) +
                    ", or export the model again with that batch or a dynamic one.");
  return shape;
}

Result<InputTensor> make_input(const InputSpec& input, const std::vector<std::int64_t>& shape,
                               std::uint64_t seed, const EngineOptions& options) {
  ISOJOULE_TRY(const std::size_t count, element_count(input, shape));
  Random random(seed_for(seed, input.name));
  InputTensor tensor;
  ISOJOULE_CHECK(fill_typed(tensor.data, count, random, input, options));
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
  tensor.value = Ort::Value::CreateTensor(memory, tensor.data.data(), tensor.data.size(),
                                          shape.data(), shape.size(), input.type);
  return tensor;
}

bool is_finite(const Ort::Value& output) {
  if (!output.IsTensor()) return true;
  const auto info = output.GetTensorTypeAndShapeInfo();
  const std::size_t count = info.GetElementCount();
  const auto all_finite = [count](const auto* values) {
    return std::all_of(values, values + count, [](auto value) { return std::isfinite(value); });
  };
  switch (info.GetElementType()) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT: return all_finite(output.GetTensorData<float>());
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE: return all_finite(output.GetTensorData<double>());
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: {
      const auto* values = output.GetTensorData<Ort::Float16_t>();
      return std::all_of(values, values + count,
                         [](Ort::Float16_t value) { return std::isfinite(value.ToFloat()); });
    }
    default: return true;
  }
}

}  // namespace isojoule

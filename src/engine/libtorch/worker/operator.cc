#include "engine/libtorch/worker/operator.h"

#include <ATen/TracerMode.h>

#include <map>

namespace isojoule::libtorch {
namespace {

std::map<std::string_view, Operator> all_operators() {
  std::map<std::string_view, Operator> all;
  for (const auto& family :
       {activation_operators(), convolution_operators(), elementwise_operators(),
        gather_operators(), generator_operators(), layout_operators(), matrix_operators(),
        normalise_operators(), pool_operators(), quantise_operators(), reduce_operators(),
        resize_operators()})
    for (const Operator& row : family) all.emplace(row.name, row);
  return all;
}

const std::map<std::string_view, Operator>& table() {
  static const std::map<std::string_view, Operator> all = all_operators();
  return all;
}

// onnx.TensorProto.DataType; the numbers are part of the format.
at::ScalarType scalar_type(std::int64_t onnx_type) {
  switch (onnx_type) {
    case 1: return at::kFloat;
    case 2: return at::kByte;
    case 3: return at::kChar;
    case 5: return at::kShort;
    case 6: return at::kInt;
    case 7: return at::kLong;
    case 9: return at::kBool;
    case 10: return at::kHalf;
    case 11: return at::kDouble;
    case 16: return at::kBFloat16;
    default: refuse("element type " + std::to_string(onnx_type) + " of ONNX");
  }
}

}  // namespace

void refuse(const std::string& what) { throw Refusal(ErrorKind::unsupported, what); }

const Operator* find_operator(std::string_view name) {
  const auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}
std::size_t operator_count() { return table().size(); }

const at::Tensor& Inputs::operator[](std::size_t i) const {
  if (!has(i)) throw Refusal(ErrorKind::invalid, "input " + std::to_string(i) + " is missing");
  return values_[i];
}

Ints Inputs::ints(std::size_t i) const {
  const at::Tensor flat = (*this)[i].to(at::kCPU, at::kLong).contiguous();
  const auto* data = flat.data_ptr<std::int64_t>();
  return {data, data + flat.numel()};
}

double Inputs::number(std::size_t i) const {
  const at::Tensor& value = (*this)[i];
  if (value.numel() != 1)
    throw Refusal(ErrorKind::invalid, "input " + std::to_string(i) + " is not one number");
  return value.item().toDouble();
}

const OnnxAttribute* Step::find(std::string_view attribute) const {
  const auto found = node_.attributes.find(attribute);
  return found == node_.attributes.end() ? nullptr : &found->second;
}

std::int64_t Step::integer(std::string_view attribute, std::int64_t otherwise) const {
  const OnnxAttribute* found = find(attribute);
  return found != nullptr && !found->integers.empty() ? found->integers[0] : otherwise;
}

double Step::number(std::string_view attribute, double otherwise) const {
  const OnnxAttribute* found = find(attribute);
  return found != nullptr && !found->numbers.empty() ? found->numbers[0] : otherwise;
}

std::string Step::text(std::string_view attribute, const std::string& otherwise) const {
  const OnnxAttribute* found = find(attribute);
  return found != nullptr && !found->texts.empty() ? found->texts[0] : otherwise;
}

Ints Step::ints(std::string_view attribute, const Ints& otherwise) const {
  const OnnxAttribute* found = find(attribute);
  return found != nullptr ? found->integers : otherwise;
}

std::vector<double> Step::numbers(std::string_view attribute) const {
  const OnnxAttribute* found = find(attribute);
  if (found == nullptr) return {};
  return {found->numbers.begin(), found->numbers.end()};
}

at::Tensor Step::tensor(std::string_view attribute) const {
  const OnnxAttribute* found = find(attribute);
  if (found == nullptr || found->tensors.empty()) return {};
  return tensor_of(found->tensors[0]);
}

at::ScalarType Step::type(std::int64_t onnx_type) const {
  const at::ScalarType type = scalar_type(onnx_type);
  return half && type == at::kFloat ? at::kHalf : type;
}

at::Tensor tensor_of(const OnnxData& data) {
  // from_blob wants a pointer that may be written through; the clone is all that is kept.
  char* bytes = const_cast<char*>(data.bytes.data());
  const auto options = at::TensorOptions().dtype(scalar_type(data.type));
  if (data.bytes.empty()) return at::empty(data.shape, options);
  return at::from_blob(bytes, data.shape, options).clone();
}

at::Tensor noted(const Ints& values) {
  const at::tracer::impl::NoTracerDispatchMode unseen;
  return at::tensor(values, at::kLong);
}

at::Tensor noted(const std::vector<double>& values) {
  const at::tracer::impl::NoTracerDispatchMode unseen;
  return at::tensor(values, at::kDouble);
}

std::int64_t wrap_axis(std::int64_t axis, std::int64_t rank) {
  if (axis < -rank || axis >= rank)
    throw Refusal(ErrorKind::invalid, "axis " + std::to_string(axis) + " of a tensor with " +
                                          std::to_string(rank) + " dimensions");
  return axis < 0 ? axis + rank : axis;
}

Ints wrap_axes(Ints axes, std::int64_t rank) {
  for (std::int64_t& axis : axes) axis = wrap_axis(axis, rank);
  return axes;
}

Ints sizes_of(const at::Tensor& tensor) { return tensor.sizes().vec(); }

at::Tensor wrap_index(const at::Tensor& index, std::int64_t size) {
  const at::Tensor wide = index.to(at::kLong);
  return at::where(wide < 0, wide + size, wide);
}

}  // namespace isojoule::libtorch

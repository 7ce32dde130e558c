#include "engine/libtorch/worker/tensors.h"

#include <cstring>
#include <optional>

namespace isojoule::libtorch {
namespace {

std::optional<ElementType> element_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return ElementType::float32;
    case at::kHalf: return ElementType::float16;
    case at::kDouble: return ElementType::float64;
    case at::kChar: return ElementType::int8;
    case at::kByte: return ElementType::uint8;
    case at::kInt: return ElementType::int32;
    case at::kLong: return ElementType::int64;
    case at::kBool: return ElementType::boolean;
    default: return std::nullopt;
  }
}

}  // namespace

at::ScalarType scalar_type(ElementType type) {
  switch (type) {
    case ElementType::float32: return at::kFloat;
    case ElementType::float16: return at::kHalf;
    case ElementType::float64: return at::kDouble;
    case ElementType::int8: return at::kChar;
    case ElementType::uint8: return at::kByte;
    case ElementType::int32: return at::kInt;
    case ElementType::int64: return at::kLong;
    case ElementType::boolean: return at::kBool;
  }
  return at::kFloat;
}

at::Tensor view_of(Tensor& tensor) {
  return at::from_blob(tensor.data.data(), tensor.spec.shape,
                       at::TensorOptions().dtype(scalar_type(tensor.spec.type)));
}

Result<Tensor> copy_of(const at::Tensor& tensor, const std::string& name, bool halved) {
  at::ScalarType type = tensor.scalar_type();
  if (type == at::kBFloat16 || (halved && type == at::kHalf)) type = at::kFloat;
  if (type == at::kShort) type = at::kInt;
  const auto known = element_type(type);
  if (!known)
    return fail(ErrorKind::unsupported,
                "output '" + name + "' has elements that are no plain numbers",
                "Use a model whose outputs are real or whole numbers.");
  const at::Tensor host =
      (tensor.is_mkldnn() ? tensor.to_dense() : tensor).to(at::kCPU, type).contiguous();
  Tensor result{{name, *known, host.sizes().vec()}, {}};
  result.data.resize(host.nbytes());
  if (!result.data.empty()) std::memcpy(result.data.data(), host.data_ptr(), host.nbytes());
  return result;
}

}  // namespace isojoule::libtorch

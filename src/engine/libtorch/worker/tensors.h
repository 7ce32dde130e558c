// Between our tensors and LibTorch's.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule::libtorch {

at::ScalarType scalar_type(ElementType type);
// A view of the tensor's bytes, which outlive it.
at::Tensor view_of(Tensor& tensor);
// A copy in the host's memory; elements of types that we have no name for become the next wider one
// that we have. Errors: unsupported (quantised, complex).
Result<Tensor> copy_of(const at::Tensor& tensor, const std::string& name, bool halved);

}  // namespace isojoule::libtorch

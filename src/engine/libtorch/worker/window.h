// What convolutions and pools share: a window that moves over the dimensions after the channel.
#pragma once

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {

struct Window {
  Ints kernel, strides, dilations, pads;  // pads: all begins, then all ends
  std::string auto_pad;
  // Attributes that are left out are filled in from the number of dimensions.
  void complete(std::size_t dimensions);
  // The pads for an input of these sizes: auto_pad worked out.
  Ints pads_for(at::IntArrayRef input) const;
};

Window window_of(const Step& step);
bool symmetric(const Ints& pads);
Ints begins(const Ints& pads);
// Pads the last dimensions with a value, by ONNX's order of pads.
at::Tensor padded(const at::Tensor& x, const Ints& pads, const at::Scalar& value);
// Of a convolution's weights: those after the two of channels. Refuses fewer than one.
std::size_t window_dimensions(const at::Tensor& weight);
// Pads that are the same at both ends are the convolution's own, others a step before it.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    Window window, std::int64_t group);

}  // namespace isojoule::libtorch

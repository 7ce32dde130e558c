// Between real and 8-bit numbers.
#include "engine/libtorch/worker/window.h"

namespace isojoule::libtorch {
namespace {

// A scale an axis' element is laid out so that it broadcasts over the other dimensions.
at::Tensor along(const at::Tensor& parameter, const at::Tensor& x, std::int64_t axis) {
  if (parameter.numel() == 1) return parameter.reshape({});
  Ints sizes(static_cast<std::size_t>(x.dim()), 1);
  sizes[static_cast<std::size_t>(wrap_axis(axis, x.dim()))] = parameter.numel();
  return parameter.reshape(sizes);
}

at::Tensor quantised(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero,
                     at::ScalarType type) {
  const bool sign = type == at::kChar;
  const at::Tensor shifted = at::round(x.to(at::kFloat) / scale.to(at::kFloat)) + zero;
  return at::clamp(shifted, sign ? -128 : 0, sign ? 127 : 255).to(type);
}

void refuse_blocks(const Step& step) {
  if (step.integer("block_size", 0) != 0) refuse("block_size");
}

void refuse_wide(at::ScalarType type) {
  if (type != at::kByte && type != at::kChar) refuse("quantised to other than 8 bits");
}

Kernel quantise(const Step& step) {
  const std::int64_t axis = step.integer("axis", 1);
  constexpr std::int64_t kUint8 = 2;                           // onnx.TensorProto.DataType
  const std::int64_t asked = step.integer("output_dtype", 0);  // since opset 21; 0: not said
  const at::ScalarType without_zero = step.type(asked == 0 ? kUint8 : asked);
  refuse_blocks(step);
  const at::Tensor fixed = step.constant(2);
  refuse_wide(fixed.defined() ? fixed.scalar_type() : without_zero);
  return one([=](const Inputs& in) {
    const at::ScalarType type = in.has(2) ? in[2].scalar_type() : without_zero;
    refuse_wide(type);
    const at::Tensor zero = in.has(2) ? along(in[2], in[0], axis).to(at::kFloat)
                                      : at::zeros({}, in[1].options().dtype(at::kFloat));
    return quantised(in[0], along(in[1], in[0], axis), zero, type);
  });
}

Kernel dequantise(const Step& step) {
  const std::int64_t axis = step.integer("axis", 1);
  refuse_blocks(step);
  return one([=](const Inputs& in) {
    const at::ScalarType type = in[1].scalar_type();
    at::Tensor x = in[0].to(type);
    if (in.has(2)) x = x - along(in[2], x, axis).to(type);
    return x * along(in[1], x, axis);
  });
}

Kernel dynamic_quantise(const Step&) {
  return [](const Inputs& in) {
    const at::Tensor& x = in[0];
    const at::Tensor low = at::clamp_max(at::min(x), 0), high = at::clamp_min(at::max(x), 0);
    // Of nothing but zeros the scale is free; 0 would divide them by itself.
    const at::Tensor scale = at::where(high == low, at::ones_like(high), (high - low) / 255);
    const at::Tensor zero = at::clamp(at::round(-low / scale), 0, 255);
    return Tensors{quantised(x, scale, zero, at::kByte), scale, zero.to(at::kByte)};
  };
}

// The product of dequantised numbers, quantised again: what the standard defines, not the speed of
// whole numbers, which LibTorch has only for its own format of quantised tensors.
Kernel quantised_matmul(const Step&) {
  return one([](const Inputs& in) {
    const auto real = [&](std::size_t i, bool rows) {
      at::Tensor scale = in[i + 1], zero = in[i + 2].to(at::kFloat);
      if (rows && scale.numel() > 1) scale = scale.unsqueeze(-1), zero = zero.unsqueeze(-1);
      return (in[i].to(at::kFloat) - zero) * scale;
    };
    const at::Tensor product = at::matmul(real(0, true), real(3, false));
    return quantised(product, in[6], in[7].to(at::kFloat), in[7].scalar_type());
  });
}

// The same way, and for the same reason.
Kernel quantised_convolution(const Step& step) {
  const Window window = window_of(step);
  const std::int64_t group = step.integer("group", 1);
  return one([=](const Inputs& in) {
    const at::Tensor x = (in[0].to(at::kFloat) - in[2].to(at::kFloat)) * in[1];
    const at::Tensor scale = along(in[4], in[3], 0), zero = along(in[5], in[3], 0);
    const at::Tensor weight = (in[3].to(at::kFloat) - zero.to(at::kFloat)) * scale;
    at::Tensor bias;
    if (in.has(8)) bias = in[8].to(at::kFloat) * (in[1] * in[4]).reshape({-1});
    const at::Tensor y = convolve(x, weight, bias, window, group);
    return quantised(y, in[6], in[7].to(at::kFloat), in[7].scalar_type());
  });
}

}  // namespace

std::span<const Operator> quantise_operators() {
  static const Operator rows[] = {
      {"QuantizeLinear", quantise},
      {"DequantizeLinear", dequantise},
      {"DynamicQuantizeLinear", dynamic_quantise},
      {"QLinearMatMul", quantised_matmul},
      {"QLinearConv", quantised_convolution},
  };
  return rows;
}

}  // namespace isojoule::libtorch

// Convolutions over any number of dimensions.
#include <algorithm>

#include "engine/libtorch/worker/window.h"

namespace isojoule::libtorch {
namespace {

Kernel convolution(const Step& step) {
  const Window window = window_of(step);
  const std::int64_t group = step.integer("group", 1);
  return one(
      [=](const Inputs& in) { return convolve(in[0], in[1], in.optional(2), window, group); });
}

struct Transposed {
  Window window;
  std::int64_t group;
  Ints output_padding, output_shape;
};

// What the full result is cut down by at each end (ConvTranspose in onnx/docs/Operators.md).
Ints cuts(const Transposed& t, const at::Tensor& x, std::size_t dimensions) {
  const bool same = t.window.auto_pad == "SAME_UPPER" || t.window.auto_pad == "SAME_LOWER";
  if (t.output_shape.empty() && !same) return t.window.pads;
  Ints result(2 * dimensions, 0);
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::int64_t size = x.size(static_cast<std::int64_t>(d) + 2);
    const std::int64_t stride = t.window.strides[d];
    const std::size_t behind = t.output_shape.size() - std::min(t.output_shape.size(), dimensions);
    const std::int64_t wanted = t.output_shape.empty() ? size * stride : t.output_shape[behind + d];
    const std::int64_t total = stride * (size - 1) + t.output_padding[d] +
                               (t.window.kernel[d] - 1) * t.window.dilations[d] + 1 - wanted;
    const std::int64_t small = total >> 1;  // rounds down below zero too
    // Operators.md: SAME_UPPER puts the odd one last, everything else first.
    result[d] = t.window.auto_pad == "SAME_UPPER" ? small : total - small;
    result[dimensions + d] = total - result[d];
  }
  return result;
}

at::Tensor transposed(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      Transposed t) {
  const std::size_t dimensions = window_dimensions(weight);
  if (t.window.kernel.empty()) t.window.kernel = weight.sizes().slice(2).vec();
  t.window.complete(dimensions);
  if (t.output_padding.empty()) t.output_padding.assign(dimensions, 0);
  if (t.output_padding.size() != dimensions ||
      (!t.output_shape.empty() && t.output_shape.size() < dimensions))
    throw Refusal(ErrorKind::invalid, "output_padding or output_shape does not have " +
                                          std::to_string(dimensions) + " dimensions");
  Ints cut = cuts(t, x, dimensions);
  const Ints none(dimensions, 0);
  const bool own =
      symmetric(cut) && std::all_of(cut.begin(), cut.end(), [](auto c) { return c >= 0; });
  const at::Tensor y = at::convolution(x, weight, bias, t.window.strides, own ? begins(cut) : none,
                                       t.window.dilations, true, t.output_padding, t.group);
  for (std::int64_t& c : cut) c = -c;
  return own ? y : padded(y, cut, 0);
}

Kernel convolution_transposed(const Step& step) {
  const Transposed t{window_of(step), step.integer("group", 1), step.ints("output_padding"),
                     step.ints("output_shape")};
  return one([=](const Inputs& in) { return transposed(in[0], in[1], in.optional(2), t); });
}

// Sums of products of 8-bit numbers are whole and below 2^24 for every layer that exists: float32
// holds them exactly, and LibTorch has no convolution of whole numbers.
Kernel convolution_integer(const Step& step) {
  const Window window = window_of(step);
  const std::int64_t group = step.integer("group", 1);
  return one([=](const Inputs& in) {
    at::Tensor x = in[0].to(at::kFloat), weight = in[1].to(at::kFloat);
    if (in.has(2)) x = x - in[2].to(at::kFloat);
    if (in.has(3)) {
      Ints sizes(static_cast<std::size_t>(weight.dim()), 1);
      sizes[0] = -1;
      weight = weight - in[3].to(at::kFloat).reshape(sizes);
    }
    return convolve(x, weight, {}, window, group).to(at::kInt);
  });
}

}  // namespace

std::span<const Operator> convolution_operators() {
  static const Operator rows[] = {
      {"Conv", convolution},
      {"ConvTranspose", convolution_transposed},
      {"ConvInteger", convolution_integer},
  };
  return rows;
}

}  // namespace isojoule::libtorch

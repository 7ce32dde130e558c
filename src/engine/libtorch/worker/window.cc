#include "engine/libtorch/worker/window.h"

#include <algorithm>

namespace isojoule::libtorch {

Window window_of(const Step& step) {
  Window window{step.ints("kernel_shape"), step.ints("strides"), step.ints("dilations"),
                step.ints("pads"), step.text("auto_pad", "NOTSET")};
  for (const char* known : {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"})
    if (window.auto_pad == known) return window;
  refuse("auto_pad=" + window.auto_pad);
}

void Window::complete(std::size_t dimensions) {
  if (strides.empty()) strides.assign(dimensions, 1);
  if (dilations.empty()) dilations.assign(dimensions, 1);
  if (pads.empty()) pads.assign(2 * dimensions, 0);
  for (const Ints* steps : {&kernel, &strides, &dilations})
    for (const std::int64_t step : *steps)
      if (step < 1) throw Refusal(ErrorKind::invalid, "kernel, strides or dilations below 1");
  if (kernel.size() != dimensions || strides.size() != dimensions ||
      dilations.size() != dimensions || pads.size() != 2 * dimensions)
    throw Refusal(ErrorKind::invalid, "kernel, strides, dilations or pads do not have " +
                                          std::to_string(dimensions) + " dimensions");
}

Ints Window::pads_for(at::IntArrayRef input) const {
  if (auto_pad == "NOTSET") return pads;
  const std::size_t count = kernel.size();
  if (input.size() < count)
    throw Refusal(ErrorKind::invalid, "an input with fewer dimensions than the window");
  Ints result(2 * count, 0);
  if (auto_pad == "VALID") return result;
  for (std::size_t d = 0; d < count; ++d) {
    const std::int64_t size = input[input.size() - count + d];
    const std::int64_t outputs = (size + strides[d] - 1) / strides[d];
    const std::int64_t reach = (kernel[d] - 1) * dilations[d] + 1;
    const std::int64_t total = std::max<std::int64_t>((outputs - 1) * strides[d] + reach - size, 0);
    // The odd one comes last for UPPER, first for LOWER.
    const std::int64_t first = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    result[d] = first;
    result[count + d] = total - first;
  }
  return result;
}

bool symmetric(const Ints& pads) {
  return std::equal(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2),
                    pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2));
}

Ints begins(const Ints& pads) {
  return {pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(pads.size() / 2)};
}

at::Tensor padded(const at::Tensor& x, const Ints& pads, const at::Scalar& value) {
  if (std::all_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad == 0; })) return x;
  const std::size_t count = pads.size() / 2;
  Ints order;  // LibTorch: begin and end of the last dimension first
  for (std::size_t d = count; d-- > 0;) order.insert(order.end(), {pads[d], pads[count + d]});
  return at::constant_pad_nd(x, order, value);
}

std::size_t window_dimensions(const at::Tensor& weight) {
  if (weight.dim() < 3)
    throw Refusal(ErrorKind::invalid,
                  "weights of " + std::to_string(weight.dim()) + " dimensions have no window");
  return static_cast<std::size_t>(weight.dim() - 2);
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    Window window, std::int64_t group) {
  const std::size_t dimensions = window_dimensions(weight);
  if (window.kernel.empty()) window.kernel = weight.sizes().slice(2).vec();
  window.complete(dimensions);
  const Ints pads = window.pads_for(x.sizes());
  const Ints none(dimensions, 0);
  const bool own = symmetric(pads);
  return at::convolution(own ? x : padded(x, pads, 0), weight, bias, window.strides,
                         own ? begins(pads) : none, window.dilations, false, none, group);
}

}  // namespace isojoule::libtorch

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
  if (kernel.size() != dimensions || strides.size() != dimensions ||
      dilations.size() != dimensions || pads.size() != 2 * dimensions)
    throw Refusal(ErrorKind::invalid, "kernel, strides, dilations or pads do not have " +
                                          std::to_string(dimensions) + " dimensions");
}

Ints Window::pads_for(at::IntArrayRef input) const {
  if (auto_pad == "NOTSET") return pads;
  const std::size_t count = kernel.size();
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

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    Window window, std::int64_t group) {
  const auto dimensions = static_cast<std::size_t>(weight.dim() - 2);
  if (window.kernel.empty()) window.kernel = weight.sizes().slice(2).vec();
  window.complete(dimensions);
  const Ints pads = window.pads_for(x.sizes());
  const Ints none(dimensions, 0);
  const bool own = symmetric(pads);
  return at::convolution(own ? x : padded(x, pads, 0), weight, bias, window.strides,
                         own ? begins(pads) : none, window.dilations, false, none, group);
}

}  // namespace isojoule::libtorch

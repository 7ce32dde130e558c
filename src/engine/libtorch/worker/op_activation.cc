// Activations. Definitions: onnx/docs/Operators.md.
#include <cmath>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

template <auto Function>
Kernel plain(const Step&) {
  return one([](const Inputs& in) { return Function(in[0]); });
}

at::Tensor relu(const at::Tensor& x) { return at::relu(x); }
at::Tensor sigmoid(const at::Tensor& x) { return at::sigmoid(x); }
at::Tensor tanh(const at::Tensor& x) { return at::tanh(x); }
at::Tensor mish(const at::Tensor& x) { return at::mish(x); }
at::Tensor hard_swish(const at::Tensor& x) { return at::hardswish(x); }
at::Tensor soft_plus(const at::Tensor& x) { return at::softplus(x); }
at::Tensor soft_sign(const at::Tensor& x) { return x / (at::abs(x) + 1); }

Kernel leaky_relu(const Step& step) {
  const double alpha = step.number("alpha", 0.01f);
  return one([=](const Inputs& in) { return at::leaky_relu(in[0], alpha); });
}

Kernel elu(const Step& step) {
  const double alpha = step.number("alpha", 1);
  return one([=](const Inputs& in) { return at::elu(in[0], alpha); });
}

Kernel selu(const Step& step) {
  const double alpha = step.number("alpha", 1.67326319217681884765625);
  const double gamma = step.number("gamma", 1.05070102214813232421875);
  return one([=](const Inputs& in) { return at::elu(in[0], alpha, gamma); });
}

Kernel celu(const Step& step) {
  const double alpha = step.number("alpha", 1);
  return one([=](const Inputs& in) { return at::celu(in[0], alpha); });
}

Kernel thresholded_relu(const Step& step) {
  const double alpha = step.number("alpha", 1);
  return one([=](const Inputs& in) { return at::threshold(in[0], alpha, 0); });
}

Kernel hard_sigmoid(const Step& step) {
  const double alpha = step.number("alpha", 0.2f);
  const double beta = step.number("beta", 0.5f);
  if (std::abs(alpha - 1.0 / 6) < 1e-6 && beta == 0.5)
    return one([](const Inputs& in) { return at::hardsigmoid(in[0]); });
  return one([=](const Inputs& in) { return at::clamp(in[0] * alpha + beta, 0, 1); });
}

Kernel shrink(const Step& step) {
  const double bias = step.number("bias", 0);
  const double lambd = step.number("lambd", 0.5);
  return one([=](const Inputs& in) {
    const at::Tensor& x = in[0];
    const at::Tensor none = at::zeros_like(x);
    return at::where(x < -lambd, x + bias, at::where(x > lambd, x - bias, none))
        .to(x.scalar_type());
  });
}

Kernel gelu(const Step& step) {
  const std::string approximate = step.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh") refuse("approximate=" + approximate);
  return one([=](const Inputs& in) { return at::gelu(in[0], approximate); });
}

// One slope for all, or one a channel, is LibTorch's own; anything else that broadcasts is not.
Kernel prelu(const Step&) {
  return one([](const Inputs& in) {
    const at::Tensor &x = in[0], &slope = in[1];
    const bool single = slope.numel() == 1;
    const bool by_channel = x.dim() >= 2 && slope.dim() == x.dim() - 1 &&
                            slope.size(0) == x.size(1) && slope.numel() == x.size(1);
    if (x.is_floating_point() && (single || by_channel)) return at::prelu(x, slope.reshape({-1}));
    return at::where(x < 0, x * slope, x);
  });
}

Kernel clip(const Step& step) {
  if (step.opset < 11) {
    const double low = step.number("min", std::numeric_limits<float>::lowest());
    const double high = step.number("max", std::numeric_limits<float>::max());
    return one([=](const Inputs& in) { return at::clamp(in[0], low, high); });
  }
  return one([](const Inputs& in) {
    if (in.has(1) && in.has(2)) return at::clamp(in[0], in[1].item(), in[2].item());
    if (in.has(1)) return at::clamp_min(in[0], in[1].item());
    if (in.has(2)) return at::clamp_max(in[0], in[2].item());
    return in[0];
  });
}

// Until opset 12 everything from the axis on was one dimension.
template <auto Function>
Kernel soft_maximum(const Step& step) {
  const std::int64_t axis = step.integer("axis", step.opset < 13 ? 1 : -1);
  if (step.opset >= 13) return one([=](const Inputs& in) { return Function(in[0], axis); });
  return one([=](const Inputs& in) {
    const at::Tensor& x = in[0];
    const std::int64_t from = wrap_axis(axis, x.dim());
    if (from == x.dim() - 1) return Function(x, from);
    const Ints sizes = sizes_of(x);
    return Function(x.flatten(from), from).reshape(sizes);
  });
}

at::Tensor softmax(const at::Tensor& x, std::int64_t axis) { return at::softmax(x, axis); }
at::Tensor log_softmax(const at::Tensor& x, std::int64_t axis) { return at::log_softmax(x, axis); }
at::Tensor hardmax(const at::Tensor& x, std::int64_t axis) {
  return at::zeros_like(x).scatter(axis, at::argmax(x, axis, true), 1);
}

}  // namespace

std::span<const Operator> activation_operators() {
  static const Operator rows[] = {
      {"Relu", plain<relu>},
      {"Sigmoid", plain<sigmoid>},
      {"Tanh", plain<tanh>},
      {"Mish", plain<mish>},
      {"HardSwish", plain<hard_swish>},
      {"Softplus", plain<soft_plus>},
      {"Softsign", plain<soft_sign>},
      {"LeakyRelu", leaky_relu},
      {"PRelu", prelu},
      {"Elu", elu},
      {"Selu", selu},
      {"Celu", celu},
      {"ThresholdedRelu", thresholded_relu},
      {"HardSigmoid", hard_sigmoid},
      {"Shrink", shrink},
      {"Gelu", gelu},
      {"Clip", clip, 0b110},
      {"Softmax", soft_maximum<softmax>},
      {"LogSoftmax", soft_maximum<log_softmax>},
      {"Hardmax", soft_maximum<hardmax>},
  };
  return rows;
}

}  // namespace isojoule::libtorch

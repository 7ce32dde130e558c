// Normalisations, with the statistics of inference.
#include <functional>
#include <numeric>

#include "engine/libtorch/worker/operator.h"

namespace isojoule::libtorch {
namespace {

Kernel batch_normalisation(const Step& step) {
  if (step.integer("training_mode", 0) != 0) refuse("training_mode=1");
  if (step.integer("spatial", 1) == 0) refuse("spatial=0");
  const double epsilon = step.number("epsilon", 1e-5f);
  return one([=](const Inputs& in) {
    return at::batch_norm(in[0], in[1], in[2], in[3], in[4], false, 0, epsilon, true);
  });
}

Kernel instance_normalisation(const Step& step) {
  const double epsilon = step.number("epsilon", 1e-5f);
  return one([=](const Inputs& in) {
    return at::instance_norm(in[0], in[1], in[2], at::Tensor(), at::Tensor(), true, 0, epsilon,
                             true);
  });
}

Kernel layer_normalisation(const Step& step) {
  const std::int64_t axis = step.integer("axis", -1);
  const double epsilon = step.number("epsilon", 1e-5f);
  const bool statistics = step.wants_output(1) || step.wants_output(2);
  return [=](const Inputs& in) {
    const at::Tensor& x = in[0];
    const Ints shape = x.sizes().slice(static_cast<std::size_t>(wrap_axis(axis, x.dim()))).vec();
    const auto fitting = [&](std::size_t i) {
      return in.has(i) ? in[i].expand(shape).contiguous() : at::Tensor();
    };
    if (!statistics) return Tensors{at::layer_norm(x, shape, fitting(1), fitting(2), epsilon)};
    auto [y, mean, deviation] = at::native_layer_norm(x, shape, fitting(1), fitting(2), epsilon);
    return Tensors{y, mean, deviation};
  };
}

Kernel group_normalisation(const Step& step) {
  const std::int64_t groups = step.integer("num_groups", 1);
  const double epsilon = step.number("epsilon", 1e-5f);
  if (step.opset < 21) refuse("scale and bias by group (opset 18 to 20)");
  return one(
      [=](const Inputs& in) { return at::group_norm(in[0], groups, in[1], in[2], epsilon); });
}

Kernel lp_normalisation(const Step& step) {
  const std::int64_t axis = step.integer("axis", -1), p = step.integer("p", 2);
  return one([=](const Inputs& in) { return in[0] / at::norm(in[0], p, Ints{axis}, true); });
}

// The mean over the neighbouring channels is an average pool along them.
Kernel local_response(const Step& step) {
  const double alpha = step.number("alpha", 0.0001f), beta = step.number("beta", 0.75);
  const double bias = step.number("bias", 1);
  const std::int64_t size = step.integer("size", 1);
  if (size < 1) throw Refusal(ErrorKind::invalid, "size=" + std::to_string(size));
  return one([=](const Inputs& in) {
    const at::Tensor& x = in[0];
    const at::Tensor squares = (x * x).reshape({x.size(0), 1, x.size(1), -1});
    const std::int64_t before = (size - 1) / 2;
    const at::Tensor wide = at::constant_pad_nd(squares, {0, 0, before, size - 1 - before}, 0);
    const at::Tensor mean = at::avg_pool2d(wide, {size, 1}, {1, 1}).reshape(x.sizes());
    return x / at::pow(mean * alpha + bias, beta);
  });
}

Kernel mean_variance(const Step& step) {
  const Ints axes = step.ints("axes", {0, 2, 3});
  return one([=](const Inputs& in) {
    const at::Tensor centred = in[0] - at::mean(in[0], axes, true);
    const at::Tensor variance = at::mean(centred * centred, axes, true);
    return centred / (at::sqrt(variance) + 1e-9);  // as in ONNX's definition of the function
  });
}

}  // namespace

std::span<const Operator> normalise_operators() {
  static const Operator rows[] = {
      {"BatchNormalization", batch_normalisation},
      {"InstanceNormalization", instance_normalisation},
      {"LayerNormalization", layer_normalisation},
      {"GroupNormalization", group_normalisation},
      {"LpNormalization", lp_normalisation},
      {"LRN", local_response},
      {"MeanVarianceNormalization", mean_variance},
  };
  return rows;
}

}  // namespace isojoule::libtorch

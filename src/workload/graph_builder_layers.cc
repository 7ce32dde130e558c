// The layers of a network: nodes with weights, activations, pools.
#include <cassert>
#include <cmath>

#include "workload/graph_builder.h"

namespace isojoule {
namespace {

using Integers = std::vector<std::int64_t>;

// Of uniform weights with He's variance: a uniform distribution of radius r has r^2 / 3.
double weight_radius(const GraphValue& x, std::int64_t fan_in) {
  return std::sqrt(3.0 * (x.rectified ? 2.0 : 1.0) / static_cast<double>(fan_in));
}

}  // namespace

GraphValue GraphBuilder::convolution(const GraphValue& x, const std::string& name,
                                     const Convolution& layer) {
  assert(x.shape.size() == 4 && x.shape[1] % layer.groups == 0 &&
         layer.channels % layer.groups == 0);
  const std::int64_t depth = x.shape[1] / layer.groups;
  const double radius = weight_radius(x, depth * layer.kernel * layer.kernel);
  std::vector<std::string> inputs = {
      x.name,
      weight(name + ".weight", {layer.channels, depth, layer.kernel, layer.kernel}, radius)};
  if (layer.bias) inputs.push_back(weight(name + ".bias", {layer.channels}, 0.05));
  const std::int64_t end = layer.padding + layer.end_padding;
  const std::int64_t reach = layer.dilation * (layer.kernel - 1) + 1;
  Integers shape = {x.shape[0], layer.channels};
  for (int axis = 2; axis < 4; ++axis)
    shape.push_back((x.shape[axis] + layer.padding + end - reach) / layer.stride + 1);
  return node("Conv", name, inputs, shape,
              {{"dilations", Integers{layer.dilation, layer.dilation}},
               {"group", layer.groups},
               {"kernel_shape", Integers{layer.kernel, layer.kernel}},
               {"pads", Integers{layer.padding, layer.padding, end, end}},
               {"strides", Integers{layer.stride, layer.stride}}});
}

GraphValue GraphBuilder::batch_norm(const GraphValue& x, const std::string& name, double gain) {
  const std::vector<std::int64_t> channels = {x.shape[1]};
  // Statistics as of a trained network whose layers give mean 0 and variance 1, roughly.
  const std::string scale = weight(name + ".weight", channels, 0.2 * gain, gain);
  const std::string shift = weight(name + ".bias", channels, 0.1);
  const std::string mean = weight(name + ".running_mean", channels, 0.1);
  const std::string variance = weight(name + ".running_var", channels, 0.2, 1.0);
  return node("BatchNormalization", name, {x.name, scale, shift, mean, variance}, x.shape,
              {{"epsilon", 1e-5F}, {"momentum", 0.9F}});
}

GraphValue GraphBuilder::linear(const GraphValue& x, const std::string& name,
                                std::int64_t features) {
  const std::int64_t depth = x.shape.back();
  const double radius = weight_radius(x, depth);
  if (x.shape.size() == 2) {
    const std::string weights = weight(name + ".weight", {features, depth}, radius);
    const std::string bias = weight(name + ".bias", {features}, 0.05);
    return node("Gemm", name, {x.name, weights, bias}, {x.shape[0], features},
                {{"alpha", 1.0F}, {"beta", 1.0F}, {"transB", std::int64_t{1}}});
  }
  Integers shape = x.shape;
  shape.back() = features;
  const std::string weights = weight(name + ".weight", {depth, features}, radius);
  const GraphValue product = node("MatMul", name + ".matmul", {x.name, weights}, shape);
  return node("Add", name, {product.name, weight(name + ".bias", {features}, 0.05)}, shape);
}

GraphValue GraphBuilder::relu(const GraphValue& x, const std::string& name) {
  GraphValue y = node("Relu", name, {x.name}, x.shape);
  y.rectified = true;
  return y;
}

GraphValue GraphBuilder::leaky_relu(const GraphValue& x, const std::string& name, float slope) {
  GraphValue y = node("LeakyRelu", name, {x.name}, x.shape, {{"alpha", slope}});
  y.rectified = true;  // nearly: the negative half adds slope^2 to the variance
  return y;
}

GraphValue GraphBuilder::sigmoid(const GraphValue& x, const std::string& name) {
  return node("Sigmoid", name, {x.name}, x.shape);
}

GraphValue GraphBuilder::clip(const GraphValue& x, const std::string& name, float low, float high) {
  // The limits were attributes until operator set 10.
  GraphValue y =
      opset() < 11 ? node("Clip", name, {x.name}, x.shape, {{"max", high}, {"min", low}})
                   : node("Clip", name,
                          {x.name, constant(name + ".min", {low}), constant(name + ".max", {high})},
                          x.shape);
  y.rectified = low >= 0;
  return y;
}

GraphValue GraphBuilder::pool(std::string_view operation, const GraphValue& x,
                              const std::string& name, const Pool& layer) {
  Integers shape = {x.shape[0], x.shape[1]};
  for (int axis = 2; axis < 4; ++axis)
    shape.push_back((x.shape[axis] + 2 * layer.padding - layer.kernel) / layer.stride + 1);
  GraphValue y = node(operation, name, {x.name}, shape,
                      {{"ceil_mode", std::int64_t{0}},
                       {"kernel_shape", Integers{layer.kernel, layer.kernel}},
                       {"pads", Integers(4, layer.padding)},
                       {"strides", Integers{layer.stride, layer.stride}}});
  y.rectified = x.rectified;
  return y;
}

GraphValue GraphBuilder::max_pool(const GraphValue& x, const std::string& name, const Pool& layer) {
  return pool("MaxPool", x, name, layer);
}

GraphValue GraphBuilder::average_pool(const GraphValue& x, const std::string& name,
                                      const Pool& layer) {
  return pool("AveragePool", x, name, layer);
}

GraphValue GraphBuilder::adaptive_average_pool(const GraphValue& x, const std::string& name,
                                               std::int64_t size) {
  assert(x.shape[2] == x.shape[3] && x.shape[2] % size == 0);
  const std::int64_t step = x.shape[2] / size;
  return average_pool(x, name, {step, step, 0});
}

GraphValue GraphBuilder::global_average_pool(const GraphValue& x, const std::string& name) {
  GraphValue y = node("GlobalAveragePool", name, {x.name}, {x.shape[0], x.shape[1], 1, 1});
  y.rectified = x.rectified;
  return y;
}

GraphValue GraphBuilder::add(const GraphValue& a, const GraphValue& b, const std::string& name) {
  assert(a.shape == b.shape);
  GraphValue y = node("Add", name, {a.name, b.name}, a.shape);
  y.rectified = a.rectified && b.rectified;
  return y;
}

}  // namespace isojoule

#include "workload/mobile_blocks.h"

#include <algorithm>

namespace isojoule {
namespace {

// relu6(x + 3) / 6. HardSigmoid is older than the operator sets that the zoo writes.
GraphValue hard_sigmoid(GraphBuilder& graph, const GraphValue& x, const std::string& name) {
  return graph.node("HardSigmoid", name, {x.name}, x.shape, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
}

// x relu6(x + 3) / 6 as two nodes: ONNX has HardSwish from operator set 14 on only.
GraphValue hard_swish(GraphBuilder& graph, const GraphValue& x, const std::string& name) {
  const GraphValue gate = hard_sigmoid(graph, x, name + ".gate");
  return graph.node("Mul", name, {x.name, gate.name}, x.shape);
}

GraphValue activated(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                     Activation activation) {
  switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return graph.relu(x, name);
    case Activation::relu6: return graph.clip(x, name, 0, 6);
    case Activation::hard_swish: return hard_swish(graph, x, name);
  }
  return x;
}

// J. Hu et al., "Squeeze-and-excitation networks", CVPR 2018, as MobileNetV3 has it: a quarter of
// the channels inside.
GraphValue squeeze_excite(GraphBuilder& graph, const GraphValue& x, const std::string& name) {
  const std::int64_t channels = x.shape[1];
  GraphValue y = graph.global_average_pool(x, name + ".pool");
  y = graph.convolution(y, name + ".reduce",
                        {.channels = divisible_by_8(static_cast<double>(channels) / 4)});
  y = graph.relu(y, name + ".relu");
  y = graph.convolution(y, name + ".expand", {.channels = channels});
  y = hard_sigmoid(graph, y, name + ".gate");
  return graph.node("Mul", name, {x.name, y.name}, x.shape);
}

}  // namespace

std::int64_t divisible_by_8(double channels) {
  const std::int64_t nearest =
      std::max<std::int64_t>(8, static_cast<std::int64_t>(channels + 4) / 8 * 8);
  return static_cast<double>(nearest) < 0.9 * channels ? nearest + 8 : nearest;
}

Convolution same_padded(const GraphValue& x, Convolution layer) {
  const std::int64_t size = (x.shape[2] + layer.stride - 1) / layer.stride;
  const std::int64_t reach = layer.dilation * (layer.kernel - 1) + 1;
  const std::int64_t total =
      std::max<std::int64_t>((size - 1) * layer.stride + reach - x.shape[2], 0);
  layer.padding = total / 2;
  layer.end_padding = total % 2;
  return layer;
}

GraphValue mobile_conv(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                       const Convolution& layer, Activation activation) {
  return activated(graph, graph.convolution(x, name, same_padded(x, layer)), name + ".activation",
                   activation);
}

GraphValue depthwise_conv(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                          std::int64_t kernel, std::int64_t stride, Activation activation) {
  return mobile_conv(
      graph, x, name,
      {.channels = x.shape[1], .kernel = kernel, .stride = stride, .groups = x.shape[1]},
      activation);
}

GraphValue inverted_residual_block(GraphBuilder& graph, const GraphValue& x,
                                   const std::string& name, const InvertedResidual& block) {
  GraphValue y = x;
  if (block.hidden != x.shape[1])
    y = mobile_conv(graph, y, name + ".expand", {.channels = block.hidden}, block.activation);
  y = depthwise_conv(graph, y, name + ".depthwise", block.kernel, block.stride, block.activation);
  if (block.squeezes) y = squeeze_excite(graph, y, name + ".squeeze_excite");
  y = mobile_conv(graph, y, name + ".project", {.channels = block.channels}, Activation::none);
  const bool goes_round = block.stride == 1 && x.shape[1] == block.channels;
  return goes_round ? graph.add(x, y, name + ".add") : y;
}

GraphValue mobile_pool(GraphBuilder& graph, const GraphValue& x) {
  return graph.global_average_pool(x, "pool");
}

void slim_classifier(GraphBuilder& graph, const GraphValue& x) {
  const GraphValue y = graph.convolution(x, "classifier", {.channels = kSlimClasses});
  graph.output(graph.flatten(y, "squeeze"), "logits");
}

}  // namespace isojoule

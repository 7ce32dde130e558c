// MobileNet-V2, width 1.0: M. Sandler et al., "MobileNetV2: inverted residuals and linear
// bottlenecks", CVPR 2018, table 2, with the layer names of torchvision 0.15
// (models/mobilenetv2.py). Dropout is left out. 3,504,872 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

GraphValue conv_norm_relu6(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                           Convolution layer) {
  layer.padding = layer.kernel / 2;
  return graph.clip(conv_norm(graph, x, name + ".0", name + ".1", layer), name + ".2", 0, 6);
}

struct Stage {  // a row of the paper's table 2
  std::int64_t expansion, channels, repeats, stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

// Widen (1 x 1), filter each channel by itself (3 x 3), narrow without an activation (1 x 1).
GraphValue inverted_residual(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                             const Stage& stage, std::int64_t stride) {
  const std::int64_t hidden = x.shape[1] * stage.expansion;
  const std::string part = name + ".conv.";
  int index = 0;
  GraphValue y = x;
  if (stage.expansion != 1)
    y = conv_norm_relu6(graph, y, part + std::to_string(index++), {.channels = hidden});
  y = conv_norm_relu6(graph, y, part + std::to_string(index++),
                      {.channels = hidden, .kernel = 3, .stride = stride, .groups = hidden});
  y = conv_norm(graph, y, part + std::to_string(index), part + std::to_string(index + 1),
                {.channels = stage.channels});
  const bool residual = stride == 1 && x.shape[1] == stage.channels;
  return residual ? graph.add(x, y, name + ".add") : y;
}

void build(GraphBuilder& graph) {
  GraphValue x = graph.input("input", {3, 224, 224});
  x = conv_norm_relu6(graph, x, "features.0", {.channels = 32, .kernel = 3, .stride = 2});
  int index = 1;
  for (const Stage& stage : kStages) {
    for (std::int64_t repeat = 0; repeat < stage.repeats; ++repeat, ++index)
      x = inverted_residual(graph, x, "features." + std::to_string(index), stage,
                            repeat == 0 ? stage.stride : 1);
  }
  x = conv_norm_relu6(graph, x, "features." + std::to_string(index), {.channels = 1280});
  x = graph.global_average_pool(x, "avgpool");
  x = graph.flatten(x, "flatten");
  graph.output(graph.linear(x, "classifier.1", 1000), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_mobilenet_v2() {
  static const ZooEntry entry = {
      {.name = "mobilenet-v2",
       .title = "MobileNet-V2",
       .source = "Sandler et al. 2018, width 1.0, as in torchvision 0.15",
       .input = "3x224x224",
       .normalisation = kImageNetNormalisation,
       .documents = {{"RPE", 53, 3.4, 0.57}, {"AGX", 52, 3.4, 0.39}}},
      build};
  return entry;
}

}  // namespace isojoule

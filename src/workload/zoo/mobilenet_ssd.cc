// SSD with MobileNet-V1: W. Liu et al., "SSD: single shot multibox detector", ECCV 2016, on
// A. Howard et al., "MobileNets", 2017, table 1, as "ssd_mobilenet_v1_coco" of TensorFlow's object
// detection interface, which MLPerf Inference 0.5 took over (ssd_mobilenet_v1.py, whose layer names
// it has): 300 x 300 pixels, 91 classes, 1,917 boxes, 1 x 1 heads, a normalisation behind each
// convolution but theirs. Decoding the boxes and suppressing double ones is left to
// post-processing. 6,819,839 parameters.
#include "workload/blocks.h"
#include "workload/mobile_blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr std::int64_t kClasses = 91;

// TensorFlow's "same", a normalisation and ReLU6.
GraphValue same_conv(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                     const Convolution& layer) {
  const GraphValue y = conv_norm(graph, x, name, name + ".BatchNorm", same_padded(x, layer));
  return graph.clip(y, name + ".ReLU6", 0, 6);
}

struct Step {  // each channel by itself (3 x 3), then all of them (1 x 1)
  std::int64_t channels, stride;
};
constexpr Step kSteps[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                           {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};

struct Extra {  // narrow (1 x 1), then a smaller map (3 x 3)
  std::int64_t narrow, channels;
};
constexpr Extra kExtras[] = {{256, 512}, {128, 256}, {128, 256}, {64, 128}};
constexpr std::int64_t kBoxes[] = {3, 6, 6, 6, 6, 6};  // at a place of the map

std::vector<GraphValue> feature_maps(GraphBuilder& graph, const GraphValue& image) {
  std::vector<GraphValue> maps;
  GraphValue x =
      same_conv(graph, image, "backbone.0.0", {.channels = 32, .kernel = 3, .stride = 2});
  int index = 1;
  for (const Step& step : kSteps) {
    const std::string name = "backbone." + std::to_string(index++);
    x = same_conv(
        graph, x, name + ".depthwise",
        {.channels = x.shape[1], .kernel = 3, .stride = step.stride, .groups = x.shape[1]});
    x = same_conv(graph, x, name + ".pointwise", {.channels = step.channels});
    if (index == 12 || index == 14) maps.push_back(x);
  }
  for (const Extra& extra : kExtras) {
    const std::string name = "extras." + std::to_string(maps.size() - 2);
    x = same_conv(graph, x, name + ".0", {.channels = extra.narrow});
    x = same_conv(graph, x, name + ".2", {.channels = extra.channels, .kernel = 3, .stride = 2});
    maps.push_back(x);
  }
  return maps;
}

// [batch, boxes, numbers]: `numbers` for each box of each map.
GraphValue head(GraphBuilder& graph, const std::vector<GraphValue>& maps, const std::string& kind,
                std::int64_t numbers) {
  std::vector<GraphValue> parts;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::string name = "predictors." + std::to_string(i) + "." + kind;
    GraphValue x = graph.convolution(maps[i], name, {.channels = kBoxes[i] * numbers});
    x = graph.transpose(x, name + ".transpose", {0, 2, 3, 1});
    parts.push_back(
        graph.reshape(x, name + ".reshape", {x.shape[1] * x.shape[2] * kBoxes[i], numbers}));
  }
  return graph.concat(parts, kind + ".concat");
}

void build(GraphBuilder& graph) {
  const std::vector<GraphValue> maps = feature_maps(graph, graph.input("input", {3, 300, 300}));
  graph.output(head(graph, maps, "regression", 4), "boxes");
  graph.output(graph.sigmoid(head(graph, maps, "classification", kClasses), "sigmoid"), "scores");
}

}  // namespace

const ZooEntry& zoo_entry_mobilenet_ssd() {
  static const ZooEntry entry = {{.name = "mobilenet-ssd",
                                  .title = "SSD with MobileNet-V1",
                                  .source = "Howard et al. 2017, as in MLPerf Inference 0.5",
                                  .input = "3x300x300",
                                  .task = ZooTask::detection,
                                  .normalisation = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
                                  .documents = {{"AGX", 35, 86.8, 1.3}}},
                                 build};
  return entry;
}

}  // namespace isojoule

// SSD with ResNet-34: W. Liu et al., "SSD: single shot multibox detector", ECCV 2016, on the first
// three stages of K. He et al., CVPR 2016, as in MLPerf Inference 0.5 ("ssd-resnet34": V. J. Reddi
// et al., ISCA 2020), with the layer names of its PyTorch model (SSD_R34). 1200 x 1200 pixels, 81
// classes, 15,130 boxes; the third stage keeps its input's size, and the heads have a stride of 3.
// Decoding the boxes and suppressing double ones is left to post-processing.
// 19,972,534 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr std::int64_t kClasses = 81;
constexpr std::int64_t kBlocks[] = {3, 4, 6};

GraphValue backbone(GraphBuilder& graph, const GraphValue& image) {
  GraphValue x = residual_stem(graph, image);
  Residual block = {.gain = 0.28};
  for (int stage = 0; stage < 3; ++stage, block.channels *= 2) {
    for (std::int64_t index = 0; index < kBlocks[stage]; ++index) {
      block.stride = stage == 1 && index == 0 ? 2 : 1;
      x = basic_block(graph, x, "layer" + std::to_string(stage + 1) + "." + std::to_string(index),
                      block);
    }
  }
  return x;
}

struct Extra {  // narrow (1 x 1), then a smaller map (3 x 3)
  std::int64_t narrow, channels, stride, padding;
};
constexpr Extra kExtras[] = {
    {256, 512, 2, 1}, {256, 512, 2, 1}, {128, 256, 2, 1}, {128, 256, 2, 0}, {128, 256, 1, 0}};
constexpr std::int64_t kBoxes[] = {4, 6, 6, 6, 4, 4};  // at a place of the map

std::vector<GraphValue> feature_maps(GraphBuilder& graph, const GraphValue& image) {
  std::vector<GraphValue> maps = {backbone(graph, image)};
  for (const Extra& extra : kExtras) {
    const std::string name = "additional_blocks." + std::to_string(maps.size() - 1) + ".";
    GraphValue x = graph.convolution(maps.back(), name + "0", {.channels = extra.narrow});
    x = graph.relu(x, name + "1");
    x = graph.convolution(x, name + "2",
                          {.channels = extra.channels,
                           .kernel = 3,
                           .stride = extra.stride,
                           .padding = extra.padding});
    maps.push_back(graph.relu(x, name + "3"));
  }
  return maps;
}

// [batch, boxes, numbers]: `numbers` for each box of each map.
GraphValue head(GraphBuilder& graph, const std::vector<GraphValue>& maps, const std::string& kind,
                std::int64_t numbers) {
  std::vector<GraphValue> parts;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::string name = kind + "." + std::to_string(i);
    const GraphValue x = graph.convolution(
        maps[i], name, {.channels = kBoxes[i] * numbers, .kernel = 3, .stride = 3, .padding = 1});
    parts.push_back(
        graph.reshape(x, name + ".reshape", {numbers, kBoxes[i] * x.shape[2] * x.shape[3]}));
  }
  return graph.transpose(graph.concat(parts, kind + ".concat", 2), kind + ".transpose", {0, 2, 1});
}

void build(GraphBuilder& graph) {
  const std::vector<GraphValue> maps = feature_maps(graph, graph.input("input", {3, 1200, 1200}));
  graph.output(head(graph, maps, "loc", 4), "boxes");
  graph.output(graph.softmax(head(graph, maps, "conf", kClasses), "softmax"), "scores");
}

}  // namespace

const ZooEntry& zoo_entry_resnet_34_ssd() {
  static const ZooEntry entry = {{.name = "resnet-34-ssd",
                                  .title = "SSD with ResNet-34",
                                  .source = "Liu et al. 2016, as in MLPerf Inference 0.5",
                                  .input = "3x1200x1200",
                                  .task = ZooTask::detection,
                                  .normalisation = kImageNetNormalisation,
                                  .documents = {{"AGX", 51, 20.1, 216.8}}},
                                 build};
  return entry;
}

}  // namespace isojoule

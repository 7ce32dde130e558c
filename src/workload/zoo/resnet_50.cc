// ResNet-50: K. He et al., "Deep residual learning for image recognition", CVPR 2016, table 1, in
// torchvision 0.15's form (models/resnet.py), whose layer names it has: the stride is at the 3 x 3
// convolution of a block, not at the first 1 x 1, which makes 4.09 GMAC out of the paper's 3.8.
// 25,557,032 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr std::int64_t kBlocks[] = {3, 4, 6, 3};

void build(GraphBuilder& graph) {
  GraphValue x = residual_stem(graph, graph.input("input", {3, 224, 224}));
  Residual block = {.gain = 0.25};
  for (int stage = 0; stage < 4; ++stage, block.channels *= 2) {
    for (std::int64_t index = 0; index < kBlocks[stage]; ++index) {
      block.stride = stage > 0 && index == 0 ? 2 : 1;
      x = bottleneck(graph, x, "layer" + std::to_string(stage + 1) + "." + std::to_string(index),
                     block);
    }
  }
  x = graph.global_average_pool(x, "avgpool");
  x = graph.flatten(x, "flatten");
  graph.output(graph.linear(x, "fc", 1000), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_resnet_50() {
  static const ZooEntry entry = {{.name = "resnet-50",
                                  .title = "ResNet-50",
                                  .source = "He et al. 2016, as in torchvision 0.15",
                                  .input = "3x224x224",
                                  .normalisation = kImageNetNormalisation,
                                  .documents = {{"AGX", 48, 25.5, 4.2}}},
                                 build};
  return entry;
}

}  // namespace isojoule

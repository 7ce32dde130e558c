// ResNet-18: K. He et al., "Deep residual learning for image recognition", CVPR 2016, table 1, with
// the layer names of torchvision 0.15 (models/resnet.py). 11,689,512 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

void build(GraphBuilder& graph) {
  GraphValue x = residual_stem(graph, graph.input("input", {3, 224, 224}));
  std::int64_t channels = 64;
  for (int stage = 1; stage <= 4; ++stage, channels *= 2) {
    const std::string name = "layer" + std::to_string(stage);
    x = basic_block(graph, x, name + ".0", {.channels = channels, .stride = stage == 1 ? 1 : 2});
    x = basic_block(graph, x, name + ".1", {.channels = channels});
  }
  x = graph.global_average_pool(x, "avgpool");
  x = graph.flatten(x, "flatten");
  graph.output(graph.linear(x, "fc", 1000), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_resnet_18() {
  static const ZooEntry entry = {{.name = "resnet-18",
                                  .title = "ResNet-18",
                                  .source = "He et al. 2016, as in torchvision 0.15",
                                  .input = "3x224x224",
                                  .normalisation = kImageNetNormalisation,
                                  .documents = {{"RPE", 18, 11, 2.0}}},
                                 build};
  return entry;
}

}  // namespace isojoule

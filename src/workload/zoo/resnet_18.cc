// ResNet-18: K. He et al., "Deep residual learning for image recognition", CVPR 2016, table 1, with
// the layer names of torchvision 0.15 (models/resnet.py). 11,689,512 parameters.
#include "workload/graph_builder.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

Value conv_norm(GraphBuilder& graph, const Value& x, const std::string& conv,
                const std::string& norm, Convolution layer) {
  layer.bias = false;  // the normalisation's shift takes its place
  return graph.batch_norm(graph.convolution(x, conv, layer), norm);
}

// Two 3 x 3 convolutions and the way round them; a 1 x 1 convolution there where the size changes.
Value basic_block(GraphBuilder& graph, const Value& x, const std::string& name,
                  std::int64_t channels, std::int64_t stride) {
  Value y = conv_norm(graph, x, name + ".conv1", name + ".bn1",
                      {.channels = channels, .kernel = 3, .stride = stride, .padding = 1});
  y = graph.relu(y, name + ".relu1");
  y = conv_norm(graph, y, name + ".conv2", name + ".bn2",
                {.channels = channels, .kernel = 3, .padding = 1});
  Value round = x;
  if (stride != 1 || x.shape[1] != channels)
    round = conv_norm(graph, x, name + ".downsample.0", name + ".downsample.1",
                      {.channels = channels, .kernel = 1, .stride = stride});
  return graph.relu(graph.add(y, round, name + ".add"), name + ".relu2");
}

void build(GraphBuilder& graph) {
  Value x = graph.input("input", {3, 224, 224});
  x = conv_norm(graph, x, "conv1", "bn1", {.channels = 64, .kernel = 7, .stride = 2, .padding = 3});
  x = graph.relu(x, "relu");
  x = graph.max_pool(x, "maxpool", {.kernel = 3, .stride = 2, .padding = 1});
  std::int64_t channels = 64;
  for (int stage = 1; stage <= 4; ++stage, channels *= 2) {
    const std::string name = "layer" + std::to_string(stage);
    x = basic_block(graph, x, name + ".0", channels, stage == 1 ? 1 : 2);
    x = basic_block(graph, x, name + ".1", channels, 1);
  }
  x = graph.global_average_pool(x, "avgpool");
  x = graph.flatten(x, "flatten");
  graph.output(graph.linear(x, "fc", 1000), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_resnet_18() {
  static const ZooEntry entry = {
      {"resnet-18", "ResNet-18", "He et al. 2016, as in torchvision 0.15", "3x224x224"}, build};
  return entry;
}

}  // namespace isojoule

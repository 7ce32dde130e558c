// DeepLabV3 with ResNet-101: L.-C. Chen et al., "Rethinking atrous convolution for semantic image
// segmentation", 2017, with the layers and names of torchvision 0.15 (models/segmentation/
// deeplabv3.py, deeplabv3_resnet101): an eighth of the input's height and width from the second
// stage on, the later ones with dilated kernels instead of strides; 21 classes. The classifier that
// only training uses is left out. Upsampling aligns origins as operator set 10 does
// (Interpolation), not half pixels; the work is the same. 58,630,997 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

struct Stage {
  std::int64_t blocks, channels, stride;
  std::int64_t first_dilation, dilation;  // of its first block, of the others
};
constexpr Stage kStages[] = {
    {3, 64, 1, 1, 1}, {4, 128, 2, 1, 1}, {23, 256, 1, 1, 2}, {3, 512, 1, 2, 4}};
constexpr std::int64_t kAtrousRates[] = {12, 24, 36};
constexpr std::int64_t kWidth = 256;
constexpr std::int64_t kClasses = 21;

GraphValue backbone(GraphBuilder& graph, const GraphValue& image) {
  GraphValue x = residual_stem(graph, image);
  int number = 1;
  for (const Stage& stage : kStages) {
    const std::string name = "layer" + std::to_string(number++) + ".";
    for (std::int64_t i = 0; i < stage.blocks; ++i)
      x = bottleneck(graph, x, name + std::to_string(i),
                     {.channels = stage.channels,
                      .stride = i == 0 ? stage.stride : 1,
                      .dilation = i == 0 ? stage.first_dilation : stage.dilation,
                      .gain = 0.175});
  }
  return x;
}

GraphValue conv_norm_relu(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                          int index, const Convolution& layer) {
  const auto part = [&](int step) { return name + "." + std::to_string(index + step); };
  return graph.relu(conv_norm(graph, x, part(0), part(1), layer), part(2));
}

// Atrous spatial pyramid pooling: the same features through kernels of growing reach.
GraphValue pyramid(GraphBuilder& graph, const GraphValue& x) {
  const std::string name = "classifier.0.convs.";
  std::vector<GraphValue> parts = {conv_norm_relu(graph, x, name + "0", 0, {.channels = kWidth})};
  for (const std::int64_t rate : kAtrousRates)
    parts.push_back(
        conv_norm_relu(graph, x, name + std::to_string(parts.size()), 0,
                       {.channels = kWidth, .kernel = 3, .padding = rate, .dilation = rate}));
  GraphValue whole = graph.global_average_pool(x, name + "4.0");
  whole = conv_norm_relu(graph, whole, name + "4", 1, {.channels = kWidth});
  parts.push_back(graph.resize(whole, name + "4.resize", x.shape[2], Interpolation::linear));
  return conv_norm_relu(graph, graph.concat(parts, "classifier.0.concat"), "classifier.0.project",
                        0, {.channels = kWidth});
}

void build(GraphBuilder& graph) {
  GraphValue x = pyramid(graph, backbone(graph, graph.input("input", {3, 512, 512})));
  x = conv_norm_relu(graph, x, "classifier", 1, {.channels = kWidth, .kernel = 3, .padding = 1});
  x = graph.convolution(x, "classifier.4", {.channels = kClasses});
  graph.output(graph.resize(x, "upsample", 8, Interpolation::linear), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_deeplabv3() {
  static const ZooEntry entry = {{.name = "deeplabv3",
                                  .title = "DeepLabV3 with ResNet-101",
                                  .source = "Chen et al. 2017, as in torchvision 0.15",
                                  .input = "3x512x512",
                                  .task = ZooTask::segmentation,
                                  .normalisation = kImageNetNormalisation,
                                  .documents = {{"AGX", 112, 58.5, 241.8}}},
                                 build};
  return entry;
}

}  // namespace isojoule

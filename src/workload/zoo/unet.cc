// U-Net: O. Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation",
// MICCAI 2015, in the form of usuyama/pytorch-unet (pytorch_unet.py), whose layer names it has:
// four steps of the paper's five, padded convolutions, upsampling instead of transposed
// convolutions, six classes. It is the one that the AGX paper's figures fit: 15 convolutions, 3
// upsamplings. Its linear upsampling aligns corners, ours origins, as operator set 10 does
// (Interpolation); the work is the same. 7,783,238 parameters.
#include "workload/graph_builder.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

GraphValue double_conv(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                       std::int64_t channels) {
  const Convolution layer = {.channels = channels, .kernel = 3, .padding = 1};
  GraphValue y = graph.relu(graph.convolution(x, name + ".0", layer), name + ".1");
  return graph.relu(graph.convolution(y, name + ".2", layer), name + ".3");
}

void build(GraphBuilder& graph) {
  std::vector<GraphValue> levels = {
      double_conv(graph, graph.input("input", {3, 128, 128}), "dconv_down1", 64)};
  for (int level = 2; level <= 4; ++level) {
    const GraphValue& above = levels.back();
    const GraphValue x = graph.max_pool(above, "maxpool." + std::to_string(level), {});
    levels.push_back(
        double_conv(graph, x, "dconv_down" + std::to_string(level), 2 * above.shape[1]));
  }
  GraphValue x = levels.back();
  for (int level = 3; level >= 1; --level) {
    const GraphValue& same = levels[static_cast<std::size_t>(level - 1)];
    const std::string number = std::to_string(level);
    x = graph.resize(x, "upsample." + number, 2, Interpolation::linear);
    x = graph.concat({x, same}, "concat." + number);
    x = double_conv(graph, x, "dconv_up" + number, same.shape[1]);
  }
  graph.output(graph.convolution(x, "conv_last", {.channels = 6}), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_unet() {
  static const ZooEntry entry = {{.name = "unet",
                                  .title = "U-Net",
                                  .source = "Ronneberger et al. 2015, as in pytorch-unet",
                                  .input = "3x128x128",
                                  .task = ZooTask::segmentation,
                                  .normalisation = kImageNetNormalisation,
                                  .documents = {{"AGX", 15, 7.8, 10.6}}},
                                 build};
  return entry;
}

}  // namespace isojoule

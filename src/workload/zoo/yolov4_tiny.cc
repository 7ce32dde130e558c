// YOLOv4-tiny: C.-Y. Wang et al., "Scaled-YOLOv4: scaling cross stage partial network", CVPR 2021,
// with the layers of Darknet's cfg/yolov4-tiny.cfg (github.com/AlexeyAB/darknet), numbered as
// there: 80 classes, 3 boxes at each place of two grids. The [yolo] layers, which decode the grids
// into boxes, and the suppression of double ones are left to post-processing; the zoo's outputs are
// the grids. 6,056,606 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr float kSlope = 0.1F;
constexpr std::int64_t kHeadChannels = 255;  // 3 boxes x (4 + 1 + 80 classes)

GraphValue conv(GraphBuilder& graph, const GraphValue& x, int index, std::int64_t channels,
                std::int64_t kernel, std::int64_t stride = 1) {
  const std::string name = "conv_" + std::to_string(index);
  const GraphValue y =
      conv_norm(graph, x, name, name + ".bn",
                {.channels = channels, .kernel = kernel, .stride = stride, .padding = kernel / 2});
  return graph.leaky_relu(y, name + ".leaky", kSlope);
}

struct Partial {
  GraphValue joined;  // of the narrow way, half as large as `out` on both sides
  GraphValue out;
};

// A cross-stage partial block of seven layers and a pool: half of the channels goes through two
// convolutions, whose outputs are joined with one another, then with what came in.
Partial partial_block(GraphBuilder& graph, const GraphValue& input, int index,
                      std::int64_t channels) {
  const auto route = [](int number) { return "route_" + std::to_string(number); };
  const GraphValue x = conv(graph, input, index, channels, 3);
  const GraphValue half = graph.slice(x, route(index + 1), channels / 2, channels / 2);
  const GraphValue first = conv(graph, half, index + 2, channels / 2, 3);
  const GraphValue second = conv(graph, first, index + 3, channels / 2, 3);
  const GraphValue both = graph.concat({second, first}, route(index + 4));
  const GraphValue joined = conv(graph, both, index + 5, channels, 1);
  const GraphValue all = graph.concat({x, joined}, route(index + 6));
  return {joined, graph.max_pool(all, "maxpool_" + std::to_string(index + 7), {})};
}

void head(GraphBuilder& graph, const GraphValue& x, int index, std::int64_t width,
          const std::string& name) {
  const GraphValue y = conv(graph, x, index, width, 3);
  graph.output(
      graph.convolution(y, "conv_" + std::to_string(index + 1), {.channels = kHeadChannels}), name);
}

void build(GraphBuilder& graph) {
  GraphValue x = graph.input("input", {3, 416, 416});
  x = conv(graph, x, 0, 32, 3, 2);
  x = conv(graph, x, 1, 64, 3, 2);
  x = partial_block(graph, x, 2, 64).out;
  x = partial_block(graph, x, 10, 128).out;
  const Partial last = partial_block(graph, x, 18, 256);
  x = conv(graph, last.out, 26, 512, 3);
  const GraphValue neck = conv(graph, x, 27, 256, 1);
  head(graph, neck, 28, 512, "grid_13");
  x = conv(graph, neck, 32, 128, 1);
  x = graph.resize(x, "upsample_33", 2, Interpolation::nearest);
  x = graph.concat({x, last.joined}, "route_34");
  head(graph, x, 35, 256, "grid_26");
}

}  // namespace

const ZooEntry& zoo_entry_yolov4_tiny() {
  static const ZooEntry entry = {{.name = "yolov4-tiny",
                                  .title = "YOLOv4-tiny",
                                  .source = "Wang et al. 2021, as in Darknet",
                                  .input = "3x416x416",
                                  .task = ZooTask::detection,
                                  .documents = {{"RPE", 29, 6.1, 6.9}}},
                                 build};
  return entry;
}

}  // namespace isojoule

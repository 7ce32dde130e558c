// GoogLeNet ("Inception") for the 32 x 32 pixels of CIFAR-10: C. Szegedy et al., "Going deeper with
// convolutions", CVPR 2015, table 1, in the form of kuangliu/pytorch-cifar (models/googlenet.py),
// whose layer names it has: one 3 x 3 convolution instead of the paper's stem, two 3 x 3 instead of
// a 5 x 5, a normalisation behind each. 6,166,250 parameters.
#include "workload/graph_builder.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

GraphValue conv_norm_relu(GraphBuilder& graph, const GraphValue& x, const std::string& part,
                          int index,
                          const Convolution& layer) {  // with a bias besides the shift
  const auto name = [&](int step) { return part + "." + std::to_string(index + step); };
  return graph.relu(graph.batch_norm(graph.convolution(x, name(0), layer), name(1)), name(2));
}

struct Block {  // a row of the paper's table 1
  const char* name;
  std::int64_t one, three_before, three, five_before, five, pool;
};
constexpr Block kBlocks[] = {
    {"a3", 64, 96, 128, 16, 32, 32},     {"b3", 128, 128, 192, 32, 96, 64},
    {"a4", 192, 96, 208, 16, 48, 64},    {"b4", 160, 112, 224, 24, 64, 64},
    {"c4", 128, 128, 256, 24, 64, 64},   {"d4", 112, 144, 288, 32, 64, 64},
    {"e4", 256, 160, 320, 32, 128, 128}, {"a5", 256, 160, 320, 32, 128, 128},
    {"b5", 384, 192, 384, 48, 128, 128}};

GraphValue inception(GraphBuilder& graph, const GraphValue& x, const Block& block) {
  const std::string name = block.name;
  const auto wide = [](std::int64_t channels) {
    return Convolution{.channels = channels, .kernel = 3, .padding = 1};
  };
  const GraphValue one = conv_norm_relu(graph, x, name + ".b1", 0, {.channels = block.one});
  GraphValue three = conv_norm_relu(graph, x, name + ".b2", 0, {.channels = block.three_before});
  three = conv_norm_relu(graph, three, name + ".b2", 3, wide(block.three));
  GraphValue five = conv_norm_relu(graph, x, name + ".b3", 0, {.channels = block.five_before});
  five = conv_norm_relu(graph, five, name + ".b3", 3, wide(block.five));
  five = conv_norm_relu(graph, five, name + ".b3", 6, wide(block.five));
  GraphValue pool = graph.max_pool(x, name + ".b4.0", {.kernel = 3, .stride = 1, .padding = 1});
  pool = conv_norm_relu(graph, pool, name + ".b4", 1, {.channels = block.pool});
  return graph.concat({one, three, five, pool}, name + ".concat");
}

void build(GraphBuilder& graph) {
  GraphValue x = graph.input("input", {3, 32, 32});
  x = conv_norm_relu(graph, x, "pre_layers", 0, {.channels = 192, .kernel = 3, .padding = 1});
  for (const Block& block : kBlocks) {
    const std::string name = block.name;
    if (name == "a4" || name == "a5")
      x = graph.max_pool(x, "maxpool." + name, {.kernel = 3, .stride = 2, .padding = 1});
    x = inception(graph, x, block);
  }
  x = graph.average_pool(x, "avgpool", {.kernel = 8, .stride = 1});
  x = graph.flatten(x, "flatten");
  graph.output(graph.linear(x, "linear", 10), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_inception() {
  static const ZooEntry entry = {
      {.name = "inception",
       .title = "GoogLeNet for CIFAR-10",
       .source = "Szegedy et al. 2015, as in pytorch-cifar",
       .input = "3x32x32",
       .normalisation = {{0.4914, 0.4822, 0.4465}, {0.2023, 0.1994, 0.2010}},
       .documents = {{"AGX", 64, 6.2, 1.5}}},
      build};
  return entry;
}

}  // namespace isojoule

// AlexNet in the one-column form: A. Krizhevsky, "One weird trick for parallelizing convolutional
// neural networks", 2014, with the layer names and sizes of torchvision 0.15 (models/alexnet.py).
// Dropout is left out, as it does nothing in inference. 61,100,840 parameters.
#include "workload/graph_builder.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

void build(GraphBuilder& graph) {
  GraphValue x = graph.input("input", {3, 224, 224});
  x = graph.convolution(x, "features.0", {.channels = 64, .kernel = 11, .stride = 4, .padding = 2});
  x = graph.relu(x, "features.1");
  x = graph.max_pool(x, "features.2", {.kernel = 3, .stride = 2});
  x = graph.convolution(x, "features.3", {.channels = 192, .kernel = 5, .padding = 2});
  x = graph.relu(x, "features.4");
  x = graph.max_pool(x, "features.5", {.kernel = 3, .stride = 2});
  x = graph.convolution(x, "features.6", {.channels = 384, .kernel = 3, .padding = 1});
  x = graph.relu(x, "features.7");
  x = graph.convolution(x, "features.8", {.channels = 256, .kernel = 3, .padding = 1});
  x = graph.relu(x, "features.9");
  x = graph.convolution(x, "features.10", {.channels = 256, .kernel = 3, .padding = 1});
  x = graph.relu(x, "features.11");
  x = graph.max_pool(x, "features.12", {.kernel = 3, .stride = 2});
  // The features are 6 x 6 already: a window of one, as exporters write it, too.
  x = graph.adaptive_average_pool(x, "avgpool", 6);
  x = graph.flatten(x, "flatten");
  x = graph.linear(x, "classifier.1", 4096);
  x = graph.relu(x, "classifier.2");
  x = graph.linear(x, "classifier.4", 4096);
  x = graph.relu(x, "classifier.5");
  graph.output(graph.linear(x, "classifier.6", 1000), "logits");
}

}  // namespace

const ZooEntry& zoo_entry_alexnet() {
  static const ZooEntry entry = {{.name = "alexnet",
                                  .title = "AlexNet",
                                  .source = "Krizhevsky 2014, as in torchvision 0.15",
                                  .input = "3x224x224",
                                  .normalisation = kImageNetNormalisation,
                                  .documents = {{"RPE", 8, 61, 0.727}}},
                                 build};
  return entry;
}

}  // namespace isojoule

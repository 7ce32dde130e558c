// The graphs of layer_name.h: one node a layer, but for those that every operator set writes with
// several (graph_builder_text.cc).
#include "workload/graph_builder.h"
#include "workload/layer_name.h"

namespace isojoule {
namespace {

constexpr double kEpsilon = 1e-5;

class LayerGraph {
 public:
  LayerGraph(GraphBuilder& graph, std::size_t layers) : graph_(graph), several_(layers > 1) {}

  void add(const LayerSpec& layer) {
    ++index_;
    name_ = std::string(layer.kind().name) + (several_ ? std::to_string(index_) : "");
    if (index_ == 1) x_ = graph_.input("input", layer.input());
    switch (layer.kind().takes) {
      case LayerShape::image: x_ = image_layer(layer); break;
      case LayerShape::vector: x_ = fully_connected(layer); break;
      case LayerShape::text: x_ = text_layer(layer); break;
    }
  }
  void finish() { graph_.output(x_, "output"); }

 private:
  // Half the reach on each side; of an even one the odd pixel goes to the end.
  GraphValue convolution(const LayerSpec& layer) {
    const bool depthwise = layer.is("dwconv");
    const std::int64_t total = layer.size('d') * (layer.size('k') - 1);
    return graph_.convolution(x_, name_,
                              {.channels = depthwise ? layer.size('c') : layer.size('n'),
                               .kernel = layer.size('k'),
                               .stride = layer.size('s'),
                               .padding = total / 2,
                               .groups = depthwise ? layer.size('c') : layer.size('g'),
                               .dilation = layer.size('d'),
                               .end_padding = total % 2});
  }

  GraphValue pool(const LayerSpec& layer) {
    const Pool pool = {
        .kernel = layer.size('k'), .stride = layer.size('s'), .padding = (layer.size('k') - 1) / 2};
    return layer.is("maxpool") ? graph_.max_pool(x_, name_, pool)
                               : graph_.average_pool(x_, name_, pool);
  }

  GraphValue operand(const std::vector<std::int64_t>& shape) {
    return graph_.input(name_ + ".operand", shape);
  }

  GraphValue image_layer(const LayerSpec& layer) {
    if (layer.is("conv") || layer.is("dwconv")) return convolution(layer);
    if (layer.is("maxpool") || layer.is("avgpool")) return pool(layer);
    if (layer.is("relu")) return graph_.relu(x_, name_);
    if (layer.is("add")) return graph_.add(x_, operand(layer.input()), name_);
    if (layer.is("bn")) return graph_.batch_norm(x_, name_);
    if (layer.is("gap")) return graph_.global_average_pool(x_, name_);
    if (layer.is("copy")) return graph_.transpose(x_, name_, {0, 1, 3, 2});
    // identity: a node that no engine drops, and that leaves numbers from 0 on as they are.
    return graph_.relu(x_, name_);
  }

  GraphValue fully_connected(const LayerSpec& layer) {
    if (x_.shape.size() > 2) x_ = graph_.flatten(x_, name_ + ".flatten");
    return graph_.linear(x_, name_, layer.size('o'));
  }

  GraphValue text_layer(const LayerSpec& layer) {
    if (layer.is("softmax")) return graph_.softmax(x_, name_);
    if (layer.is("layernorm")) return graph_.layer_norm(x_, name_, kEpsilon);
    if (layer.is("gelu")) return graph_.gelu(x_, name_);
    std::vector<std::int64_t> right = layer.input();  // matmul
    right[right.size() - 2] = layer.size('k');
    right.back() = layer.size('n');
    return graph_.matmul(x_, operand(right), name_);
  }

  GraphBuilder& graph_;
  bool several_;
  std::size_t index_ = 0;
  std::string name_;
  GraphValue x_;
};

}  // namespace

void build_layers(GraphBuilder& graph, const std::vector<LayerSpec>& layers) {
  LayerGraph network(graph, layers.size());
  for (const LayerSpec& layer : layers) network.add(layer);
  network.finish();
}

}  // namespace isojoule

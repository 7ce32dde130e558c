#include "workload/blocks.h"

#include <cmath>

namespace isojoule {
namespace {

constexpr double kLayerNormEpsilon = 1e-12;  // BERT's own

// The way round a block.
GraphValue shortcut(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                    std::int64_t channels, std::int64_t stride) {
  if (stride == 1 && x.shape[1] == channels) return x;
  return conv_norm(graph, x, name + ".downsample.0", name + ".downsample.1",
                   {.channels = channels, .kernel = 1, .stride = stride});
}

// [batch, tokens, width] as [batch, heads, tokens, width / heads], or with the last two turned.
GraphValue split_heads(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                       std::int64_t heads, bool turned) {
  const GraphValue parts =
      graph.reshape(x, name + ".heads", {x.shape[1], heads, x.shape[2] / heads});
  using Order = std::vector<std::int64_t>;
  return graph.transpose(parts, name + ".transpose",
                         turned ? Order{0, 2, 3, 1} : Order{0, 2, 1, 3});
}

GraphValue attention(GraphBuilder& graph, const GraphValue& x, const GraphValue& bias,
                     const std::string& name, const Encoder& layer) {
  const EncoderNames& names = layer.names;
  const std::int64_t width = x.shape[2];
  const std::int64_t head_size = width / layer.heads;
  const double root = std::sqrt(static_cast<double>(head_size));
  GraphValue query = graph.linear(x, name + names.query, width);
  if (layer.scales_query) query = graph.scalar("Div", query, name + names.query + ".scale", root);
  const GraphValue key = graph.linear(x, name + names.key, width);
  const GraphValue value = graph.linear(x, name + names.value, width);
  query = split_heads(graph, query, name + names.query, layer.heads, false);
  const GraphValue turned_key = split_heads(graph, key, name + names.key, layer.heads, true);
  const GraphValue values = split_heads(graph, value, name + names.value, layer.heads, false);
  GraphValue scores = graph.matmul(query, turned_key, name + "attention.scores");
  if (!layer.scales_query) scores = graph.scalar("Div", scores, name + "attention.scale", root);
  scores = graph.node("Add", name + "attention.mask", {scores.name, bias.name}, scores.shape);
  const GraphValue shares = graph.softmax(scores, name + "attention.softmax");
  GraphValue context = graph.matmul(shares, values, name + "attention.context");
  context = graph.transpose(context, name + "attention.transpose", {0, 2, 1, 3});
  context = graph.reshape(context, name + "attention.join", {x.shape[1], width});
  return graph.linear(context, name + names.projection, width);
}

}  // namespace

GraphValue conv_norm(GraphBuilder& graph, const GraphValue& x, const std::string& conv,
                     const std::string& norm, Convolution layer, double gain) {
  layer.bias = false;
  return graph.batch_norm(graph.convolution(x, conv, layer), norm, gain);
}

GraphValue basic_block(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                       const Residual& block) {
  GraphValue y =
      conv_norm(graph, x, name + ".conv1", name + ".bn1",
                {.channels = block.channels, .kernel = 3, .stride = block.stride, .padding = 1});
  y = graph.relu(y, name + ".relu1");
  y = conv_norm(graph, y, name + ".conv2", name + ".bn2",
                {.channels = block.channels, .kernel = 3, .padding = 1}, block.gain);
  const GraphValue round = shortcut(graph, x, name, block.channels, block.stride);
  return graph.relu(graph.add(y, round, name + ".add"), name + ".relu2");
}

GraphValue bottleneck(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                      const Residual& block) {
  GraphValue y = conv_norm(graph, x, name + ".conv1", name + ".bn1", {.channels = block.channels});
  y = graph.relu(y, name + ".relu1");
  y = conv_norm(graph, y, name + ".conv2", name + ".bn2",
                {.channels = block.channels,
                 .kernel = 3,
                 .stride = block.stride,
                 .padding = block.dilation,
                 .dilation = block.dilation});
  y = graph.relu(y, name + ".relu2");
  const std::int64_t wide = 4 * block.channels;
  y = conv_norm(graph, y, name + ".conv3", name + ".bn3", {.channels = wide}, block.gain);
  const GraphValue round = shortcut(graph, x, name, wide, block.stride);
  return graph.relu(graph.add(y, round, name + ".add"), name + ".relu3");
}

GraphValue residual_stem(GraphBuilder& graph, const GraphValue& image) {
  GraphValue x = conv_norm(graph, image, "conv1", "bn1",
                           {.channels = 64, .kernel = 7, .stride = 2, .padding = 3});
  x = graph.relu(x, "relu");
  return graph.max_pool(x, "maxpool", {.kernel = 3, .stride = 2, .padding = 1});
}

GraphValue attention_bias(GraphBuilder& graph, const GraphValue& mask) {
  GraphValue x = graph.to_float(mask, "attention_bias.cast");
  x = graph.reshape(x, "attention_bias.reshape", {1, 1, mask.shape[1]});
  x = graph.scalar("Sub", x, "attention_bias.sub", 1);
  return graph.scalar("Mul", x, "attention_bias", 10000);
}

GraphValue encoder_layer(GraphBuilder& graph, const GraphValue& x, const GraphValue& bias,
                         const std::string& name, const Encoder& layer) {
  const EncoderNames& names = layer.names;
  GraphValue sum = graph.add(attention(graph, x, bias, name, layer), x, name + "attention.add");
  const GraphValue y = graph.layer_norm(sum, name + names.attention_norm, kLayerNormEpsilon);
  GraphValue z = graph.linear(y, name + names.widen, layer.hidden);
  z = graph.gelu(z, name + "gelu");
  z = graph.linear(z, name + names.narrow, x.shape[2]);
  sum = graph.add(z, y, name + "output.add");
  return graph.layer_norm(sum, name + names.output_norm, kLayerNormEpsilon);
}

}  // namespace isojoule

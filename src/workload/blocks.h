// Blocks that several networks of the zoo are made of.
#pragma once

#include <cstdint>
#include <string>

#include "workload/graph_builder.h"

namespace isojoule {

// A convolution without a bias, whose place the normalisation's shift takes.
GraphValue conv_norm(GraphBuilder& graph, const GraphValue& x, const std::string& conv,
                     const std::string& norm, Convolution layer, double gain = 1);

// Of a residual network: K. He et al., CVPR 2016, figure 5; names of torchvision 0.15.
struct Residual {
  std::int64_t channels = 64;  // of the 3 x 3 convolutions
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  double gain = 0.5;  // of the sum's new term; about 1 / sqrt(blocks) keeps its size
};
// Two 3 x 3 convolutions and the way round them; a 1 x 1 convolution there where the size changes.
GraphValue basic_block(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                       const Residual& block);
// 1 x 1, 3 x 3 (with the stride), 1 x 1 with four times the channels, and the way round them.
GraphValue bottleneck(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                      const Residual& block);
// The layers in front of the blocks: a quarter of the input's height and width, 64 channels.
GraphValue residual_stem(GraphBuilder& graph, const GraphValue& image);

// An encoder layer of BERT (J. Devlin et al., NAACL 2019), normalised behind each sum.
struct EncoderNames {  // below the layer's own, as in transformers 4 of Hugging Face
  std::string query, key, value, projection, attention_norm, widen, narrow, output_norm;
};
struct Encoder {
  std::int64_t heads = 2;
  std::int64_t hidden = 512;
  bool scales_query = false;  // by 1 / sqrt(head size): the query, or else the product
  EncoderNames names;
};
// 0 where a token counts, -10,000 where the mask (1 or 0 a token) hides it: [batch, 1, 1, tokens].
GraphValue attention_bias(GraphBuilder& graph, const GraphValue& mask);
GraphValue encoder_layer(GraphBuilder& graph, const GraphValue& x, const GraphValue& bias,
                         const std::string& name, const Encoder& layer);

}  // namespace isojoule

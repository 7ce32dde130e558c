// Blocks of the mobile families as TensorFlow Lite runs them: a normalisation is folded into its
// convolution's weights and bias, "same" padding gives ceil(size / stride).
#pragma once

#include <cstdint>
#include <string>

#include "workload/graph_builder.h"

namespace isojoule {

// Classes of TF-slim's ImageNet networks: the first is "background".
inline constexpr std::int64_t kSlimClasses = 1001;

enum class Activation { none, relu, relu6, hard_swish };

// TF-slim's _make_divisible(): the nearest multiple of 8, at least 8, and at least 0.9 of it.
std::int64_t divisible_by_8(double channels);

// "same" padding as TensorFlow's: an odd pixel goes to the end. For square inputs.
Convolution same_padded(const GraphValue& x, Convolution layer);

// A convolution with "same" padding and a bias, and its activation ("<name>.activation").
GraphValue mobile_conv(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                       const Convolution& layer, Activation activation);
// Each channel by itself.
GraphValue depthwise_conv(GraphBuilder& graph, const GraphValue& x, const std::string& name,
                          std::int64_t kernel, std::int64_t stride, Activation activation);

// M. Sandler et al., "MobileNetV2", CVPR 2018, figure 3; with A. Howard et al., "Searching for
// MobileNetV3", ICCV 2019, figure 4.
struct InvertedResidual {
  std::int64_t hidden = 0;  // channels inside; as many as go in: no convolution that widens
  std::int64_t channels = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  Activation activation = Activation::relu6;
  bool squeezes = false;  // channels weighed by what their means say
};
GraphValue inverted_residual_block(GraphBuilder& graph, const GraphValue& x,
                                   const std::string& name, const InvertedResidual& block);

// The mean over all places.
GraphValue mobile_pool(GraphBuilder& graph, const GraphValue& x);
// The scores of the classes, a 1 x 1 convolution there as in TF-slim, as the output "logits".
void slim_classifier(GraphBuilder& graph, const GraphValue& x);

}  // namespace isojoule

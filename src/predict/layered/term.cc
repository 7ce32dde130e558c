#include "predict/layered/term.h"

namespace isojoule::layered {

// The usual costs are orders of magnitude, from how the hardware works and not from any one set of
// measurements: a depthwise MAC reuses nothing and keeps a third of the multipliers busy at best; a
// byte to and from DRAM costs tens of times an FP32 MAC on silicon (Horowitz 2014, "Computing's
// energy problem", ISSCC: 640 pJ for 32 bits of DRAM, 4.6 pJ for a MAC), but most bytes of a layer
// come from caches; a start takes microseconds, in which thousands (CPU) to millions (GPU) of MACs
// would be done, so that the fixed costs are known three times less well than the others.
const std::array<TermInfo, kTerms>& term_infos() {
  static const std::array<TermInfo, kTerms> infos = {
      {{"batch", "mJ", 1e3, 3e6, 3, "once a batch"},
       {"kernel", "uJ", 1e6, 1e5, 3, "once a layer that is started"},
       {"convolution", "pJ/MAC", 1e12, 1, 1, "dense convolutions larger than 1 x 1"},
       {"product", "pJ/MAC", 1e12, 1, 1, "1 x 1 convolutions, fully connected layers, MatMul"},
       {"depthwise", "pJ/MAC", 1e12, 3, 1, "depthwise convolutions"},
       {"activation", "pJ/B", 1e12, 3, 1, "activations that layers with MACs read and write"},
       {"weight", "pJ/B", 1e12, 3, 1, "weights"},
       {"stream", "pJ/B", 1e12, 3, 1, "layers without MACs: additions, gates, pooling"}}};
  return infos;
}

Terms terms_of(const LayerWork& layer) {
  Terms terms{};
  if (layer.work_class == WorkClass::view) return terms;
  if (layer.macs <= 0) {
    if (layer.fusible && layer.bytes_read <= layer.bytes_written) return terms;
    terms[kernel_term] = 1;
    terms[stream_term] = layer.bytes_read + layer.bytes_written;
    terms[weight_term] = layer.bytes_weights;
    return terms;
  }
  terms[kernel_term] = 1;
  terms[activation_term] = layer.bytes_read + layer.bytes_written;
  terms[weight_term] = layer.bytes_weights;
  switch (layer.work_class) {
    case WorkClass::convolution: terms[convolution_term] = layer.macs; break;
    case WorkClass::depthwise: terms[depthwise_term] = layer.macs; break;
    default: terms[product_term] = layer.macs; break;
  }
  return terms;
}

Terms terms_of(const NetworkWork& work) {
  Terms sum{};
  for (const LayerWork& layer : work.layers) {
    const Terms one = terms_of(layer);
    for (std::size_t j = 0; j < kTerms; ++j) sum[j] += one[j];
  }
  sum[batch_term] = 1;
  return sum;
}

}  // namespace isojoule::layered

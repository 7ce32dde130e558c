// The terms of the layered model: what of a layer costs energy, in units of its own.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "predict/work.h"

namespace isojoule::layered {

enum TermIndex : std::size_t {
  batch_term,        // once a batch
  kernel_term,       // once a layer that an engine starts
  convolution_term,  // MACs of dense convolutions larger than one position
  product_term,      // MACs of products of matrices: pointwise convolutions, fully connected layers
  depthwise_term,    // MACs of depthwise convolutions
  activation_term,   // bytes that layers with MACs read and write
  weight_term,       // bytes of weights
  stream_term        // bytes of layers without MACs
};
inline constexpr std::size_t kTerms = 8;
using Terms = std::array<double, kTerms>;

struct TermInfo {
  std::string_view name;
  std::string_view unit;  // of its factor, where the model is of energy
  double display = 1;     // factor from joules to that unit
  // Before anything is measured: its cost in MACs of a product, and how wide that is known against
  // the usual width (a factor of e^tau each way).
  double usual = 1;
  double width = 1;
  std::string_view meaning;
};
const std::array<TermInfo, kTerms>& term_infos();

// Of a layer; the batch's own term is 0. A layer that only changes what the product in front of it
// wrote (batch normalisation, ReLU: fusible and reading no more than it writes) has no terms: every
// engine does it in the same pass. An addition of two tensors or a gate reads more and stays.
Terms terms_of(const LayerWork& layer);
// Of the whole, batch_term 1.
Terms terms_of(const NetworkWork& work);

}  // namespace isojoule::layered

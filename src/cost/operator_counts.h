// How the operations of a layer are counted: one function a kind of operator. The table that says
// which operator is of which kind is in operator_cost.cc.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cost/cost.h"
#include "cost/onnx_reader.h"
#include "cost/saturating.h"

namespace isojoule {

using CostShape = std::vector<std::int64_t>;

// A node with its tensors at hand. Optional inputs that are left out read as an empty shape.
class CostedLayer {
 public:
  CostedLayer(const OnnxNode& node, const OnnxNetwork& network) : node_(node), network_(network) {}

  const OnnxTensor* tensor(const std::string& name) const {
    const auto found = network_.tensors.find(name);
    return name.empty() || found == network_.tensors.end() ? nullptr : &found->second;
  }
  const OnnxTensor* input_tensor(std::size_t i) const {
    return i < node_.inputs.size() ? tensor(node_.inputs[i]) : nullptr;
  }
  bool has_input(std::size_t i) const { return input_tensor(i) != nullptr; }
  const CostShape& input(std::size_t i) const { return shape_of(input_tensor(i)); }
  const CostShape& output(std::size_t i = 0) const {
    return shape_of(i < node_.outputs.size() ? tensor(node_.outputs[i]) : nullptr);
  }
  std::int64_t inputs(std::size_t i = 0) const { return saturating_product(input(i)); }  // elements
  std::int64_t outputs() const { return saturating_product(output()); }                  // elements
  std::int64_t integer(const char* name, std::int64_t otherwise) const {
    const auto found = node_.integers.find(name);
    return found == node_.integers.end() || found->second.empty() ? otherwise : found->second[0];
  }
  CostShape integers(const char* name) const {
    const auto found = node_.integers.find(name);
    return found == node_.integers.end() ? CostShape{} : found->second;
  }
  std::int64_t kernel_elements() const { return saturating_product(integers("kernel_shape")); }
  bool is(std::string_view operation) const { return node_.operation == operation; }
  std::string text(const char* name, const std::string& otherwise) const {
    const auto found = node_.texts.find(name);
    return found == node_.texts.end() ? otherwise : found->second;
  }
  const OnnxNode& node() const { return node_; }

 private:
  static const CostShape& shape_of(const OnnxTensor* tensor) {
    static const CostShape none;
    return tensor == nullptr ? none : tensor->shape;
  }
  const OnnxNode& node_;
  const OnnxNetwork& network_;
};

using CountFunction = void (*)(const CostedLayer&, LayerCost&);

// ---- matrix products: MACs, and the bias as other operations (count_products.cc) ----------------

void count_conv(const CostedLayer& layer, LayerCost& cost);
void count_fused_conv(const CostedLayer& layer, LayerCost& cost);
void count_integer_conv(const CostedLayer& layer, LayerCost& cost);
void count_quantised_conv(const CostedLayer& layer, LayerCost& cost);
void count_transposed_conv(const CostedLayer& layer, LayerCost& cost);
void count_deform_conv(const CostedLayer& layer, LayerCost& cost);
void count_gemm(const CostedLayer& layer, LayerCost& cost);
void count_fused_gemm(const CostedLayer& layer, LayerCost& cost);
void count_quantised_gemm(const CostedLayer& layer, LayerCost& cost);
void count_matmul(const CostedLayer& layer, LayerCost& cost);
void count_quantised_matmul(const CostedLayer& layer, LayerCost& cost);
void count_dequantised_matmul(const CostedLayer& layer, LayerCost& cost);
void count_packed_matmul(const CostedLayer& layer, LayerCost& cost);
void count_einsum(const CostedLayer& layer, LayerCost& cost);
void count_recurrent(const CostedLayer& layer, LayerCost& cost);
void count_affine_grid(const CostedLayer& layer, LayerCost& cost);
void count_attention(const CostedLayer& layer, LayerCost& cost);
void count_multi_head_attention(const CostedLayer& layer, LayerCost& cost);

// ---- the rest: other operations (count_others.cc) -----------------------------------------------

void count_elementwise(const CostedLayer& layer, LayerCost& cost);
void count_nothing(const CostedLayer& layer, LayerCost& cost);
void count_max_pool(const CostedLayer& layer, LayerCost& cost);
void count_average_pool(const CostedLayer& layer, LayerCost& cost);
void count_lp_pool(const CostedLayer& layer, LayerCost& cost);
void count_reduction(const CostedLayer& layer, LayerCost& cost);
void count_two_an_input(const CostedLayer& layer, LayerCost& cost);
void count_batch_norm(const CostedLayer& layer, LayerCost& cost);
void count_layer_norm(const CostedLayer& layer, LayerCost& cost);
void count_mean_variance(const CostedLayer& layer, LayerCost& cost);
void count_three(const CostedLayer& layer, LayerCost& cost);
void count_rms_norm(const CostedLayer& layer, LayerCost& cost);
void count_skip_layer_norm(const CostedLayer& layer, LayerCost& cost);
void count_skip_rms_norm(const CostedLayer& layer, LayerCost& cost);
void count_embed_norm(const CostedLayer& layer, LayerCost& cost);
void count_softmax(const CostedLayer& layer, LayerCost& cost);
void count_bias_softmax(const CostedLayer& layer, LayerCost& cost);
void count_biased_activation(const CostedLayer& layer, LayerCost& cost);
void count_variadic(const CostedLayer& layer, LayerCost& cost);
void count_resize(const CostedLayer& layer, LayerCost& cost);
void count_grid_sample(const CostedLayer& layer, LayerCost& cost);
void count_roi_align(const CostedLayer& layer, LayerCost& cost);
void count_scatter(const CostedLayer& layer, LayerCost& cost);
void count_top_k(const CostedLayer& layer, LayerCost& cost);
void count_determinant(const CostedLayer& layer, LayerCost& cost);
void count_dft(const CostedLayer& layer, LayerCost& cost);
void count_stft(const CostedLayer& layer, LayerCost& cost);
void count_by_data(const CostedLayer& layer, LayerCost& cost);

// Says that a layer cannot be counted, and why.
inline void leave_unknown(LayerCost& cost, const char* why) {
  cost.known = false;
  cost.why_unknown = why;
  cost.macs = cost.other_ops = 0;
  cost.rows = cost.columns = cost.depth = cost.groups = 0;
}

}  // namespace isojoule

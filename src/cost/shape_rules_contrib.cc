// Operators of com.microsoft, which ONNX Runtime's optimiser and quantiser write
// (onnxruntime/docs/ContribOperators.md).
#include <algorithm>
#include <iterator>
#include <string_view>

#include "cost/saturating.h"
#include "cost/shape_rules.h"

namespace isojoule {
namespace {

using Type = onnx::TensorProto;
constexpr const char* kAxes = "its inputs have not the axes that it needs";

// Batch, sequence, and as wide as the values: a third of the weights' columns, unless
// qkv_hidden_sizes says otherwise. QAttention has its scales and zero points behind.
std::string attention_rule(RuleNode& rule) {
  const RuleShape &x = rule.shape(0), &w = rule.shape(1);
  if (x.size() != 3 || w.size() != 2) return kAxes;
  const auto sizes = integers_attribute(rule.node(), "qkv_hidden_sizes");
  const std::int64_t width = sizes && sizes->size() == 3 ? (*sizes)[2] : w[1] / 3;
  if (x[2] != w[0] || width < 0 || width > w[1]) return "its weights do not fit its input";
  const bool quantised = rule.node().op_type() == "QAttention";
  rule.set(0, quantised ? rule.type(3) : rule.type(0), {x[0], x[1], width});
  return kRuleFine;
}

std::string multi_head_attention_rule(RuleNode& rule) {
  const RuleShape &query = rule.shape(0), &value = rule.shape(2);
  if (query.size() == 5) {  // batch, sequence, heads, 3, head
    rule.set(0, rule.type(0), {query[0], query[1], saturating_product({query[2], query[4]})});
    return kRuleFine;
  }
  if (query.size() != 3) return kAxes;
  std::int64_t width = query[2];
  if (value.size() == 3) width = value[2];
  if (value.size() == 4) width = saturating_product({value[1], value[3]});
  rule.set(0, rule.type(0), {query[0], query[1], width});
  return kRuleFine;
}

std::string skip_norm_rule(RuleNode& rule) {  // output 3: the sum before the normalisation
  rule.set(0, rule.type(0), rule.shape(0));
  rule.set(3, rule.type(0), rule.shape(0));
  return kRuleFine;
}

std::string embed_norm_rule(RuleNode& rule) {
  const RuleShape &ids = rule.shape(0), &words = rule.shape(2);
  if (ids.size() != 2 || words.size() != 2) return kAxes;
  rule.set(0, rule.type(2), {ids[0], ids[1], words[1]});
  rule.set(1, Type::INT32, {ids[0]});
  rule.set(2, rule.type(2), {ids[0], ids[1], words[1]});
  return kRuleFine;
}

std::string product_rule(RuleNode& rule, int right, int type, bool transpose_a, bool transpose_b) {
  auto shape = matmul_shape(rule.shape(0), rule.shape(right), transpose_a, transpose_b);
  if (!shape) return "its inputs' shapes do not fit each other";
  rule.set(0, type, std::move(*shape));
  return kRuleFine;
}

std::string fused_matmul_rule(RuleNode& rule) {
  if (rule.attribute("transBatchA", 0) != 0 || rule.attribute("transBatchB", 0) != 0)
    return kRuleFine;
  return product_rule(rule, 1, rule.type(0), rule.attribute("transA", 0) != 0,
                      rule.attribute("transB", 0) != 0);
}
std::string dynamic_matmul_rule(RuleNode& rule) {
  return product_rule(rule, 1, Type::FLOAT, false, false);
}
std::string quantised_gemm_rule(RuleNode& rule) {  // A and B with scale and zero point, C
  return product_rule(rule, 3, rule.has(7) ? rule.type(0) : static_cast<int>(Type::FLOAT),
                      rule.attribute("transA", 0) != 0, rule.attribute("transB", 0) != 0);
}

// Weights packed to 2 to 8 bits in blocks of K; attributes K and N are the matrix's.
std::string packed_matmul_rule(RuleNode& rule) {
  RuleShape shape = rule.shape(0);
  const std::int64_t depth = rule.attribute("K", 0), columns = rule.attribute("N", 0);
  if (shape.empty() || shape.back() != depth || columns < 1)
    return "its attributes K and N do not fit its input";
  shape.back() = columns;
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string quantised_binary_rule(RuleNode& rule) {  // A, scale, zero point, B, ...
  auto shape = broadcast_shapes(rule.shape(0), rule.shape(3));
  if (!shape) return "its inputs' shapes do not fit each other";
  rule.set(0, rule.type(0), std::move(*shape));
  return kRuleFine;
}

std::string quantised_global_pool_rule(RuleNode& rule) {
  RuleShape shape = rule.shape(0);
  if (shape.size() < 3) return kAxes;
  const bool last = rule.attribute("channels_last", 0) != 0;
  for (std::size_t i = last ? 1 : 2; i < shape.size() - (last ? 1 : 0); ++i) shape[i] = 1;
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string quantised_pool_rule(RuleNode& rule) {
  if (rule.attribute("channels_last", 0) != 0) return kRuleFine;
  return pool_rule(rule);
}

std::string quantised_concat_rule(RuleNode& rule) {  // scale, zero point, then threes
  const auto axis = axis_of(rule.attribute("axis", 0), rule.rank(2));
  if (!axis) return "its axis is beyond the input's";
  RuleShape shape = rule.shape(2);
  for (int i = 5; i < rule.inputs(); i += 3) {
    if (rule.rank(i) != rule.rank(2)) return kAxes;
    shape[*axis] = saturating_sum(shape[*axis], rule.shape(i)[*axis]);
  }
  rule.set(0, rule.type(2), std::move(shape));
  return kRuleFine;
}

std::string contrib_quantize_rule(RuleNode& rule) {
  rule.set(0, rule.has(2) ? rule.type(2) : static_cast<int>(Type::UINT8), rule.shape(0));
  return kRuleFine;
}

std::string contrib_dequantize_rule(RuleNode& rule) {
  rule.set(0, rule.type(1), rule.shape(0));
  return kRuleFine;
}

struct ContribRow {
  std::string_view operation;
  ShapeRule rule;
};

// Sorted by name.
constexpr ContribRow kContribRules[] = {
    {"Attention", attention_rule},
    {"BiasGelu", same_as_first},
    {"BiasSoftmax", same_as_first},
    {"DequantizeLinear", contrib_dequantize_rule},
    {"DynamicQuantizeMatMul", dynamic_matmul_rule},
    {"EmbedLayerNormalization", embed_norm_rule},
    {"FastGelu", same_as_first},
    {"FusedConv", convolution_rule},
    {"FusedGemm", fused_matmul_rule},
    {"FusedMatMul", fused_matmul_rule},
    {"Gelu", same_as_first},
    {"GroupNorm", same_as_first},
    {"MatMulIntegerToFloat", dynamic_matmul_rule},
    {"MatMulNBits", packed_matmul_rule},
    {"MultiHeadAttention", multi_head_attention_rule},
    {"QAttention", attention_rule},
    {"QGemm", quantised_gemm_rule},
    {"QLinearAdd", quantised_binary_rule},
    {"QLinearAveragePool", quantised_pool_rule},
    {"QLinearConcat", quantised_concat_rule},
    {"QLinearGlobalAveragePool", quantised_global_pool_rule},
    {"QLinearLeakyRelu", same_as_first},
    {"QLinearMul", quantised_binary_rule},
    {"QLinearSigmoid", same_as_first},
    {"QLinearSoftmax", same_as_first},
    {"QuantizeLinear", contrib_quantize_rule},
    {"QuickGelu", same_as_first},
    {"RotaryEmbedding", same_as_first},
    {"SkipLayerNormalization", skip_norm_rule},
    {"SkipSimplifiedLayerNormalization", skip_norm_rule},
    {"TransposeMatMul", fused_matmul_rule},
};
static_assert(std::is_sorted(std::begin(kContribRules), std::end(kContribRules),
                             [](const ContribRow& a, const ContribRow& b) {
                               return a.operation < b.operation;
                             }));

}  // namespace

ShapeRule find_contrib_shape_rule(const std::string& operation) {
  const auto* row =
      std::lower_bound(std::begin(kContribRules), std::end(kContribRules), operation,
                       [](const ContribRow& a, const std::string& b) { return a.operation < b; });
  return row == std::end(kContribRules) || row->operation != operation ? nullptr : row->rule;
}

}  // namespace isojoule

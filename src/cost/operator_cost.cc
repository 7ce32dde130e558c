#include "cost/operator_cost.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "cost/operator_counts.h"

namespace isojoule {
namespace {

enum class Bytes {
  stream,  // every activation is read and every output written
  view,    // another name for the same memory: engines do nothing
  pick,    // as much is read as written (Gather, Slice), from weights too
  tables,  // of each of the tables 2, 3 and 4 as much as is written
};

// Which constant inputs are trained parameters.
enum class Parameters {
  none,
  weight,          // input 1
  weight_bias,     // inputs 1 and 2
  weights,         // inputs 1, 2 and 3, and an LSTM's 7: the recurrent ones
  weight_bias4,    // inputs 1 and 4
  weight_bias6,    // inputs 1 and 6
  deform,          // inputs 1 and 3; 2 are the offsets
  quantised,       // inputs 3 and 8
  quantised_gemm,  // inputs 3 and 6
  first,           // input 0: an embedding's table
  tables,          // inputs 2 to 6: three tables, scale and shift
  skip,            // inputs 2, 3 and 4: scale, shift, bias
  bias3,           // input 3
  packed,          // input 1, several weights a byte: attributes K x N
  any_but_scalar,  // a learned addend or factor, but no single number (sqrt(d), 0.5)
};

struct Row {
  std::string_view operation;
  CountFunction count;
  Bytes bytes = Bytes::stream;
  Parameters parameters = Parameters::none;
};

// Sorted by name, for the binary search.
constexpr Row kRows[] = {
    {"Abs", count_elementwise},
    {"Acos", count_elementwise},
    {"Acosh", count_elementwise},
    {"Add", count_elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"AffineGrid", count_affine_grid},
    {"And", count_elementwise},
    {"ArgMax", count_reduction},
    {"ArgMin", count_reduction},
    {"Asin", count_elementwise},
    {"Asinh", count_elementwise},
    {"Atan", count_elementwise},
    {"Atanh", count_elementwise},
    {"AveragePool", count_average_pool},
    {"BatchNormalization", count_batch_norm, Bytes::stream, Parameters::weight_bias},
    {"BitShift", count_elementwise},
    {"BitwiseAnd", count_elementwise},
    {"BitwiseNot", count_elementwise},
    {"BitwiseOr", count_elementwise},
    {"BitwiseXor", count_elementwise},
    {"BlackmanWindow", count_elementwise},
    {"Cast", count_nothing},
    {"CastLike", count_nothing},
    {"Ceil", count_elementwise},
    {"Celu", count_elementwise},
    {"CenterCropPad", count_nothing},
    {"Clip", count_elementwise},
    {"Col2Im", count_reduction},
    {"Compress", count_nothing, Bytes::pick},
    {"Concat", count_nothing},
    {"ConstantOfShape", count_nothing},
    {"Conv", count_conv, Bytes::stream, Parameters::weight_bias},
    {"ConvInteger", count_integer_conv, Bytes::stream, Parameters::weight},
    {"ConvTranspose", count_transposed_conv, Bytes::stream, Parameters::weight_bias},
    {"Cos", count_elementwise},
    {"Cosh", count_elementwise},
    {"CumSum", count_reduction},
    {"DFT", count_dft},
    {"DeformConv", count_deform_conv, Bytes::stream, Parameters::deform},
    {"DepthToSpace", count_nothing},
    {"DequantizeLinear", count_elementwise},
    {"Det", count_determinant},
    {"Div", count_elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"Dropout", count_nothing, Bytes::view},
    {"DynamicQuantizeLinear", count_three},
    {"Einsum", count_einsum, Bytes::stream, Parameters::any_but_scalar},
    {"Elu", count_elementwise},
    {"Equal", count_elementwise},
    {"Erf", count_elementwise},
    {"Exp", count_elementwise},
    {"Expand", count_nothing},
    {"EyeLike", count_nothing},
    {"Flatten", count_nothing, Bytes::view},
    {"Floor", count_elementwise},
    {"GRU", count_recurrent, Bytes::stream, Parameters::weights},
    {"Gather", count_nothing, Bytes::pick, Parameters::first},
    {"GatherElements", count_nothing, Bytes::pick},
    {"GatherND", count_nothing, Bytes::pick},
    {"Gelu", count_elementwise},
    {"Gemm", count_gemm, Bytes::stream, Parameters::weight_bias},
    {"GlobalAveragePool", count_reduction},
    {"GlobalLpPool", count_two_an_input},
    {"GlobalMaxPool", count_reduction},
    {"Greater", count_elementwise},
    {"GreaterOrEqual", count_elementwise},
    {"GridSample", count_grid_sample},
    {"GroupNormalization", count_layer_norm, Bytes::stream, Parameters::weight_bias},
    {"HammingWindow", count_elementwise},
    {"HannWindow", count_elementwise},
    {"HardSigmoid", count_elementwise},
    {"HardSwish", count_elementwise},
    {"Hardmax", count_reduction},
    {"Identity", count_nothing, Bytes::view},
    {"InstanceNormalization", count_layer_norm, Bytes::stream, Parameters::weight_bias},
    {"IsInf", count_elementwise},
    {"IsNaN", count_elementwise},
    {"LRN", count_reduction},
    {"LSTM", count_recurrent, Bytes::stream, Parameters::weights},
    {"LayerNormalization", count_layer_norm, Bytes::stream, Parameters::weight_bias},
    {"LeakyRelu", count_elementwise},
    {"Less", count_elementwise},
    {"LessOrEqual", count_elementwise},
    {"Log", count_elementwise},
    {"LogSoftmax", count_softmax},
    {"LpNormalization", count_three},
    {"LpPool", count_lp_pool},
    {"MatMul", count_matmul, Bytes::stream, Parameters::any_but_scalar},
    {"MatMulInteger", count_matmul, Bytes::stream, Parameters::weight},
    {"Max", count_variadic},
    {"MaxPool", count_max_pool},
    {"MaxRoiPool", count_by_data},
    {"MaxUnpool", count_nothing},
    {"Mean", count_variadic},
    {"MeanVarianceNormalization", count_mean_variance},
    {"MelWeightMatrix", count_elementwise},
    {"Min", count_variadic},
    {"Mish", count_elementwise},
    {"Mod", count_elementwise},
    {"Mul", count_elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"Neg", count_elementwise},
    {"NonMaxSuppression", count_by_data},
    {"NonZero", count_reduction},
    {"Not", count_elementwise},
    {"OneHot", count_nothing},
    {"Or", count_elementwise},
    {"PRelu", count_elementwise, Bytes::stream, Parameters::weight},
    {"Pad", count_nothing},
    {"Pow", count_elementwise},
    {"QLinearConv", count_quantised_conv, Bytes::stream, Parameters::quantised},
    {"QLinearMatMul", count_quantised_matmul, Bytes::stream, Parameters::quantised},
    {"QuantizeLinear", count_elementwise},
    {"RNN", count_recurrent, Bytes::stream, Parameters::weights},
    {"Range", count_nothing},
    {"Reciprocal", count_elementwise},
    {"ReduceL1", count_reduction},
    {"ReduceL2", count_reduction},
    {"ReduceLogSum", count_reduction},
    {"ReduceLogSumExp", count_two_an_input},
    {"ReduceMax", count_reduction},
    {"ReduceMean", count_reduction},
    {"ReduceMin", count_reduction},
    {"ReduceProd", count_reduction},
    {"ReduceSum", count_reduction},
    {"ReduceSumSquare", count_reduction},
    {"Relu", count_elementwise},
    {"Reshape", count_nothing, Bytes::view},
    {"Resize", count_resize},
    {"ReverseSequence", count_nothing},
    {"RoiAlign", count_roi_align},
    {"Round", count_elementwise},
    {"STFT", count_stft},
    {"Scatter", count_scatter},
    {"ScatterElements", count_scatter},
    {"ScatterND", count_scatter},
    {"Selu", count_elementwise},
    {"Shrink", count_elementwise},
    {"Sigmoid", count_elementwise},
    {"Sign", count_elementwise},
    {"SimplifiedLayerNormalization", count_rms_norm, Bytes::stream, Parameters::weight},
    {"Sin", count_elementwise},
    {"Sinh", count_elementwise},
    {"Slice", count_nothing, Bytes::pick},
    {"Softmax", count_softmax},
    {"Softplus", count_elementwise},
    {"Softsign", count_elementwise},
    {"SpaceToDepth", count_nothing},
    {"Split", count_nothing},
    {"Sqrt", count_elementwise},
    {"Squeeze", count_nothing, Bytes::view},
    {"Sub", count_elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"Sum", count_variadic},
    {"Tan", count_elementwise},
    {"Tanh", count_elementwise},
    {"ThresholdedRelu", count_elementwise},
    {"Tile", count_nothing},
    {"TopK", count_top_k},
    {"Transpose", count_nothing},
    {"Trilu", count_nothing},
    {"Unique", count_by_data},
    {"Unsqueeze", count_nothing, Bytes::view},
    {"Upsample", count_resize},
    {"Where", count_elementwise},
    {"Xor", count_elementwise},
    {"com.microsoft.Attention", count_attention, Bytes::stream, Parameters::weight_bias},
    {"com.microsoft.BiasGelu", count_biased_activation, Bytes::stream, Parameters::weight},
    {"com.microsoft.BiasSoftmax", count_bias_softmax},
    {"com.microsoft.DequantizeLinear", count_elementwise},
    {"com.microsoft.DynamicQuantizeMatMul", count_dequantised_matmul, Bytes::stream,
     Parameters::weight_bias4},
    {"com.microsoft.EmbedLayerNormalization", count_embed_norm, Bytes::tables, Parameters::tables},
    {"com.microsoft.FastGelu", count_biased_activation, Bytes::stream, Parameters::weight},
    {"com.microsoft.FusedConv", count_fused_conv, Bytes::stream, Parameters::weight_bias},
    {"com.microsoft.FusedGemm", count_fused_gemm, Bytes::stream, Parameters::weight_bias},
    {"com.microsoft.FusedMatMul", count_matmul, Bytes::stream, Parameters::any_but_scalar},
    {"com.microsoft.Gelu", count_elementwise},
    {"com.microsoft.GroupNorm", count_layer_norm, Bytes::stream, Parameters::weight_bias},
    {"com.microsoft.MatMulIntegerToFloat", count_dequantised_matmul, Bytes::stream,
     Parameters::weight_bias6},
    {"com.microsoft.MatMulNBits", count_packed_matmul, Bytes::stream, Parameters::packed},
    {"com.microsoft.MultiHeadAttention", count_multi_head_attention, Bytes::stream,
     Parameters::bias3},
    {"com.microsoft.QAttention", count_attention, Bytes::stream, Parameters::weight_bias},
    {"com.microsoft.QGemm", count_quantised_gemm, Bytes::stream, Parameters::quantised_gemm},
    {"com.microsoft.QLinearAdd", count_elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"com.microsoft.QLinearAveragePool", count_average_pool},
    {"com.microsoft.QLinearConcat", count_nothing},
    {"com.microsoft.QLinearGlobalAveragePool", count_reduction},
    {"com.microsoft.QLinearLeakyRelu", count_elementwise},
    {"com.microsoft.QLinearMul", count_elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"com.microsoft.QLinearSigmoid", count_elementwise},
    {"com.microsoft.QLinearSoftmax", count_softmax},
    {"com.microsoft.QuantizeLinear", count_elementwise},
    {"com.microsoft.QuickGelu", count_elementwise},
    {"com.microsoft.RotaryEmbedding", count_three},
    {"com.microsoft.SkipLayerNormalization", count_skip_layer_norm, Bytes::stream,
     Parameters::skip},
    {"com.microsoft.SkipSimplifiedLayerNormalization", count_skip_rms_norm, Bytes::stream,
     Parameters::skip},
    {"com.microsoft.TransposeMatMul", count_matmul, Bytes::stream, Parameters::any_but_scalar},
};
static_assert(std::is_sorted(std::begin(kRows), std::end(kRows),
                             [](const Row& a, const Row& b) { return a.operation < b.operation; }));

const Row* find_row(std::string_view operation) {
  const auto* row =
      std::lower_bound(std::begin(kRows), std::end(kRows), operation,
                       [](const Row& a, std::string_view b) { return a.operation < b; });
  return row != std::end(kRows) && row->operation == operation ? row : nullptr;
}

// Elements of 4 bits are packed, two a byte.
std::int64_t bytes_of(const OnnxTensor& tensor) {
  const std::int64_t elements = saturating_product(tensor.shape);
  if (tensor.element_bits % 8 == 0) return saturating_product({elements, tensor.element_bits / 8});
  const std::int64_t bits = saturating_product({elements, tensor.element_bits});
  return bits == kSaturated ? bits : (bits + 7) / 8;
}

void add_bytes(const CostedLayer& layer, std::size_t input, LayerCost& cost) {
  const OnnxTensor* tensor = layer.input_tensor(input);
  if (tensor == nullptr) return;
  std::int64_t& bytes = tensor->constant ? cost.bytes_weights : cost.bytes_read;
  bytes = saturating_sum(bytes, bytes_of(*tensor));
}

void count_stream(const CostedLayer& layer, LayerCost& cost) {
  const auto& inputs = layer.node().inputs;
  std::unordered_set<std::string_view> seen;  // x + x reads x once
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (seen.insert(inputs[i]).second) add_bytes(layer, i, cost);
}

void count_tables(const CostedLayer& layer, LayerCost& cost) {
  for (std::size_t i = 0; i < layer.node().inputs.size(); ++i) {
    const OnnxTensor* table = layer.input_tensor(i);
    if (i < 2 || i > 4)
      add_bytes(layer, i, cost);
    else if (table != nullptr)
      cost.bytes_weights = saturating_sum(
          cost.bytes_weights, bytes_of({layer.output(), table->element_bits, true, true, 0}));
  }
}

void count_bytes(const CostedLayer& layer, Bytes rule, LayerCost& cost) {
  if (rule == Bytes::view) return;
  for (const auto& name : layer.node().outputs)
    if (const OnnxTensor* tensor = layer.tensor(name))
      cost.bytes_written = saturating_sum(cost.bytes_written, bytes_of(*tensor));
  if (rule == Bytes::stream) return count_stream(layer, cost);
  if (rule == Bytes::tables) return count_tables(layer, cost);
  const OnnxTensor* source = layer.input_tensor(0);
  const bool weights = source != nullptr && source->constant;
  (weights ? cost.bytes_weights : cost.bytes_read) = cost.bytes_written;
  // Indices are activations where they are computed or come from outside.
  for (std::size_t i = 1; i < layer.node().inputs.size(); ++i)
    if (const OnnxTensor* tensor = layer.input_tensor(i); tensor != nullptr && !tensor->constant)
      cost.bytes_read = saturating_sum(cost.bytes_read, bytes_of(*tensor));
}

// Of a layer that is not known: tensors whose bytes are missing, too.
std::string and_missing_bytes(const CostedLayer& layer, std::string why) {
  const auto lacks = [&](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return !name.empty() && layer.tensor(name) == nullptr;
    });
  };
  const bool in = lacks(layer.node().inputs), out = lacks(layer.node().outputs);
  if (in || out)
    why += std::string("; the shape of something that it ") +
           (in && out ? "reads and writes"
            : in      ? "reads"
                      : "writes") +
           " is not known";
  return why;
}

bool is_trained_input(Parameters rule, std::size_t index, const OnnxTensor& tensor) {
  switch (rule) {
    case Parameters::none: return false;
    case Parameters::packed:
    case Parameters::weight: return index == 1;
    case Parameters::weight_bias: return index == 1 || index == 2;
    case Parameters::weights: return (index >= 1 && index <= 3) || index == 7;
    case Parameters::weight_bias4: return index == 1 || index == 4;
    case Parameters::weight_bias6: return index == 1 || index == 6;
    case Parameters::deform: return index == 1 || index == 3;
    case Parameters::quantised: return index == 3 || index == 8;
    case Parameters::quantised_gemm: return index == 3 || index == 6;
    case Parameters::first: return index == 0;
    case Parameters::tables: return index >= 2 && index <= 6;
    case Parameters::skip: return index >= 2 && index <= 4;
    case Parameters::bias3: return index == 3;
    case Parameters::any_but_scalar: return saturating_product(tensor.shape) > 1;
  }
  return false;
}

}  // namespace

LayerCost operator_cost(const OnnxNode& node, const OnnxNetwork& network) {
  const CostedLayer layer(node, network);
  LayerCost cost;
  cost.name = node.name;
  cost.operation = node.operation;
  cost.output_shape = layer.output();
  cost.output_shape_known = !node.outputs.empty() && layer.tensor(node.outputs[0]) != nullptr;
  const Row* row = find_row(node.operation);
  if (!node.why_unknown.empty())
    leave_unknown(cost, node.why_unknown.c_str());
  else if (row == nullptr)
    leave_unknown(cost, "it is none of the operators that are counted");
  else
    row->count(layer, cost);
  count_bytes(layer, row != nullptr ? row->bytes : Bytes::stream, cost);
  if (!cost.known) cost.why_unknown = and_missing_bytes(layer, std::move(cost.why_unknown));
  return cost;
}

std::int64_t parameters_of(const OnnxNode& node, const OnnxNetwork& network, std::size_t index) {
  const CostedLayer layer(node, network);
  const OnnxTensor* tensor = layer.input_tensor(index);
  const Row* row = find_row(node.operation);
  if (tensor == nullptr || !tensor->constant || !tensor->numeric) return 0;
  if (row == nullptr)  // what an unknown operator has learned: more than one number
    return tensor->shape.empty() || saturating_product(tensor->shape) < 2
               ? 0
               : saturating_product(tensor->shape);
  if (!is_trained_input(row->parameters, index, *tensor)) return 0;
  if (row->parameters == Parameters::packed)
    return saturating_product({layer.integer("K", 0), layer.integer("N", 0)});
  return saturating_product(tensor->shape);
}

bool is_counted(std::string_view operation) { return find_row(operation) != nullptr; }

bool depends_on_data(std::string_view operation) {
  return operation == "NonZero" || operation == "Unique" || operation == "Compress" ||
         operation == "NonMaxSuppression";
}

const std::vector<std::string_view>& uncounted_operations() {
  // Constant, Shape and Size are computed before the first inference; If, Loop and Scan are what is
  // inside them.
  static const std::vector<std::string_view> names = {
      "Bernoulli",
      "ConcatFromSequence",
      "Constant",
      "If",
      "ImageDecoder",
      "Loop",
      "Multinomial",
      "NegativeLogLikelihoodLoss",
      "Optional",
      "OptionalGetElement",
      "OptionalHasElement",
      "RandomNormal",
      "RandomNormalLike",
      "RandomUniform",
      "RandomUniformLike",
      "RegexFullMatch",
      "Scan",
      "SequenceAt",
      "SequenceConstruct",
      "SequenceEmpty",
      "SequenceErase",
      "SequenceInsert",
      "SequenceLength",
      "SequenceMap",
      "Shape",
      "Size",
      "SoftmaxCrossEntropyLoss",
      "SplitToSequence",
      "StringConcat",
      "StringNormalizer",
      "StringSplit",
      "TfIdfVectorizer",
  };
  return names;
}

}  // namespace isojoule

#include "cost/operator_cost.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "cost/saturating.h"

namespace isojoule {
namespace {

using Shape = std::vector<std::int64_t>;

// A node with its tensors at hand. Optional inputs that are left out read as an empty shape.
class Layer {
 public:
  Layer(const OnnxNode& node, const OnnxNetwork& network) : node_(node), network_(network) {}

  const OnnxTensor* tensor(const std::string& name) const {
    const auto found = network_.tensors.find(name);
    return name.empty() || found == network_.tensors.end() ? nullptr : &found->second;
  }
  const OnnxTensor* input_tensor(std::size_t i) const {
    return i < node_.inputs.size() ? tensor(node_.inputs[i]) : nullptr;
  }
  const Shape& input(std::size_t i) const { return shape_of(input_tensor(i)); }
  const Shape& output(std::size_t i = 0) const {
    return shape_of(i < node_.outputs.size() ? tensor(node_.outputs[i]) : nullptr);
  }
  std::int64_t outputs() const { return saturating_product(output()); }  // elements
  std::int64_t integer(const char* name, std::int64_t otherwise) const {
    const auto found = node_.integers.find(name);
    return found == node_.integers.end() || found->second.empty() ? otherwise : found->second[0];
  }
  std::int64_t kernel_elements() const {
    const auto found = node_.integers.find("kernel_shape");
    return found == node_.integers.end() ? 1 : saturating_product(found->second);
  }
  bool is(std::string_view operation) const { return node_.operation == operation; }
  std::string text(const char* name, const std::string& otherwise) const {
    const auto found = node_.texts.find(name);
    return found == node_.texts.end() ? otherwise : found->second;
  }
  const OnnxNode& node() const { return node_; }

 private:
  static const Shape& shape_of(const OnnxTensor* tensor) {
    static const Shape none;
    return tensor == nullptr ? none : tensor->shape;
  }
  const OnnxNode& node_;
  const OnnxNetwork& network_;
};

// ---- matrix products: MACs, and the bias as other operations ------------------------------------

void set_product(LayerCost& cost, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                 std::int64_t groups) {
  cost.rows = rows;
  cost.columns = columns;
  cost.depth = depth;
  cost.groups = groups;
  cost.macs = saturating_product({rows, columns, depth, groups});
}

// `shape` without its axis 1: batch and positions.
std::int64_t positions(const Shape& shape) {
  std::int64_t result = 1;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (i != 1) result = saturating_product({result, shape[i]});
  return result;
}

// Weights are [output channels, input channels a group, kernel...]; padding counts as input, as in
// the published figures.
void count_convolution(const Layer& layer, LayerCost& cost, std::size_t weight, std::size_t bias) {
  const Shape& w = layer.input(weight);
  const std::int64_t groups = std::max<std::int64_t>(layer.integer("group", 1), 1);
  if (w.size() < 2) return;
  set_product(cost, positions(layer.output()), w[0] / groups,
              saturating_product(Shape(w.begin() + 1, w.end())), groups);
  cost.dilation = std::max<std::int64_t>(layer.integer("dilations", 1), 1);
  cost.kernel = saturating_product(Shape(w.begin() + 2, w.end()));
  if (!layer.input(bias).empty()) cost.other_ops = layer.outputs();
}

void convolution(const Layer& layer, LayerCost& cost) { count_convolution(layer, cost, 1, 2); }
void integer_convolution(const Layer& layer, LayerCost& cost) {
  count_convolution(layer, cost, 1, 99);  // its inputs 2 and 3 are zero points
}
void quantised_convolution(const Layer& layer, LayerCost& cost) {
  count_convolution(layer, cost, 3, 8);
}

// Weights are [input channels, output channels a group, kernel...]; every input element is
// multiplied with each of them.
void transposed_convolution(const Layer& layer, LayerCost& cost) {
  const Shape& w = layer.input(1);
  const std::int64_t groups = std::max<std::int64_t>(layer.integer("group", 1), 1);
  if (w.size() < 2) return;
  set_product(cost, positions(layer.input(0)), saturating_product(Shape(w.begin() + 1, w.end())),
              w[0] / groups, groups);
  cost.kernel = saturating_product(Shape(w.begin() + 2, w.end()));
  if (!layer.input(2).empty()) cost.other_ops = layer.outputs();
}

void gemm(const Layer& layer, LayerCost& cost) {
  const Shape &a = layer.input(0), &y = layer.output();
  if (a.size() != 2 || y.size() != 2) return;
  set_product(cost, y[0], y[1], layer.integer("transA", 0) != 0 ? a[0] : a[1], 1);
  if (layer.input_tensor(2) != nullptr) cost.other_ops = layer.outputs();
}

// NumPy's matmul: leading axes are a stack of products, unless the right side is one matrix.
void count_matmul(const Layer& layer, LayerCost& cost, std::size_t right) {
  const Shape &a = layer.input(0), &b = layer.input(right);
  if (a.empty() || b.empty()) return;
  const std::int64_t depth = a.back();
  const std::int64_t columns = b.size() == 1 ? 1 : b.back();
  const std::int64_t row_columns = layer.outputs();  // of the whole stack
  if (columns == 0) return;
  const std::int64_t all_rows = row_columns / columns;
  if (b.size() <= 2 || a.size() == 1) {
    set_product(cost, all_rows, columns, depth, 1);
  } else {
    const std::int64_t rows = a[a.size() - 2];
    set_product(cost, rows, columns, depth, rows == 0 ? 0 : all_rows / rows);
  }
}

void matmul(const Layer& layer, LayerCost& cost) { count_matmul(layer, cost, 1); }
void quantised_matmul(const Layer& layer, LayerCost& cost) { count_matmul(layer, cost, 3); }

// LSTM, GRU, RNN: each step multiplies the input with W [directions, gates x hidden, input] and the
// state with R [directions, gates x hidden, hidden].
void recurrent(const Layer& layer, LayerCost& cost) {
  const Shape &x = layer.input(0), &w = layer.input(1), &r = layer.input(2);
  if (x.size() != 3 || w.size() != 3 || r.size() != 3) return;
  const bool batch_first = layer.integer("layout", 0) != 0;
  set_product(cost, x[batch_first ? 0 : 1], w[1], saturating_sum(w[2], r[2]),
              saturating_product({x[batch_first ? 1 : 0], w[0]}));
  cost.other_ops = saturating_product({cost.rows, cost.columns, cost.groups});
}

// ---- the rest: other operations -----------------------------------------------------------------

// One operation an element of the output, whether a comparison, an addition or an exponential.
void elementwise(const Layer& layer, LayerCost& cost) { cost.other_ops = layer.outputs(); }
void only_bytes(const Layer&, LayerCost&) {}

void max_pool(const Layer& layer, LayerCost& cost) {  // kernel - 1 comparisons
  cost.other_ops = saturating_product({layer.outputs(), layer.kernel_elements() - 1});
}
void average_pool(const Layer& layer, LayerCost& cost) {  // kernel - 1 additions, one division
  cost.other_ops = saturating_product({layer.outputs(), layer.kernel_elements()});
}
// Each element of the input once.
void reduction(const Layer& layer, LayerCost& cost) {
  cost.other_ops = saturating_product(layer.input(0));
}
// In inference: one multiplication and one addition, scale and shift being known.
void batch_norm(const Layer& layer, LayerCost& cost) {
  cost.other_ops = saturating_product({layer.outputs(), 2});
}
// Mean (1), difference (1), variance (2), division (1), scale and shift (2).
void layer_norm(const Layer& layer, LayerCost& cost) {
  cost.other_ops = saturating_product({layer.outputs(), 7});
}
// Largest (1), difference (1), exponential (1), sum (1), division (1).
void softmax(const Layer& layer, LayerCost& cost) {
  cost.other_ops = saturating_product({layer.outputs(), 5});
}
// As many terms as there are inputs.
void variadic(const Layer& layer, LayerCost& cost) {
  const auto terms = static_cast<std::int64_t>(layer.node().inputs.size()) - 1;
  cost.other_ops = saturating_product({layer.outputs(), std::max<std::int64_t>(terms, 0)});
}
// Nearest: a copy. Linear: 2 taps a scaled axis, cubic: 4; a multiplication a tap and the sums.
void resize(const Layer& layer, LayerCost& cost) {
  const std::string mode = layer.text("mode", "nearest");
  if (mode == "nearest") return;
  std::int64_t taps = 1;
  for (std::size_t i = 0; i < std::min(layer.input(0).size(), layer.output().size()); ++i)
    if (layer.input(0)[i] != layer.output()[i]) taps *= mode == "cubic" ? 4 : 2;
  cost.other_ops = saturating_product({layer.outputs(), 2 * taps - 1});
}

// ---- the table ----------------------------------------------------------------------------------

enum class Bytes {
  stream,  // every activation is read and every output written
  view,    // another name for the same memory: engines do nothing
  pick,    // as much is read as written (Gather, Slice), from weights too
};

// Which constant inputs are trained parameters.
enum class Parameters {
  none,
  weight,          // input 1
  weight_bias,     // inputs 1 and 2
  weights,         // inputs 1, 2 and 3: the recurrent ones
  quantised,       // inputs 3 and 8
  first,           // input 0: an embedding's table
  any_but_scalar,  // a learned addend or factor, but no single number (sqrt(d), 0.5)
};

struct Row {
  std::string_view operation;
  void (*count)(const Layer&, LayerCost&);
  Bytes bytes = Bytes::stream;
  Parameters parameters = Parameters::none;
};

// Sorted by name, for the binary search.
constexpr Row kRows[] = {
    {"Abs", elementwise},
    {"Add", elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"And", elementwise},
    {"ArgMax", reduction},
    {"ArgMin", reduction},
    {"AveragePool", average_pool},
    {"BatchNormalization", batch_norm, Bytes::stream, Parameters::weight_bias},
    {"Cast", only_bytes},
    {"Ceil", elementwise},
    {"Celu", elementwise},
    {"Clip", elementwise},
    {"Concat", only_bytes},
    {"Conv", convolution, Bytes::stream, Parameters::weight_bias},
    {"ConvInteger", integer_convolution, Bytes::stream, Parameters::weight},
    {"ConvTranspose", transposed_convolution, Bytes::stream, Parameters::weight_bias},
    {"Cos", elementwise},
    {"DepthToSpace", only_bytes},
    {"DequantizeLinear", elementwise},
    {"Div", elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"Dropout", only_bytes, Bytes::view},
    {"Elu", elementwise},
    {"Equal", elementwise},
    {"Erf", elementwise},
    {"Exp", elementwise},
    {"Expand", only_bytes},
    {"Flatten", only_bytes, Bytes::view},
    {"Floor", elementwise},
    {"GRU", recurrent, Bytes::stream, Parameters::weights},
    {"Gather", only_bytes, Bytes::pick, Parameters::first},
    {"Gelu", elementwise},
    {"Gemm", gemm, Bytes::stream, Parameters::weight_bias},
    {"GlobalAveragePool", reduction},
    {"GlobalMaxPool", reduction},
    {"Greater", elementwise},
    {"GroupNormalization", layer_norm, Bytes::stream, Parameters::weight_bias},
    {"HardSigmoid", elementwise},
    {"HardSwish", elementwise},
    {"Identity", only_bytes, Bytes::view},
    {"InstanceNormalization", layer_norm, Bytes::stream, Parameters::weight_bias},
    {"LRN", reduction},
    {"LSTM", recurrent, Bytes::stream, Parameters::weights},
    {"LayerNormalization", layer_norm, Bytes::stream, Parameters::weight_bias},
    {"LeakyRelu", elementwise},
    {"Less", elementwise},
    {"Log", elementwise},
    {"LogSoftmax", softmax},
    {"MatMul", matmul, Bytes::stream, Parameters::any_but_scalar},
    {"MatMulInteger", matmul, Bytes::stream, Parameters::weight},
    {"Max", variadic},
    {"MaxPool", max_pool},
    {"Mean", variadic},
    {"Min", variadic},
    {"Mish", elementwise},
    {"Mul", elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"Neg", elementwise},
    {"Not", elementwise},
    {"Or", elementwise},
    {"PRelu", elementwise, Bytes::stream, Parameters::weight},
    {"Pad", only_bytes},
    {"Pow", elementwise},
    {"QLinearConv", quantised_convolution, Bytes::stream, Parameters::quantised},
    {"QLinearMatMul", quantised_matmul, Bytes::stream, Parameters::quantised},
    {"QuantizeLinear", elementwise},
    {"RNN", recurrent, Bytes::stream, Parameters::weights},
    {"Reciprocal", elementwise},
    {"ReduceL1", reduction},
    {"ReduceL2", reduction},
    {"ReduceMax", reduction},
    {"ReduceMean", reduction},
    {"ReduceMin", reduction},
    {"ReduceProd", reduction},
    {"ReduceSum", reduction},
    {"ReduceSumSquare", reduction},
    {"Relu", elementwise},
    {"Reshape", only_bytes, Bytes::view},
    {"Resize", resize},
    {"Round", elementwise},
    {"Selu", elementwise},
    {"Sigmoid", elementwise},
    {"Sign", elementwise},
    {"Sin", elementwise},
    {"Slice", only_bytes, Bytes::pick},
    {"Softmax", softmax},
    {"Softplus", elementwise},
    {"Softsign", elementwise},
    {"SpaceToDepth", only_bytes},
    {"Split", only_bytes},
    {"Sqrt", elementwise},
    {"Squeeze", only_bytes, Bytes::view},
    {"Sub", elementwise, Bytes::stream, Parameters::any_but_scalar},
    {"Sum", variadic},
    {"Tanh", elementwise},
    {"ThresholdedRelu", elementwise},
    {"Tile", only_bytes},
    {"Transpose", only_bytes},
    {"Unsqueeze", only_bytes, Bytes::view},
    {"Upsample", resize},
    {"Where", elementwise},
    {"Xor", elementwise},
};
static_assert(std::is_sorted(std::begin(kRows), std::end(kRows),
                             [](const Row& a, const Row& b) { return a.operation < b.operation; }));

const Row* find_row(std::string_view operation) {
  const auto* row =
      std::lower_bound(std::begin(kRows), std::end(kRows), operation,
                       [](const Row& a, std::string_view b) { return a.operation < b; });
  return row != std::end(kRows) && row->operation == operation ? row : nullptr;
}

std::int64_t bytes_of(const OnnxTensor& tensor) {
  return saturating_product({saturating_product(tensor.shape), tensor.element_bytes});
}

void count_stream(const Layer& layer, LayerCost& cost) {
  const auto& inputs = layer.node().inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const OnnxTensor* tensor = layer.input_tensor(i);
    if (tensor == nullptr || std::find(inputs.begin(), inputs.begin() + static_cast<long>(i),
                                       inputs[i]) != inputs.begin() + static_cast<long>(i))
      continue;  // x + x reads x once
    std::int64_t& bytes = tensor->constant ? cost.bytes_weights : cost.bytes_read;
    bytes = saturating_sum(bytes, bytes_of(*tensor));
  }
}

void count_bytes(const Layer& layer, Bytes rule, LayerCost& cost) {
  if (rule == Bytes::view) return;
  for (const auto& name : layer.node().outputs)
    if (const OnnxTensor* tensor = layer.tensor(name))
      cost.bytes_written = saturating_sum(cost.bytes_written, bytes_of(*tensor));
  if (rule == Bytes::stream) return count_stream(layer, cost);
  const OnnxTensor* source = layer.input_tensor(0);
  const bool weights = source != nullptr && source->constant;
  (weights ? cost.bytes_weights : cost.bytes_read) = cost.bytes_written;
  // Indices are activations where they are computed or come from outside.
  for (std::size_t i = 1; i < layer.node().inputs.size(); ++i)
    if (const OnnxTensor* tensor = layer.input_tensor(i); tensor != nullptr && !tensor->constant)
      cost.bytes_read = saturating_sum(cost.bytes_read, bytes_of(*tensor));
}

}  // namespace

LayerCost operator_cost(const OnnxNode& node, const OnnxNetwork& network) {
  const Layer layer(node, network);
  LayerCost cost;
  cost.name = node.name;
  cost.operation = node.operation;
  cost.output_shape = layer.output();
  const Row* row = find_row(node.operation);
  cost.known = row != nullptr;
  if (row != nullptr) row->count(layer, cost);
  count_bytes(layer, row != nullptr ? row->bytes : Bytes::stream, cost);
  return cost;
}

bool is_parameter(const OnnxNode& node, const OnnxNetwork& network, std::size_t index) {
  const Layer layer(node, network);
  const OnnxTensor* tensor = layer.input_tensor(index);
  const Row* row = find_row(node.operation);
  if (tensor == nullptr || row == nullptr || !tensor->constant || !tensor->numeric) return false;
  switch (row->parameters) {
    case Parameters::none: return false;
    case Parameters::weight: return index == 1;
    case Parameters::weight_bias: return index == 1 || index == 2;
    case Parameters::weights: return index >= 1 && index <= 3;
    case Parameters::quantised: return index == 3 || index == 8;
    case Parameters::first: return index == 0;
    case Parameters::any_but_scalar: return saturating_product(tensor->shape) > 1;
  }
  return false;
}

}  // namespace isojoule

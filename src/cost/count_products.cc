#include "cost/operator_counts.h"
#include "cost/shape_rules.h"

namespace isojoule {
namespace {

constexpr const char* kShapesDoNotFit = "its inputs have not the axes that it needs";
constexpr const char* kGroupsDoNotFit =
    "its weights do not fit its input's channels and its groups";

void set_product(LayerCost& cost, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                 std::int64_t groups) {
  cost.rows = rows;
  cost.columns = columns;
  cost.depth = depth;
  cost.groups = groups;
  cost.macs = saturating_product({rows, columns, depth, groups});
}

// `shape` without its axis 1: batch and positions.
std::int64_t positions(const CostShape& shape) {
  std::int64_t result = 1;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (i != 1) result = saturating_product({result, shape[i]});
  return result;
}

// Weights are [output channels, input channels a group, kernel...]; padding counts as input, as in
// the published figures.
void convolution(const CostedLayer& layer, LayerCost& cost, std::size_t weight, std::size_t bias) {
  const CostShape& w = layer.input(weight);
  const std::int64_t groups = std::max<std::int64_t>(layer.integer("group", 1), 1);
  const CostShape& x = layer.input(0);
  if (w.size() < 2 || x.size() < 2) return leave_unknown(cost, kShapesDoNotFit);
  if (w[0] % groups != 0 || x[1] != saturating_product({w[1], groups}))
    return leave_unknown(cost, kGroupsDoNotFit);
  set_product(cost, positions(layer.output()), w[0] / groups,
              saturating_product(CostShape(w.begin() + 1, w.end())), groups);
  cost.dilation = std::max<std::int64_t>(layer.integer("dilations", 1), 1);
  cost.kernel = saturating_product(CostShape(w.begin() + 2, w.end()));
  if (!layer.input(bias).empty()) cost.other_ops = layer.outputs();
}

void gemm_of(const CostedLayer& layer, LayerCost& cost, std::size_t bias) {
  const CostShape &a = layer.input(0), &y = layer.output();
  if (a.size() != 2 || y.size() != 2) return leave_unknown(cost, kShapesDoNotFit);
  set_product(cost, y[0], y[1], layer.integer("transA", 0) != 0 ? a[0] : a[1], 1);
  if (layer.has_input(bias)) cost.other_ops = layer.outputs();
}

// NumPy's matmul: leading axes are a stack of products, unless the right side is one matrix.
void matmul_of(const CostedLayer& layer, LayerCost& cost, std::size_t right) {
  CostShape a = layer.input(0), b = layer.input(right);
  if (a.empty() || b.empty()) return leave_unknown(cost, kShapesDoNotFit);
  // FusedMatMul; a vector has nothing to transpose.
  if (a.size() > 1 && layer.integer("transA", 0) != 0) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (b.size() > 1 && layer.integer("transB", 0) != 0) std::swap(b[b.size() - 1], b[b.size() - 2]);
  const std::int64_t depth = a.back();
  const std::int64_t columns = b.size() == 1 ? 1 : b.back();
  const std::int64_t row_columns = layer.outputs();  // of the whole stack
  if (columns == 0) return;                          // an empty output
  const std::int64_t all_rows = row_columns / columns;
  if (b.size() <= 2 || a.size() == 1) {
    set_product(cost, all_rows, columns, depth, 1);
  } else {
    const std::int64_t rows = a[a.size() - 2];
    set_product(cost, rows, columns, depth, rows == 0 ? 0 : all_rows / rows);
  }
}

// Scores and weighted values of `pairs` = batch x heads products, and the softmax between them with
// its scale. No single matrix product, so that rows and columns stay 0.
void add_attention(LayerCost& cost, std::int64_t pairs, std::int64_t queries, std::int64_t keys,
                   std::int64_t key_width, std::int64_t value_width) {
  const std::int64_t scores = saturating_product({pairs, queries, keys});
  cost.macs = saturating_sum(cost.macs,
                             saturating_product({scores, saturating_sum(key_width, value_width)}));
  cost.other_ops = saturating_sum(cost.other_ops, saturating_product({scores, 6}));
}

}  // namespace

void count_conv(const CostedLayer& layer, LayerCost& cost) { convolution(layer, cost, 1, 2); }

// Bias, an addend (input 3), and the activation.
void count_fused_conv(const CostedLayer& layer, LayerCost& cost) {
  convolution(layer, cost, 1, 2);
  if (!cost.known) return;
  const std::int64_t more =
      (layer.has_input(3) ? 1 : 0) + (layer.text("activation", "").empty() ? 0 : 1);
  cost.other_ops = saturating_sum(cost.other_ops, saturating_product({layer.outputs(), more}));
}

void count_integer_conv(const CostedLayer& layer, LayerCost& cost) {
  convolution(layer, cost, 1, 99);  // its inputs 2 and 3 are zero points
}

void count_quantised_conv(const CostedLayer& layer, LayerCost& cost) {
  convolution(layer, cost, 3, 8);
}

// Weights are [input channels, output channels a group, kernel...]; every input element is
// multiplied with each of them.
void count_transposed_conv(const CostedLayer& layer, LayerCost& cost) {
  const CostShape& w = layer.input(1);
  const std::int64_t groups = std::max<std::int64_t>(layer.integer("group", 1), 1);
  if (w.size() < 2 || layer.input(0).size() < 2) return leave_unknown(cost, kShapesDoNotFit);
  if (w[0] % groups != 0 || layer.input(0)[1] != w[0]) return leave_unknown(cost, kGroupsDoNotFit);
  set_product(cost, positions(layer.input(0)),
              saturating_product(CostShape(w.begin() + 1, w.end())), w[0] / groups, groups);
  cost.kernel = saturating_product(CostShape(w.begin() + 2, w.end()));
  if (!layer.input(2).empty()) cost.other_ops = layer.outputs();
}

// A convolution whose every tap is interpolated between neighbours (2 an axis, as a linear Resize)
// and, with a mask (input 4), weighted.
void count_deform_conv(const CostedLayer& layer, LayerCost& cost) {
  convolution(layer, cost, 1, 3);
  if (!cost.known) return;
  const CostShape &x = layer.input(0), &w = layer.input(1);
  if (x.size() < 3 || w.size() < 3) return leave_unknown(cost, kShapesDoNotFit);
  const std::int64_t taps = std::int64_t{1} << std::min<std::size_t>(x.size() - 2, 8);
  const std::int64_t samples = saturating_product(
      {positions(layer.output()), x[1], saturating_product(CostShape(w.begin() + 2, w.end()))});
  const std::int64_t each = 2 * taps - 1 + (layer.has_input(4) ? 1 : 0);
  cost.other_ops = saturating_sum(cost.other_ops, saturating_product({samples, each}));
}

void count_gemm(const CostedLayer& layer, LayerCost& cost) { gemm_of(layer, cost, 2); }
void count_quantised_gemm(const CostedLayer& layer, LayerCost& cost) { gemm_of(layer, cost, 6); }

void count_fused_gemm(const CostedLayer& layer, LayerCost& cost) {
  gemm_of(layer, cost, 2);
  if (cost.known) cost.other_ops = saturating_sum(cost.other_ops, layer.outputs());
}

void count_matmul(const CostedLayer& layer, LayerCost& cost) { matmul_of(layer, cost, 1); }
void count_quantised_matmul(const CostedLayer& layer, LayerCost& cost) {
  matmul_of(layer, cost, 3);
}

// Integers multiplied, the result scaled, a bias added (input 4 of DynamicQuantizeMatMul, 6 of
// MatMulIntegerToFloat).
void count_dequantised_matmul(const CostedLayer& layer, LayerCost& cost) {
  matmul_of(layer, cost, 1);
  if (!cost.known) return;
  const bool bias = layer.has_input(layer.is("com.microsoft.MatMulIntegerToFloat") ? 6 : 4);
  cost.other_ops = saturating_product({layer.outputs(), bias ? 2 : 1});
}

// MatMulNBits: weights of a few bits, unpacked while they are read (not counted).
void count_packed_matmul(const CostedLayer& layer, LayerCost& cost) {
  const std::int64_t columns = layer.integer("N", 0), depth = layer.integer("K", 0);
  if (columns < 1 || depth < 1) return leave_unknown(cost, "it lacks its sizes K and N");
  set_product(cost, layer.outputs() / columns, columns, depth, 1);
}

// Indices in both inputs and the output: groups; in both, but not in the output: depth; in one:
// rows or columns.
void count_einsum(const CostedLayer& layer, LayerCost& cost) {
  std::vector<RuleShape> shapes;
  for (std::size_t i = 0; i < layer.node().inputs.size(); ++i) shapes.push_back(layer.input(i));
  EinsumPlan plan;
  if (!plan_einsum(layer.text("equation", ""), shapes, plan).empty())
    return leave_unknown(cost, "its equation cannot be read");
  if (shapes.size() == 1) {
    cost.other_ops = layer.output() == layer.input(0) ? 0 : layer.inputs(0);
    return;
  }
  if (shapes.size() != 2)
    return leave_unknown(cost, "the order of more than two factors is the engine's");
  std::int64_t rows = 1, columns = 1, depth = 1, groups = 1;
  bool adds = false;
  for (const auto& [index, size] : plan.sizes) {
    const bool left = plan.terms[0].find(index) != std::string::npos;
    const bool right = plan.terms[1].find(index) != std::string::npos;
    const bool kept = plan.output.find(index) != std::string::npos;
    std::int64_t& part = left && right ? (kept ? groups : depth) : left ? rows : columns;
    part = saturating_product({part, size});
    adds = adds || !kept;
  }
  if (adds)
    set_product(cost, rows, columns, depth, groups);
  else
    cost.other_ops = layer.outputs();  // products without a sum
}

// LSTM, GRU, RNN: each step multiplies the input with W [directions, gates x hidden, input] and the
// state with R [directions, gates x hidden, hidden].
void count_recurrent(const CostedLayer& layer, LayerCost& cost) {
  const CostShape &x = layer.input(0), &w = layer.input(1), &r = layer.input(2);
  if (x.size() != 3 || w.size() != 3 || r.size() != 3) return leave_unknown(cost, kShapesDoNotFit);
  const bool batch_first = layer.integer("layout", 0) != 0;
  set_product(cost, x[batch_first ? 0 : 1], w[1], saturating_sum(w[2], r[2]),
              saturating_product({x[batch_first ? 1 : 0], w[0]}));
  cost.other_ops = saturating_product({cost.rows, cost.columns, cost.groups});
}

// Each place of the grid, with a 1 behind it, times theta [batch, axes, axes + 1].
void count_affine_grid(const CostedLayer& layer, LayerCost& cost) {
  const CostShape &theta = layer.input(0), &y = layer.output();
  if (theta.size() != 3 || y.size() < 3) return leave_unknown(cost, kShapesDoNotFit);
  set_product(cost, saturating_product(CostShape(y.begin() + 1, y.end() - 1)), theta[1], theta[2],
              y[0]);
}

// com.microsoft.Attention and QAttention: input [batch, sequence, width] times weights [width,
// queries + keys + values], a bias, then attention. A past (input 4; 8 of QAttention) [2, batch,
// heads, length, width of a head] lengthens keys and values.
void count_attention(const CostedLayer& layer, LayerCost& cost) {
  const CostShape &x = layer.input(0), &w = layer.input(1), &y = layer.output();
  const std::int64_t heads = layer.integer("num_heads", 0);
  if (x.size() != 3 || w.size() != 2 || y.size() != 3 || heads < 1)
    return leave_unknown(cost, kShapesDoNotFit);
  const CostShape& past = layer.input(layer.is("com.microsoft.QAttention") ? 8 : 4);
  const std::int64_t keys = saturating_sum(x[1], past.size() == 5 ? past[3] : 0);
  cost.macs = saturating_product({x[0], x[1], w[0], w[1]});
  if (layer.has_input(2)) cost.other_ops = saturating_product({x[0], x[1], w[1]});
  const std::int64_t query_width = std::max<std::int64_t>((w[1] - y[2]) / 2, 0);
  add_attention(cost, saturating_product({x[0], heads}), x[1], keys, query_width / heads,
                y[2] / heads);
}

// Queries, keys and values are projected already: key [batch, length, width] or [batch, heads,
// length, width of a head]; packed in one input [batch, sequence, heads, 3, width] without them.
void count_multi_head_attention(const CostedLayer& layer, LayerCost& cost) {
  const CostShape &q = layer.input(0), &k = layer.input(1), &y = layer.output();
  const std::int64_t heads = layer.integer("num_heads", 0);
  if (heads < 1 || y.size() != 3 || (q.size() != 3 && q.size() != 5) ||
      (k.size() != 0 && k.size() != 3 && k.size() != 4 && k.size() != 5))
    return leave_unknown(cost, kShapesDoNotFit);
  std::int64_t keys = q[1];
  if (k.size() == 3 || k.size() == 5) keys = k[1];
  if (k.size() == 4) keys = k[2];
  const CostShape& past = layer.input(6);
  if (past.size() == 4) keys = saturating_sum(keys, past[2]);
  const std::int64_t query_width = q.size() == 3 ? q[2] : saturating_product({q[2], q[4]});
  if (layer.has_input(3))  // a bias of the three
    cost.other_ops = saturating_product({q[0], q[1], layer.inputs(3)});
  add_attention(cost, saturating_product({q[0], heads}), q[1], keys, query_width / heads,
                y[2] / heads);
}

}  // namespace isojoule

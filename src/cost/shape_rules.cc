#include "cost/shape_rules.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>

#include "cost/saturating.h"

namespace isojoule {
namespace {

using Type = onnx::TensorProto;

// ---- elementwise --------------------------------------------------------------------------------

std::string broadcast_rule(RuleNode& rule) {
  RuleShape shape = rule.shape(0);
  for (int i = 1; i < rule.inputs(); ++i) {
    const auto both = broadcast_shapes(shape, rule.shape(i));
    if (!both) return "its inputs' shapes do not fit each other";
    shape = *both;
  }
  const std::string& name = rule.node().op_type();
  const bool compares = name == "GreaterOrEqual" || name == "LessOrEqual";
  rule.set(0, compares ? static_cast<int>(Type::BOOL) : rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string cast_rule(RuleNode& rule) {
  rule.set(0, static_cast<int>(rule.attribute("to", 0)), rule.shape(0));
  return kRuleFine;
}

// The type is that of the zero point, of the attribute (since 21), or unsigned bytes.
std::string quantize_rule(RuleNode& rule) {
  int type = static_cast<int>(rule.attribute("output_dtype", 0));
  if (type == 0) type = rule.has(2) ? rule.type(2) : static_cast<int>(Type::UINT8);
  rule.set(0, type, rule.shape(0));
  return kRuleFine;
}

std::string dequantize_rule(RuleNode& rule) {  // the scale's type, FP32 before 19
  rule.set(0, rule.opset() >= 19 ? rule.type(1) : static_cast<int>(Type::FLOAT), rule.shape(0));
  return kRuleFine;
}

// ---- reductions ---------------------------------------------------------------------------------

std::string reduce_rule(RuleNode& rule) {
  auto axes = rule.integers(1, "axes");
  if (rule.has(1) && !axes) return kRuleFine;  // computed while running: the shape stays unknown
  const bool keep = rule.attribute("keepdims", 1) != 0;
  const bool all = !axes || axes->empty();
  if (all && rule.attribute("noop_with_empty_axes", 0) != 0) return same_as_first(rule);
  std::vector<bool> gone(rule.shape(0).size(), all);
  if (!all)
    for (const std::int64_t axis : *axes) {
      const auto at = axis_of(axis, rule.rank(0));
      if (!at) return "axis " + std::to_string(axis) + " is beyond the input's";
      gone[*at] = true;
    }
  RuleShape shape;
  for (std::size_t i = 0; i < gone.size(); ++i)
    if (!gone[i] || keep) shape.push_back(gone[i] ? 1 : rule.shape(0)[i]);
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

// ---- other forms of the same numbers ------------------------------------------------------------

std::string reshape_rule(RuleNode& rule) {
  auto target = rule.integers(1, "shape");
  if (!target) return kRuleFine;
  const bool zero_is_zero = rule.attribute("allowzero", 0) != 0;
  const std::int64_t count = saturating_product(rule.shape(0));
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 0; i < target->size(); ++i) {
    std::int64_t& size = (*target)[i];
    if (size < -1) return "its target has the size " + std::to_string(size);
    if (size == 0 && !zero_is_zero) {
      if (i >= rule.shape(0).size()) return "its target keeps an axis that the input has not";
      size = rule.shape(0)[i];
    }
    if (size == -1) {
      if (open != nullptr) return "its target has two open sizes";
      open = &size;
      continue;
    }
    known = saturating_product({known, size});
  }
  if (open != nullptr) {
    if (known == 0) return "its target has an open size beside a 0";
    *open = count / known;
  }
  rule.set(0, rule.type(0), std::move(*target));  // the reader compares the elements
  return kRuleFine;
}

std::string split_rule(RuleNode& rule) {
  const auto axis = axis_of(rule.attribute("axis", 0), rule.rank(0));
  if (!axis) return "its axis is beyond the input's";
  const std::int64_t size = rule.shape(0)[*axis];
  const auto outputs = static_cast<std::int64_t>(rule.outputs().size());
  auto parts = rule.integers(1, "split");
  if (rule.has(1) && !parts) return kRuleFine;
  if (!parts) {  // equal ones, the last one smaller (since 18)
    if (outputs == 0) return "it has no outputs";
    const std::int64_t each = (size + outputs - 1) / outputs;
    parts = RuleShape(static_cast<std::size_t>(outputs), each);
    parts->back() = size - each * (outputs - 1);
  }
  if (static_cast<std::int64_t>(parts->size()) != outputs)
    return "it has another number of parts than of outputs";
  std::int64_t sum = 0;
  for (const std::int64_t part : *parts) {
    if (part < 0 || part > size) return "its parts are not the whole";
    sum = saturating_sum(sum, part);
  }
  if (sum != size) return "its parts are not the whole";
  for (std::size_t i = 0; i < parts->size(); ++i) {
    RuleShape shape = rule.shape(0);
    shape[*axis] = (*parts)[i];
    rule.set(static_cast<int>(i), rule.type(0), std::move(shape));
  }
  return kRuleFine;
}

std::string expand_rule(RuleNode& rule) {
  const auto target = rule.integers(1);
  if (!target) return kRuleFine;
  auto shape = broadcast_shapes(rule.shape(0), *target);
  if (!shape) return "its target does not fit the input's shape";
  rule.set(0, rule.type(0), std::move(*shape));
  return kRuleFine;
}

std::string tile_rule(RuleNode& rule) {
  const auto times = rule.integers(1);
  if (!times) return kRuleFine;
  if (static_cast<std::int64_t>(times->size()) != rule.rank(0))
    return "it has another number of repeats than the input has axes";
  RuleShape shape = rule.shape(0);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if ((*times)[i] < 0) return "it has a negative number of repeats";
    shape[i] = saturating_product({shape[i], (*times)[i]});
  }
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string pad_rule(RuleNode& rule) {
  const char* old = rule.opset() < 2 ? "paddings" : "pads";
  const auto pads = rule.integers(1, old);
  if (!pads || (rule.has(3) && !rule.integers(3))) return kRuleFine;
  RuleShape axes;
  if (const auto given = rule.integers(3)) {
    axes = *given;
  } else {
    for (std::int64_t i = 0; i < rule.rank(0); ++i) axes.push_back(i);
  }
  if (pads->size() != 2 * axes.size()) return "its pads are not two for each axis";
  RuleShape shape = rule.shape(0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto at = axis_of(axes[i], rule.rank(0));
    if (!at) return "its axis is beyond the input's";
    std::int64_t& size = shape[*at];
    if (__builtin_add_overflow(size, (*pads)[i], &size) ||
        __builtin_add_overflow(size, (*pads)[axes.size() + i], &size) || size < 0)
      return "its pads leave a size below 0 or beyond 64 bits";
  }
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string center_crop_pad_rule(RuleNode& rule) {
  const auto sizes = rule.integers(1);
  if (!sizes) return kRuleFine;
  RuleShape shape = rule.shape(0);
  auto axes = integers_attribute(rule.node(), "axes");
  if (!axes) {
    axes.emplace();
    for (std::int64_t i = 0; i < rule.rank(0); ++i) axes->push_back(i);
  }
  if (axes->size() != sizes->size()) return "its sizes are not one for each axis";
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const auto at = axis_of((*axes)[i], rule.rank(0));
    if (!at || (*sizes)[i] < 0) return "it has an axis or a size that cannot be";
    shape[*at] = (*sizes)[i];
  }
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

// ---- made from numbers --------------------------------------------------------------------------

std::string filled_rule(RuleNode& rule) {
  const auto shape = rule.integers(0);
  if (!shape) return kRuleFine;
  const auto* fill = find_attribute(rule.node(), "value");
  rule.set(0, fill != nullptr ? fill->t().data_type() : static_cast<int>(Type::FLOAT), *shape);
  return kRuleFine;
}

std::string range_rule(RuleNode& rule) {
  const SmallValue *from = rule.value(0), *to = rule.value(1), *step = rule.value(2);
  if (from == nullptr || to == nullptr || step == nullptr) return kRuleFine;
  if (from->numbers.size() != 1 || to->numbers.size() != 1 || step->numbers.size() != 1)
    return "its limits are no single numbers";
  if (step->numbers[0] == 0) return "its step is 0";
  const long double count = std::ceil((to->numbers[0] - from->numbers[0]) / step->numbers[0]);
  if (!(count < 0x1p62L)) return "its length is beyond 64 bits";
  rule.set(0, from->type, {count > 0 ? static_cast<std::int64_t>(count) : 0});
  return kRuleFine;
}

std::string one_hot_rule(RuleNode& rule) {
  const auto depth = rule.integer(1);
  if (!depth) return kRuleFine;
  const auto axis = axis_of(rule.attribute("axis", -1), rule.rank(0) + 1);
  if (!axis || *depth < 1) return "its axis or its depth cannot be";
  RuleShape shape = rule.shape(0);
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(*axis), *depth);
  rule.set(0, rule.type(2), std::move(shape));
  return kRuleFine;
}

std::string top_k_rule(RuleNode& rule) {
  const auto axis = axis_of(rule.attribute("axis", -1), rule.rank(0));
  std::optional<std::int64_t> k = rule.integer(1);
  if (find_attribute(rule.node(), "k") != nullptr) k = rule.attribute("k", 0);
  if (!k) return kRuleFine;
  if (!axis || *k < 0 || *k > rule.shape(0)[*axis]) return "its axis or its k cannot be";
  RuleShape shape = rule.shape(0);
  shape[*axis] = *k;
  rule.set(0, rule.type(0), shape);
  rule.set(1, Type::INT64, std::move(shape));
  return kRuleFine;
}

// How many boxes are kept depends on the scores. Counted with as many as the node allows.
std::string non_max_suppression_rule(RuleNode& rule) {
  const RuleShape &boxes = rule.shape(0), &scores = rule.shape(1);
  if (boxes.size() != 3 || scores.size() != 3) return "its boxes and scores have not three axes";
  const auto limit = rule.has(2) ? rule.integer(2) : std::optional<std::int64_t>(0);
  if (!limit) return kRuleFine;
  const std::int64_t each = std::clamp<std::int64_t>(*limit, 0, boxes[1]);
  const std::int64_t most = saturating_product({scores[0], scores[1], each});
  rule.set(0, Type::INT64, {most, 3});
  rule.notes().push_back("how many boxes are kept depends on the data: counted with all " +
                         std::to_string(most) + " that it may keep");
  return kRuleFine;
}

std::string einsum_rule(RuleNode& rule) {
  std::vector<RuleShape> shapes;
  for (int i = 0; i < rule.inputs(); ++i) shapes.push_back(rule.shape(i));
  EinsumPlan plan;
  std::string wrong = plan_einsum(rule.text("equation", ""), shapes, plan);
  if (!wrong.empty()) return wrong;
  RuleShape shape;
  for (const char index : plan.output) shape.push_back(plan.sizes.at(index));
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

// ---- the table ----------------------------------------------------------------------------------

struct RuleRow {
  std::string_view operation;
  std::int64_t since;  // the operator set from which on this rule is used
  ShapeRule rule;
};

// Sorted by name.
constexpr RuleRow kRules[] = {
    {"AffineGrid", 1, affine_grid_rule},
    {"AveragePool", 18, pool_rule},
    {"BitwiseAnd", 1, broadcast_rule},
    {"BitwiseNot", 1, same_as_first},
    {"BitwiseOr", 1, broadcast_rule},
    {"BitwiseXor", 1, broadcast_rule},
    {"BlackmanWindow", 1, window_function_rule},
    {"Cast", 1, cast_rule},
    {"CenterCropPad", 1, center_crop_pad_rule},
    {"Col2Im", 1, col2im_rule},
    {"ConstantOfShape", 1, filled_rule},
    {"DFT", 1, dft_rule},
    {"DeformConv", 1, convolution_rule},
    {"DequantizeLinear", 1, dequantize_rule},
    {"Einsum", 1, einsum_rule},
    {"Expand", 1, expand_rule},
    {"Gelu", 1, same_as_first},
    {"GreaterOrEqual", 1, broadcast_rule},
    {"GridSample", 1, grid_sample_rule},
    {"GroupNormalization", 1, same_as_first},
    {"HammingWindow", 1, window_function_rule},
    {"HannWindow", 1, window_function_rule},
    {"LessOrEqual", 1, broadcast_rule},
    {"LpPool", 18, pool_rule},
    {"MaxPool", 18, pool_rule},
    {"MaxUnpool", 1, max_unpool_rule},
    {"MeanVarianceNormalization", 1, same_as_first},
    {"MelWeightMatrix", 1, mel_rule},
    {"Mish", 1, same_as_first},
    {"NonMaxSuppression", 1, non_max_suppression_rule},
    {"OneHot", 1, one_hot_rule},
    {"Pad", 1, pad_rule},
    {"QuantizeLinear", 1, quantize_rule},
    {"Range", 1, range_rule},
    {"ReduceL1", 1, reduce_rule},
    {"ReduceL2", 1, reduce_rule},
    {"ReduceLogSum", 1, reduce_rule},
    {"ReduceLogSumExp", 1, reduce_rule},
    {"ReduceMax", 1, reduce_rule},
    {"ReduceMean", 1, reduce_rule},
    {"ReduceMin", 1, reduce_rule},
    {"ReduceProd", 1, reduce_rule},
    {"ReduceSum", 1, reduce_rule},
    {"ReduceSumSquare", 1, reduce_rule},
    {"Reshape", 1, reshape_rule},
    {"Resize", 1, resize_rule},
    {"STFT", 1, stft_rule},
    {"SimplifiedLayerNormalization", 1, same_as_first},  // ONNX Runtime's, in ONNX's domain
    {"Split", 1, split_rule},
    {"Tile", 1, tile_rule},
    {"TopK", 1, top_k_rule},
    {"Upsample", 1, resize_rule},
};
static_assert(std::is_sorted(std::begin(kRules), std::end(kRules),
                             [](const RuleRow& a, const RuleRow& b) {
                               return a.operation < b.operation;
                             }));

}  // namespace

ShapeRule find_shape_rule(const std::string& operation, std::int64_t opset) {
  const auto* row =
      std::lower_bound(std::begin(kRules), std::end(kRules), operation,
                       [](const RuleRow& a, const std::string& b) { return a.operation < b; });
  if (row == std::end(kRules) || row->operation != operation || opset < row->since) return nullptr;
  return row->rule;
}

}  // namespace isojoule

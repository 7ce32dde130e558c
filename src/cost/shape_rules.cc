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

// ---- resizing -----------------------------------------------------------------------------------

std::string scaled(RuleNode& rule, const std::vector<double>& scales,
                   const std::vector<std::size_t>& axes) {
  if (scales.size() != axes.size()) return "its scales are not one for each axis";
  RuleShape shape = rule.shape(0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double size = std::floor(static_cast<double>(shape[axes[i]]) * scales[i]);
    if (!(size >= 0 && size < 0x1p62)) return "its scales leave a size that cannot be";
    shape[axes[i]] = static_cast<std::int64_t>(size);
  }
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

// keep_aspect_ratio_policy (since 18): one scale for all axes, the smaller or the larger one.
std::string sized(RuleNode& rule, const RuleShape& sizes, const std::vector<std::size_t>& axes) {
  if (sizes.size() != axes.size()) return "its sizes are not one for each axis";
  RuleShape shape = rule.shape(0);
  const std::string policy = rule.text("keep_aspect_ratio_policy", "stretch");
  double scale = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (sizes[i] < 0 || shape[axes[i]] < 1) return "it has a size that cannot be";
    const double own = static_cast<double>(sizes[i]) / static_cast<double>(shape[axes[i]]);
    const bool better = policy == "not_larger" ? own < scale : own > scale;
    if (i == 0 || better) scale = own;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double size = scale * static_cast<double>(shape[axes[i]]);
    if (!(size < 0x1p62)) return "it has a size that cannot be";
    shape[axes[i]] = policy == "stretch" ? sizes[i] : std::llround(size);
  }
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

// Upsample 7 has its scales as an attribute, 9 and Resize 10 as input 1; Resize 11 as input 2, or
// sizes as input 3; 18 names the axes.
std::string resize_rule(RuleNode& rule) {
  std::vector<std::size_t> axes;
  if (const auto given = integers_attribute(rule.node(), "axes")) {
    for (const std::int64_t axis : *given) {
      const auto at = axis_of(axis, rule.rank(0));
      if (!at) return "its axis is beyond the input's";
      axes.push_back(*at);
    }
  } else {
    for (std::size_t i = 0; i < rule.shape(0).size(); ++i) axes.push_back(i);
  }
  if (rule.has(3) && !rule.shape(3).empty() && rule.shape(3)[0] > 0) {
    const auto sizes = rule.integers(3);
    return sizes ? sized(rule, *sizes, axes) : kRuleFine;
  }
  const bool early = rule.node().op_type() == "Upsample" || rule.opset() < 11;
  const SmallValue* scales = rule.value(early ? 1 : 2);
  std::vector<double> factors;
  if (const auto* attribute = find_attribute(rule.node(), "scales")) {
    factors.assign(attribute->floats().begin(), attribute->floats().end());
  } else if (scales == nullptr) {
    return kRuleFine;
  } else {
    for (std::size_t i = 0; i < scales->numbers.size(); ++i) factors.push_back(scales->real(i));
  }
  return scaled(rule, factors, axes);
}

// ---- windows ------------------------------------------------------------------------------------

std::string max_unpool_rule(RuleNode& rule) {
  if (const auto shape = rule.integers(2)) {
    rule.set(0, rule.type(0), *shape);
    return kRuleFine;
  }
  if (rule.has(2)) return kRuleFine;
  const RuleShape kernel = integers_attribute(rule.node(), "kernel_shape").value_or(RuleShape{});
  const auto strides = integers_attribute(rule.node(), "strides");
  const auto pads = integers_attribute(rule.node(), "pads");
  RuleShape shape = rule.shape(0);
  if (kernel.size() + 2 != shape.size() || (strides && strides->size() != kernel.size()) ||
      (pads && pads->size() != 2 * kernel.size()))
    return "its kernel does not fit the input's axes";
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int64_t pad = pads ? (*pads)[i] + (*pads)[kernel.size() + i] : 0;
    shape[i + 2] = saturating_sum(saturating_product({strides ? (*strides)[i] : 1,
                                                      std::max<std::int64_t>(shape[i + 2] - 1, 0)}),
                                  kernel[i] - pad);
  }
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string col2im_rule(RuleNode& rule) {
  const auto image = rule.integers(1), block = rule.integers(2);
  if (!image || !block) return kRuleFine;
  const std::int64_t elements = saturating_product(*block);
  if (rule.rank(0) != 3 || elements < 1) return "its input has not three axes, or its block is 0";
  RuleShape shape = {rule.shape(0)[0], rule.shape(0)[1] / elements};
  shape.insert(shape.end(), image->begin(), image->end());
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string grid_sample_rule(RuleNode& rule) {
  const RuleShape &x = rule.shape(0), &grid = rule.shape(1);
  if (x.size() < 3 || grid.size() != x.size()) return "its grid does not fit the input's axes";
  RuleShape shape = {x[0], x[1]};
  shape.insert(shape.end(), grid.begin() + 1, grid.end() - 1);
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string affine_grid_rule(RuleNode& rule) {  // size: N, C, (D,) H, W
  const auto size = rule.integers(1);
  if (!size) return kRuleFine;
  if (size->size() != 4 && size->size() != 5) return "its size has not four or five numbers";
  RuleShape shape = {(*size)[0]};
  shape.insert(shape.end(), size->begin() + 2, size->end());
  shape.push_back(static_cast<std::int64_t>(size->size()) - 2);
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

// ---- signals ------------------------------------------------------------------------------------

std::string window_function_rule(RuleNode& rule) {  // HannWindow and its kind
  const auto size = rule.integer(0);
  if (!size) return kRuleFine;
  if (*size < 0) return "its size is negative";
  rule.set(0, static_cast<int>(rule.attribute("output_datatype", Type::FLOAT)), {*size});
  return kRuleFine;
}

// Axis: an attribute in 17, input 2 since 20. The last axis is the number's real and imaginary
// part.
std::string dft_rule(RuleNode& rule) {
  const auto given = rule.opset() >= 20 && rule.has(2) ? rule.integer(2) : std::nullopt;
  if (rule.opset() >= 20 && rule.has(2) && !given) return kRuleFine;
  const auto axis =
      axis_of(given.value_or(rule.attribute("axis", rule.opset() >= 20 ? -2 : 1)), rule.rank(0));
  if (!axis || *axis + 1 >= rule.shape(0).size()) return "its axis is beyond the signal's";
  RuleShape shape = rule.shape(0);
  if (rule.has(1)) {
    const auto length = rule.integer(1);
    if (!length) return kRuleFine;
    if (*length < 1) return "its length is below 1";
    shape[*axis] = *length;
  }
  if (rule.attribute("onesided", 0) != 0) shape[*axis] = shape[*axis] / 2 + 1;
  shape.back() = 2;
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string stft_rule(RuleNode& rule) {
  const auto step = rule.integer(1);
  std::optional<std::int64_t> length;
  if (rule.has(3))
    length = rule.integer(3);
  else if (rule.has(2) && rule.rank(2) == 1)
    length = rule.shape(2)[0];
  if (!step || !length) return kRuleFine;
  if (rule.rank(0) < 2 || *step < 1 || *length < 1 || *length > rule.shape(0)[1])
    return "its step or its length cannot be";
  const std::int64_t frames = (rule.shape(0)[1] - *length) / *step + 1;
  const bool half = rule.attribute("onesided", 1) != 0;
  rule.set(0, rule.type(0), {rule.shape(0)[0], frames, half ? *length / 2 + 1 : *length, 2});
  return kRuleFine;
}

std::string mel_rule(RuleNode& rule) {
  const auto bins = rule.integer(0), length = rule.integer(1);
  if (!bins || !length) return kRuleFine;
  if (*bins < 0 || *length < 0) return "its sizes are negative";
  rule.set(0, static_cast<int>(rule.attribute("output_datatype", Type::FLOAT)),
           {*length / 2 + 1, *bins});
  return kRuleFine;
}

// ---- Einsum -------------------------------------------------------------------------------------

// "..." becomes one digit an axis, counted from the end: '0' is the last of the axes without
// letter.
std::string with_digits(std::string_view term, std::size_t rank, std::size_t letters) {
  std::string result;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term[i] != '.') {
      result += term[i];
      continue;
    }
    for (std::size_t axis = rank - letters; axis > 0; --axis)
      result += static_cast<char>('0' + axis - 1);
    i += 2;
  }
  return result;
}

// Letters and at most one "...".
std::optional<std::size_t> letters_of(std::string_view term) {
  const std::size_t dots = term.find("...");
  std::size_t letters = 0;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      i += 2;
      continue;
    }
    const char c = term[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return {};
    ++letters;
  }
  return letters;
}

std::string add_einsum_term(EinsumPlan& plan, std::string_view text, const RuleShape& shape) {
  const auto letters = letters_of(text);
  if (!letters) return "its equation cannot be read";
  const bool dots = text.find("...") != std::string_view::npos;
  if (shape.size() < *letters || (!dots && shape.size() != *letters) || shape.size() - *letters > 9)
    return "its equation does not fit an input's axes";
  plan.terms.push_back(with_digits(text, shape.size(), *letters));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::int64_t& size = plan.sizes.emplace(plan.terms.back()[i], shape[i]).first->second;
    if (size == 1) size = shape[i];
    if (size != shape[i] && shape[i] != 1)
      return std::string("its index ") + plan.terms.back()[i] + " has two sizes";
  }
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

// ---- what rules are made of ---------------------------------------------------------------------

bool TensorFact::complete() const {
  return has_shape &&
         std::none_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; });
}

RuleNode::RuleNode(const onnx::NodeProto& node, std::vector<const TensorFact*> inputs,
                   std::int64_t opset)
    : node_(node),
      inputs_(std::move(inputs)),
      opset_(opset),
      outputs_(static_cast<std::size_t>(node.output_size())) {}

const std::vector<std::int64_t>& RuleNode::shape(int i) const {
  static const RuleShape none;
  return has(i) ? inputs_[static_cast<std::size_t>(i)]->shape : none;
}

int RuleNode::type(int i) const { return has(i) ? inputs_[static_cast<std::size_t>(i)]->type : 0; }

const SmallValue* RuleNode::value(int i) const {
  return has(i) ? inputs_[static_cast<std::size_t>(i)]->value.get() : nullptr;
}

std::optional<std::vector<std::int64_t>> RuleNode::integers(int i) const {
  const SmallValue* known = value(i);
  return known == nullptr ? std::nullopt : known->integers();
}

std::optional<std::vector<std::int64_t>> RuleNode::integers(int i, const char* name) const {
  if (auto given = integers_attribute(node_, name)) return given;
  return integers(i);
}

std::optional<std::int64_t> RuleNode::integer(int i) const {
  const auto all = integers(i);
  if (!all || all->size() != 1) return {};
  return (*all)[0];
}

std::int64_t RuleNode::attribute(const char* name, std::int64_t otherwise) const {
  return integer_attribute(node_, name, otherwise);
}

std::string RuleNode::text(const char* name, const char* otherwise) const {
  return text_attribute(node_, name, otherwise);
}

void RuleNode::set(int output, int type, std::vector<std::int64_t> shape) {
  if (output >= static_cast<int>(outputs_.size())) return;  // an optional one that is left out
  TensorFact& fact = outputs_[static_cast<std::size_t>(output)];
  fact.has_shape = true;
  fact.type = type;
  fact.shape = std::move(shape);
}

std::optional<std::size_t> axis_of(std::int64_t axis, std::int64_t rank) {
  if (axis < -rank || axis >= rank) return {};
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

std::optional<RuleShape> broadcast_shapes(const RuleShape& a, const RuleShape& b) {
  RuleShape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) return {};
    result[result.size() - 1 - i] = left == 1 ? right : left;
  }
  return result;
}

std::optional<RuleShape> matmul_shape(RuleShape a, RuleShape b, bool transpose_a,
                                      bool transpose_b) {
  if (a.empty() || b.empty()) return {};
  const bool vector_a = a.size() == 1, vector_b = b.size() == 1;
  if (vector_a) a.insert(a.begin(), 1);
  if (vector_b) b.push_back(1);
  if (transpose_a) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (transpose_b) std::swap(b[b.size() - 1], b[b.size() - 2]);
  if (a.back() != b[b.size() - 2]) return {};
  auto result =
      broadcast_shapes(RuleShape(a.begin(), a.end() - 2), RuleShape(b.begin(), b.end() - 2));
  if (!result) return {};
  if (!vector_a) result->push_back(a[a.size() - 2]);
  if (!vector_b) result->push_back(b.back());
  return result;
}

std::string plan_einsum(std::string equation, const std::vector<RuleShape>& shapes,
                        EinsumPlan& plan) {
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  const std::size_t arrow = equation.find("->");
  const std::string left = equation.substr(0, arrow);
  std::size_t at = 0, most_dots = 0;
  for (const RuleShape& shape : shapes) {
    if (at > left.size()) return "its equation has fewer terms than it has inputs";
    const std::size_t comma = std::min(left.find(',', at), left.size());
    const std::string wrong =
        add_einsum_term(plan, std::string_view(left).substr(at, comma - at), shape);
    if (!wrong.empty()) return wrong;
    const std::string& term = plan.terms.back();
    most_dots =
        std::max(most_dots, static_cast<std::size_t>(std::count_if(
                                term.begin(), term.end(), [](char c) { return c <= '9'; })));
    at = comma + 1;
  }
  if (at <= left.size()) return "its equation has more terms than it has inputs";
  if (arrow != std::string::npos) {
    const std::string right = equation.substr(arrow + 2);
    const auto letters = letters_of(right);
    if (!letters) return "its equation cannot be read";
    plan.output = with_digits(right, *letters + most_dots, *letters);
  } else {  // the axes without letters, then the letters that occur once, in order
    plan.output = with_digits("...", most_dots, 0);
    for (const auto& [index, size] : plan.sizes) {
      std::ptrdiff_t times = 0;
      for (const std::string& term : plan.terms)
        times += std::count(term.begin(), term.end(), index);
      if (times == 1 && index > '9') plan.output += index;
    }
  }
  for (const char index : plan.output)
    if (plan.sizes.count(index) == 0) return "its equation's output has an index that no input has";
  return kRuleFine;
}

RuleShape window_axes(const RuleNode& rule, const RuleShape& input, const RuleShape& kernel) {
  const auto of = [&](const char* name, std::size_t size, std::int64_t otherwise) {
    return integers_attribute(rule.node(), name).value_or(RuleShape(size, otherwise));
  };
  const std::size_t axes = kernel.size();
  const RuleShape strides = of("strides", axes, 1), dilations = of("dilations", axes, 1);
  const RuleShape pads = of("pads", 2 * axes, 0);
  if (axes == 0 || input.size() != axes + 2 || strides.size() != axes || dilations.size() != axes ||
      pads.size() != 2 * axes)
    return {};
  const std::string automatic = rule.text("auto_pad", "NOTSET");
  const bool ceil = rule.attribute("ceil_mode", 0) != 0;
  RuleShape result;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t size = input[i + 2], stride = strides[i];
    if (stride < 1 || dilations[i] < 1 || kernel[i] < 1) return {};
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      result.push_back(size / stride + (size % stride != 0 ? 1 : 0));
      continue;
    }
    const std::int64_t extent =
        saturating_sum(saturating_product({kernel[i] - 1, dilations[i]}), 1);
    std::int64_t room = 0;
    const bool valid = automatic == "VALID";
    if (__builtin_add_overflow(size, valid ? 0 : pads[i], &room) ||
        __builtin_add_overflow(room, valid ? 0 : pads[axes + i], &room) || room < extent)
      return {};
    room -= extent;
    std::int64_t steps = room / stride + 1;
    // A window that would begin in the padding at the end is left out.
    if (ceil && room % stride != 0 && saturating_product({steps, stride}) < size + pads[i]) ++steps;
    result.push_back(steps);
  }
  return result;
}

std::string same_as_first(RuleNode& rule) {
  rule.set(0, rule.type(0), rule.shape(0));
  return kRuleFine;
}

std::string convolution_rule(RuleNode& rule) {
  const RuleShape &x = rule.shape(0), &w = rule.shape(1);
  if (w.size() < 3 || x.size() != w.size()) return "its weights do not fit the input's axes";
  const RuleShape kernel =
      integers_attribute(rule.node(), "kernel_shape").value_or(RuleShape(w.begin() + 2, w.end()));
  const RuleShape axes = window_axes(rule, x, kernel);
  if (axes.empty()) return "its window does not fit the input";
  RuleShape shape = {x[0], w[0]};
  shape.insert(shape.end(), axes.begin(), axes.end());
  rule.set(0, rule.type(0), std::move(shape));
  return kRuleFine;
}

std::string pool_rule(RuleNode& rule) {
  const RuleShape kernel = integers_attribute(rule.node(), "kernel_shape").value_or(RuleShape{});
  const RuleShape axes = window_axes(rule, rule.shape(0), kernel);
  if (axes.empty()) return "its kernel_shape does not fit the input";
  RuleShape shape = {rule.shape(0)[0], rule.shape(0)[1]};
  shape.insert(shape.end(), axes.begin(), axes.end());
  rule.set(0, rule.type(0), shape);
  if (rule.node().op_type() == "MaxPool") rule.set(1, Type::INT64, std::move(shape));
  return kRuleFine;
}

ShapeRule find_shape_rule(const std::string& operation, std::int64_t opset) {
  const auto* row =
      std::lower_bound(std::begin(kRules), std::end(kRules), operation,
                       [](const RuleRow& a, const std::string& b) { return a.operation < b; });
  if (row == std::end(kRules) || row->operation != operation || opset < row->since) return nullptr;
  return row->rule;
}

}  // namespace isojoule

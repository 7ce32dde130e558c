// Shape rules of resizing, windows and signals.
#include <algorithm>
#include <cmath>

#include "cost/saturating.h"
#include "cost/shape_rules.h"

namespace isojoule {
namespace {

using Type = onnx::TensorProto;

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

}  // namespace

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

}  // namespace isojoule

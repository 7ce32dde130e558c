// What shape rules are made of: facts, axes, Einsum, windows.
#include "cost/shape_rules.h"

#include <algorithm>
#include <string_view>

#include "cost/saturating.h"

namespace isojoule {
namespace {

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

}  // namespace

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

}  // namespace isojoule

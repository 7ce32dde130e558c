// One node: what it writes, and what must be known of it.
#include <algorithm>
#include <memory>

#include "cost/graph_walker.h"
#include "cost/library_shapes.h"
#include "cost/operator_cost.h"
#include "cost/saturating.h"

namespace isojoule {

// Small numbers, our own rule, the library's, in this order.
Status GraphWalk::infer(const NodeProto& node, const Inputs& inputs,
                        std::vector<TensorFact>& outputs) {
  const bool own_domain = in_onnx_domain(node.domain());
  if (own_domain && fold(node, inputs, outputs)) return {};
  if (own_domain && node.op_type() == "Constant") return take_constant(node, outputs);
  const auto usable = [](const TensorFact* fact) {
    return fact == nullptr || (!fact->no_tensor && fact->has_shape);
  };
  const auto complete = [](const TensorFact* fact) { return fact == nullptr || fact->complete(); };
  if (!std::all_of(inputs.begin(), inputs.end(), usable)) return {};
  ShapeRule rule = nullptr;
  if (own_domain) rule = find_shape_rule(node.op_type(), opset_of(node));
  if (node.domain() == "com.microsoft") rule = find_contrib_shape_rule(node.op_type());
  std::string wrong;
  if (rule != nullptr) {
    if (!std::all_of(inputs.begin(), inputs.end(), complete)) return {};
    RuleNode rule_node(node, inputs, opset_of(node));
    wrong = rule(rule_node);
    outputs = std::move(rule_node.outputs());
    for (const std::string& text : rule_node.notes()) note(describe_node(node) + ": " + text);
  } else if (own_domain || node.domain() == "ai.onnx.ml") {
    wrong = infer_by_library(node, inputs, opset_of(node), outputs);
  }
  if (wrong.empty()) return check_sizes(node, outputs);
  std::string remedy = "Check the model with ONNX's own checker, or export it again";
  if (axes_.file_batch != 0)
    remedy = "The file has the fixed batch size " + std::to_string(axes_.file_batch) +
             ": use that one, or export the model with an open batch";
  return broken(ErrorKind::unsupported, node,
                "has shapes that cannot be inferred for batch size " + std::to_string(axes_.batch) +
                    ": " + wrong,
                remedy);
}

Status GraphWalk::check_sizes(const NodeProto& node, const std::vector<TensorFact>& outputs) const {
  for (const TensorFact& fact : outputs)
    for (const std::int64_t size : fact.shape)
      if (size < -1)
        return broken(ErrorKind::invalid, node, "writes the size " + std::to_string(size));
  return {};
}

bool GraphWalk::fold(const NodeProto& node, const Inputs& inputs,
                     std::vector<TensorFact>& outputs) {
  const auto fact = [&](int i) {
    return i < static_cast<int>(inputs.size()) ? inputs[static_cast<std::size_t>(i)] : nullptr;
  };
  FoldInputs known;
  known.value = [&](int i) { return fact(i) != nullptr ? fact(i)->value.get() : nullptr; };
  known.full_shape = [&](int i) {
    return fact(i) != nullptr && fact(i)->complete() ? &fact(i)->shape : nullptr;
  };
  auto values = folded(node, known);
  if (values.empty() || values.size() != outputs.size()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    outputs[i].has_shape = true;
    outputs[i].shape = values[i].shape;
    outputs[i].type = values[i].type;
    outputs[i].value = kept(std::move(values[i]));
  }
  return true;
}

// One whose numbers are not kept: its shape is said all the same.
Status GraphWalk::take_constant(const NodeProto& node, std::vector<TensorFact>& outputs) {
  if (outputs.empty()) return {};
  for (const auto& attribute : node.attribute()) {
    TensorFact& fact = outputs[0];
    if (attribute.name() == "value" || attribute.name() == "sparse_value") {
      const bool sparse = attribute.name() == "sparse_value";
      const auto& dims = sparse ? attribute.sparse_tensor().dims() : attribute.t().dims();
      fact.shape.assign(dims.begin(), dims.end());
      fact.type =
          sparse ? attribute.sparse_tensor().values().data_type() : attribute.t().data_type();
      for (std::int64_t& size : fact.shape)
        if (size < 0) size = -2;  // refused with the other sizes below 0
      fact.has_shape = true;
    }
    if (attribute.name() == "value_string" || attribute.name() == "value_strings") {
      fact.has_shape = true;
      fact.type = onnx::TensorProto::STRING;
      if (attribute.name() == "value_strings") fact.shape = {attribute.strings_size()};
    }
    if (attribute.name() == "value_ints" || attribute.name() == "value_floats") {
      const bool ints = attribute.name() == "value_ints";
      fact.has_shape = true;
      fact.type = ints ? onnx::TensorProto::INT64 : onnx::TensorProto::FLOAT;
      fact.shape = {ints ? attribute.ints_size() : attribute.floats_size()};
    }
  }
  for (const std::int64_t size : outputs[0].shape)
    if (size < 0)
      return fail(ErrorKind::invalid, describe_node(node) + " has a size below 0",
                  "Export the model again");
  return {};
}

// Whether a node's outputs are known before the first inference. A Shape is, as all shapes are
// fixed once the batch is.
bool GraphWalk::is_constant(const NodeProto& node, const Inputs& inputs) {
  // ONNX Runtime's own, as its quantiser's DequantizeLinear of a weight: those that are counted.
  if (!in_onnx_domain(node.domain()) &&
      (node.domain() != "com.microsoft" || find_contrib_shape_rule(node.op_type()) == nullptr))
    return false;
  const std::string& name = node.op_type();
  if (name == "Shape" || name == "Size") return true;
  if (name.rfind("Random", 0) == 0 || name == "Bernoulli" || name == "Multinomial") return false;
  if (node.input_size() == 0) return name == "Constant";
  if (std::all_of(inputs.begin(), inputs.end(), [](auto* input) { return input == nullptr; }))
    return false;
  return std::all_of(inputs.begin(), inputs.end(),
                     [](const TensorFact* input) { return input == nullptr || input->constant; });
}

void GraphWalk::mark_constant(const NodeProto& node, const Inputs& inputs,
                              std::vector<TensorFact>& outputs) {
  const std::string& name = node.op_type();
  const TensorFact* first = inputs.empty() ? nullptr : inputs[0];
  for (TensorFact& fact : outputs) {
    fact.constant = true;
    if (first == nullptr) continue;
    // A quantised weight is stored, and read, as such.
    if (name == "DequantizeLinear") fact.stored_type = first->type;
    if (name == "Transpose" || name == "Reshape" || name == "Identity" || name == "Unsqueeze" ||
        name == "Squeeze")
      fact.stored_type = first->stored_type;
  }
}

// A layer that is counted needs the shapes of what it reads and of what it writes first. Of one
// that is not counted, what is missing is said in its reason.
Status GraphWalk::check_known(const NodeProto& node, const Inputs& inputs, const Scope& scope,
                              OnnxNode& result) const {
  if (!result.why_unknown.empty()) return {};
  if (!is_counted(result.operation)) return {};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr || inputs[i]->complete()) continue;
    const std::string& tensor = node.input(static_cast<int>(i));
    return missing_shape(node, tensor, scope.writer_without_shape(tensor));
  }
  if (node.output_size() == 0 || node.output(0).empty()) return {};
  const TensorFact* first = scope.find(node.output(0));
  if (first != nullptr && first->complete()) return {};
  if (depends_on_data(result.operation)) {
    result.why_unknown = "how much it writes depends on the data";
    return {};
  }
  return missing_shape(node, node.output(0), "");
}

tl::unexpected<Error> GraphWalk::missing_shape(const NodeProto& node, const std::string& tensor,
                                               const std::string& writer) const {
  std::string why;
  if (!writer.empty() && writer != describe_node(node))
    why = ": it is not known what " + writer + " writes";
  return fail(ErrorKind::unsupported,
              name_ + ": the shape of tensor '" + tensor + "' at " + describe_node(node) +
                  " cannot be inferred" + why,
              "Record the tensor's shape in the file (value_info: the exporter's or the "
              "runtime's shape inference does), or simplify the model first");
}

// ONNX's inference takes a Reshape's target at its word. With another batch than the file's, a
// target that names the old one would silently give wrong shapes.
Status GraphWalk::check_reshape(const NodeProto& node, const Inputs& inputs,
                                const Scope& scope) const {
  if (!in_onnx_domain(node.domain()) || node.op_type() != "Reshape") return {};
  const TensorFact* output = node.output_size() > 0 ? scope.find(node.output(0)) : nullptr;
  if (inputs.empty() || inputs[0] == nullptr || output == nullptr || !output->complete()) return {};
  const auto &from = inputs[0]->shape, &to = output->shape;
  const bool old_batch = axes_.file_batch != 0 && !from.empty() && !to.empty() &&
                         from[0] == axes_.batch && to[0] == axes_.file_batch;
  if (saturating_product(from) == saturating_product(to) && !old_batch) return {};
  return broken(ErrorKind::unsupported, node,
                "has a size baked into it, such as the batch" +
                    (axes_.file_batch != 0 ? " (" + std::to_string(axes_.file_batch) + ")" : "") +
                    ", so that it does not run with batch size " + std::to_string(axes_.batch),
                "Use the file's own sizes, or export the model with open ones");
}

OnnxNode GraphWalk::converted(const NodeProto& node) {
  OnnxNode result;
  result.name = name_of_node(node);
  result.operation =
      in_onnx_domain(node.domain()) ? node.op_type() : node.domain() + "." + node.op_type();
  result.inputs.assign(node.input().begin(), node.input().end());
  result.outputs.assign(node.output().begin(), node.output().end());
  for (const auto& attribute : node.attribute()) {
    if (attribute.type() == onnx::AttributeProto::INT)
      result.integers[attribute.name()] = {attribute.i()};
    if (attribute.type() == onnx::AttributeProto::INTS)
      result.integers[attribute.name()] = {attribute.ints().begin(), attribute.ints().end()};
    if (attribute.type() == onnx::AttributeProto::STRING)
      result.texts[attribute.name()] = attribute.s();
  }
  return result;
}

}  // namespace isojoule

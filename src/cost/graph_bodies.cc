// Graphs inside nodes: functions, If, Loop, Scan.
#include <algorithm>
#include <memory>

#include "cost/graph_walker.h"

namespace isojoule {
namespace {

// A node's attributes in place of a function's parameters of them, also in graphs inside.
void replace_references(google::protobuf::RepeatedPtrField<onnx::AttributeProto>& attributes,
                        const onnx::NodeProto& call) {
  for (auto& attribute : attributes)
    if (attribute.has_g())
      for (auto& node : *attribute.mutable_g()->mutable_node())
        replace_references(*node.mutable_attribute(), call);
  for (int i = attributes.size() - 1; i >= 0; --i) {
    const std::string reference = attributes.Get(i).ref_attr_name();
    if (reference.empty()) continue;
    const std::string name = attributes.Get(i).name();
    if (const auto* given = find_attribute(call, reference.c_str())) {
      *attributes.Mutable(i) = *given;
      attributes.Mutable(i)->set_name(name);
    } else {
      attributes.DeleteSubrange(i, 1);
    }
  }
}

}  // namespace

Status GraphWalk::call(const onnx::FunctionProto& function, const NodeProto& node,
                       const Inputs& inputs, int depth, OnnxNode& result,
                       std::vector<TensorFact>& outputs) {
  GraphProto graph;
  for (const auto& inner : function.node()) {
    auto& copy = *graph.add_node();
    copy = inner;
    replace_references(*copy.mutable_attribute(), node);
  }
  Scope scope;
  for (int i = 0; i < function.input_size(); ++i) {
    const bool given = i < static_cast<int>(inputs.size()) && inputs[static_cast<std::size_t>(i)];
    if (given)
      scope.facts[function.input(i)] = *inputs[static_cast<std::size_t>(i)];
    else
      drop_input(graph, function.input(i));
  }
  const auto before = opsets_;
  for (const auto& import : function.opset_import())
    opsets_[domain_of(import.domain())] = import.version();
  auto body = walk(graph, scope, depth + 1);
  opsets_ = before;
  if (!body) return tl::unexpected<Error>(std::move(body).error());
  result.bodies.push_back(std::move(*body));
  for (int i = 0; i < function.output_size() && i < node.output_size(); ++i)
    if (const TensorFact* fact = scope.find(function.output(i)))
      outputs[static_cast<std::size_t>(i)] = *fact;
  return {};
}

// An optional input that the caller leaves out is left out inside, too.
void GraphWalk::drop_input(GraphProto& graph, const std::string& name) {
  for (auto& node : *graph.mutable_node()) drop_input(node, name);
}

void GraphWalk::drop_input(NodeProto& node, const std::string& name) {
  for (auto& input : *node.mutable_input())
    if (input == name) input.clear();
  for (auto& attribute : *node.mutable_attribute())
    if (attribute.has_g()) drop_input(*attribute.mutable_g(), name);
}

bool GraphWalk::runs_graphs(const NodeProto& node) {
  return node.op_type() == "If" || node.op_type() == "Loop" || node.op_type() == "Scan";
}

onnx::GraphProto* GraphWalk::graph_attribute(NodeProto& node, const char* name) {
  for (auto& attribute : *node.mutable_attribute())
    if (attribute.name() == name && attribute.has_g()) return attribute.mutable_g();
  return nullptr;
}

Status GraphWalk::run_graphs(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                             OnnxNode& result, std::vector<TensorFact>& outputs) {
  Status status;
  const std::size_t notes = notes_.size(), more_notes = more_notes_;
  if (node.op_type() == "If") status = run_if(node, inputs, scope, depth, result, outputs);
  if (node.op_type() == "Loop") status = run_loop(node, inputs, scope, depth, result, outputs);
  if (node.op_type() == "Scan") status = run_scan(node, inputs, scope, depth, result, outputs);
  if (!status && status.error().kind == ErrorKind::unsupported) {
    result.why_unknown = status.error().what;
    notes_.resize(notes);
    more_notes_ = more_notes;
    outputs.assign(outputs.size(), {});
  } else if (!status) {
    return status;
  }
  if (!result.why_unknown.empty()) result.bodies.clear();
  return {};
}

Result<GraphWalk::Body> GraphWalk::walk_body(GraphProto& graph,
                                             const std::vector<TensorFact>& inputs,
                                             const Scope& around, int depth) {
  Scope scope;
  scope.around = &around;
  for (int i = 0; i < graph.input_size(); ++i)
    if (i < static_cast<int>(inputs.size()))
      scope.facts[graph.input(i).name()] = inputs[static_cast<std::size_t>(i)];
  Body body;
  ISOJOULE_TRY(body.network, walk(graph, scope, depth + 1));
  for (const auto& output : graph.output()) {
    const TensorFact* fact = scope.find(output.name());
    if (fact == nullptr)
      return fail(ErrorKind::invalid,
                  name_ + ": nothing writes '" + output.name() + "', which a graph inside a " +
                      "layer gives back",
                  "Export the model again");
    body.outputs.push_back(*fact);
  }
  return body;
}

Status GraphWalk::run_if(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                         OnnxNode& result, std::vector<TensorFact>& outputs) {
  GraphProto* branches[] = {graph_attribute(node, "then_branch"),
                            graph_attribute(node, "else_branch")};
  if (branches[0] == nullptr || branches[1] == nullptr)
    return broken(ErrorKind::invalid, node, "lacks a branch");
  const SmallValue* condition =
      !inputs.empty() && inputs[0] != nullptr ? inputs[0]->value.get() : nullptr;
  if (condition != nullptr && condition->numbers.size() == 1) {
    GraphProto& taken = *branches[condition->numbers[0] != 0 ? 0 : 1];
    ISOJOULE_TRY(Body body, walk_body(taken, {}, scope, depth));
    for (std::size_t i = 0; i < std::min(outputs.size(), body.outputs.size()); ++i)
      outputs[i] = body.outputs[i];
    result.bodies.push_back(std::move(body.network));
    return {};
  }
  ISOJOULE_TRY(Body first, walk_body(*branches[0], {}, scope, depth));
  ISOJOULE_TRY(Body second, walk_body(*branches[1], {}, scope, depth));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (i >= first.outputs.size() || i >= second.outputs.size()) break;
    const TensorFact &a = first.outputs[i], &b = second.outputs[i];
    if (!a.complete() || a.shape != b.shape) continue;
    outputs[i].has_shape = true;
    outputs[i].shape = a.shape;
    outputs[i].type = a.type;
  }
  result.bodies.push_back(std::move(first.network));
  result.bodies.push_back(std::move(second.network));
  note(describe_node(node) + ": its condition depends on the data; the dearer branch is counted");
  return {};
}

TensorFact GraphWalk::carried(const TensorFact* fact) {
  TensorFact copy = fact != nullptr ? *fact : TensorFact{};
  copy.constant = false;
  copy.value.reset();
  copy.stored_type = 0;
  return copy;
}

TensorFact GraphWalk::number(int type, std::optional<long double> value, const GraphProto& graph,
                             int input) {
  TensorFact fact;
  fact.type = type;
  fact.has_shape = true;
  if (input < graph.input_size() && graph.input(input).type().tensor_type().shape().dim_size() == 1)
    fact.shape = {1};
  if (value)
    fact.value = std::make_shared<const SmallValue>(SmallValue{type, fact.shape, {*value}});
  fact.identity = ++identities_;
  return fact;
}

Status GraphWalk::run_loop(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                           OnnxNode& result, std::vector<TensorFact>& outputs) {
  GraphProto* graph = graph_attribute(node, "body");
  if (graph == nullptr || inputs.size() < 2)
    return broken(ErrorKind::invalid, node, "lacks its body");
  std::vector<TensorFact> given = {number(onnx::TensorProto::INT64, {}, *graph, 0),
                                   number(onnx::TensorProto::BOOL, 1.0L, *graph, 1)};
  for (std::size_t i = 2; i < inputs.size(); ++i) given.push_back(carried(inputs[i]));
  ISOJOULE_TRY(Body body, walk_body(*graph, given, scope, depth));
  const std::size_t states = inputs.size() - 2;
  if (body.outputs.size() < states + 1)
    return broken(ErrorKind::invalid, node, "lacks outputs of its body");
  const auto turns = turns_of(inputs, body.outputs[0]);
  if (!turns) result.why_unknown = "how often it turns depends on the data";
  result.times = turns.value_or(1);
  ISOJOULE_CHECK(take_states(node, given, 2, body.outputs, 1, states, result, outputs));
  for (std::size_t i = 1 + states; i < body.outputs.size() && i - 1 < outputs.size(); ++i)
    outputs[i - 1] = stacked(body.outputs[i], turns.value_or(-1), 0);
  result.bodies.push_back(std::move(body.network));
  return {};
}

std::optional<std::int64_t> GraphWalk::turns_of(const Inputs& inputs, const TensorFact& goes_on) {
  const auto one_number = [](const TensorFact* fact) -> std::optional<std::int64_t> {
    if (fact == nullptr || fact->value == nullptr || fact->value->numbers.size() != 1) return {};
    return fact->value->integer(0);
  };
  const auto begins = inputs[1] == nullptr ? std::optional<std::int64_t>(1) : one_number(inputs[1]);
  const auto most = one_number(inputs[0]);
  const auto again = one_number(&goes_on);
  if (begins && *begins == 0) return 0;
  if (!begins || !again) return {};
  if (*again == 0) return most ? std::clamp<std::int64_t>(*most, 0, 1) : 1;
  if (!most) return {};
  return std::max<std::int64_t>(*most, 0);
}

// What is handed from turn to turn. Where its shape changes, each turn costs something else.
Status GraphWalk::take_states(const NodeProto& node, const std::vector<TensorFact>& given,
                              std::size_t first, const std::vector<TensorFact>& from,
                              std::size_t first_from, std::size_t states, OnnxNode& result,
                              std::vector<TensorFact>& outputs) const {
  for (std::size_t i = 0; i < states; ++i) {
    const TensorFact &before = given[first + i], &after = from[first_from + i];
    if (before.complete() && after.complete() && before.shape == after.shape) {
      if (i < outputs.size()) outputs[i] = carried(&after);
      if (i < outputs.size()) outputs[i].identity = 0;
    } else if (result.why_unknown.empty()) {
      result.why_unknown = "the shape of '" +
                           (i < outputs.size() ? node.output(static_cast<int>(i)) : "a state") +
                           "' changes from turn to turn";
    }
  }
  return {};
}

TensorFact GraphWalk::stacked(const TensorFact& one, std::int64_t length, std::int64_t axis) {
  TensorFact fact = carried(&one);
  fact.identity = 0;
  if (!fact.has_shape) return fact;
  const auto at = axis_of(axis, static_cast<std::int64_t>(fact.shape.size()) + 1);
  if (!at) return {};
  fact.shape.insert(fact.shape.begin() + static_cast<std::ptrdiff_t>(*at), length);
  return fact;
}

// Operator sets 9 and later: no batch axis; each input is cut along its axis.
Status GraphWalk::run_scan(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                           OnnxNode& result, std::vector<TensorFact>& outputs) {
  GraphProto* graph = graph_attribute(node, "body");
  const std::int64_t scanned = integer_attribute(node, "num_scan_inputs", 0);
  const auto all = static_cast<std::int64_t>(inputs.size());
  if (graph == nullptr || scanned < 1 || scanned > all)
    return broken(ErrorKind::invalid, node, "lacks its body or has no num_scan_inputs");
  if (opset_of(node) < 9) {
    result.why_unknown = "Scan of operator set 8 is another one, with a batch axis";
    return {};
  }
  const auto states = static_cast<std::size_t>(all - scanned);
  const auto axes = integers_attribute(node, "scan_input_axes").value_or(RuleShape{});
  std::vector<TensorFact> given;
  std::int64_t length = -1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TensorFact fact = carried(inputs[i]);
    if (i >= states) {
      if (!fact.has_shape) {
        result.why_unknown = "the length that it scans is not known";
        return {};
      }
      const std::size_t number = i - states;
      const auto at = axis_of(number < axes.size() ? axes[number] : 0,
                              static_cast<std::int64_t>(fact.shape.size()));
      if (!at) return broken(ErrorKind::invalid, node, "has a scan axis beyond an input's");
      const std::int64_t own = fact.shape[*at];
      if (length >= 0 && own >= 0 && own != length)
        return broken(ErrorKind::invalid, node, "scans inputs of different lengths");
      if (own >= 0) length = own;
      fact.shape.erase(fact.shape.begin() + static_cast<std::ptrdiff_t>(*at));
    }
    fact.identity = ++identities_;
    given.push_back(std::move(fact));
  }
  ISOJOULE_TRY(Body body, walk_body(*graph, given, scope, depth));
  if (body.outputs.size() < states)
    return broken(ErrorKind::invalid, node, "lacks outputs of its body");
  if (length < 0) result.why_unknown = "the length that it scans is not known";
  result.times = std::max<std::int64_t>(length, 0);
  ISOJOULE_CHECK(take_states(node, given, 0, body.outputs, 0, states, result, outputs));
  const auto out_axes = integers_attribute(node, "scan_output_axes").value_or(RuleShape{});
  for (std::size_t i = states; i < body.outputs.size() && i < outputs.size(); ++i)
    outputs[i] =
        stacked(body.outputs[i], length, i - states < out_axes.size() ? out_axes[i - states] : 0);
  result.bodies.push_back(std::move(body.network));
  return {};
}

}  // namespace isojoule

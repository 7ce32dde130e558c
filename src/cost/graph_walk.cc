#include "cost/graph_walk.h"

#include <algorithm>
#include <memory>

#include "cost/external_data.h"
#include "cost/graph_walker.h"
#include "cost/library_shapes.h"

namespace isojoule {
namespace {

// Larger tensors are a mistake in the file, and their counts would leave 64 bits.
constexpr std::int64_t kMostElements = std::int64_t{1} << 40;
constexpr int kDeepestGraph = 32;               // graphs in nodes and functions in functions
constexpr std::int64_t kMostNodes = 1'000'000;  // walked, those of functions each time again
constexpr std::size_t kMostNotes = 50;
constexpr std::size_t kMostAxes = 64;  // a name's shape is kept at each layer that hands it on
// Numbers of values with more than kAlwaysKept of them, in all: 64 MB.
constexpr std::int64_t kMostKeptNumbers = std::int64_t{1} << 22;
constexpr std::int64_t kAlwaysKept = 64;

// A type of weights and activations, quantised ones among them; integers of 64 bits are indices.
bool is_numeric(int type) {
  using Tensor = onnx::TensorProto;
  return type != Tensor::INT64 && type != Tensor::BOOL && type != Tensor::STRING;
}

std::string text_of(const RuleShape& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "one number" : text;
}

}  // namespace

GraphWalk::GraphWalk(onnx::ModelProto& model, const ClosedAxes& axes, const std::string& name)
    : model_(model), axes_(axes), name_(name) {
  for (const auto& import : model.opset_import())
    opsets_[domain_of(import.domain())] = import.version();
  for (const auto& function : model.functions())
    functions_.emplace(domain_of(function.domain()) + "." + function.name(), &function);
}

Result<OnnxNetwork> GraphWalk::run() {
  Scope scope;
  for (const auto& input : model_.graph().input())
    if (auto fact = fact_of(input.type())) {
      fact->identity = ++identities_;
      ISOJOULE_CHECK(check_size(input.name(), *fact));
      scope.facts[input.name()] = std::move(*fact);
    }
  ISOJOULE_TRY(OnnxNetwork network, walk(*model_.mutable_graph(), scope, 0));
  network.batch = axes_.batch;
  if (notes_.size() == kMostNotes && more_notes_ > 0)
    notes_.push_back("and " + std::to_string(more_notes_) + " more");
  network.notes = std::move(notes_);
  return network;
}

void GraphWalk::note(std::string text) {
  if (notes_.size() < kMostNotes)
    notes_.push_back(std::move(text));
  else
    ++more_notes_;
}

std::string GraphWalk::domain_of(const std::string& domain) {
  return in_onnx_domain(domain) ? "" : domain;
}

std::int64_t GraphWalk::opset_of(const NodeProto& node) const {
  const auto found = opsets_.find(domain_of(node.domain()));
  return found == opsets_.end() ? 1 : found->second;
}

tl::unexpected<Error> GraphWalk::broken(ErrorKind kind, const NodeProto& node,
                                        const std::string& why, const std::string& remedy) const {
  return fail(kind, name_ + ": " + describe_node(node) + " " + why, remedy);
}

// nothing: no type at all.
std::optional<TensorFact> GraphWalk::fact_of(const onnx::TypeProto& type) {
  TensorFact fact;
  if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET) return {};
  fact.no_tensor = !type.has_tensor_type();
  if (fact.no_tensor) return fact;
  const auto& tensor = type.tensor_type();
  fact.type = tensor.elem_type();
  fact.has_shape = tensor.has_shape();
  for (const auto& dim : tensor.shape().dim())
    fact.shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1);
  return fact;
}

Status GraphWalk::check_size(const std::string& tensor, const TensorFact& fact) const {
  if (fact.shape.size() > kMostAxes)
    return fail(ErrorKind::out_of_range,
                name_ + ": tensor '" + tensor + "' has " + std::to_string(fact.shape.size()) +
                    " axes, more than " + std::to_string(kMostAxes),
                "Check the shapes of the model");
  std::int64_t elements = 1;
  for (const std::int64_t size : fact.shape) {
    if (size < 0) continue;
    // Each size, too: beside a 0 it would go unseen.
    if (size > kMostElements || __builtin_mul_overflow(elements, size, &elements) ||
        elements > kMostElements)
      return fail(ErrorKind::out_of_range,
                  name_ + ": tensor '" + tensor + "' is too large to count",
                  "Check the shapes of the model, or use a smaller batch");
  }
  return {};
}

Status GraphWalk::add_initialiser(const std::string& name, const onnx::TensorProto& tensor,
                                  const google::protobuf::RepeatedField<std::int64_t>& dims,
                                  bool sparse, Scope& scope) {
  TensorFact fact;
  fact.has_shape = true;
  fact.shape.assign(dims.begin(), dims.end());
  fact.type = tensor.data_type();
  fact.constant = true;
  fact.identity = ++identities_;
  for (const std::int64_t size : fact.shape)
    if (size < 0)
      return fail(ErrorKind::invalid,
                  name_ + ": tensor '" + name + "' has the size " + std::to_string(size),
                  "Export the model again");
  ISOJOULE_CHECK(check_size(name, fact));
  if (!sparse)
    if (auto value = small_value_of(tensor)) fact.value = kept(std::move(*value));
  scope.facts[name] = std::move(fact);
  return {};
}

// null: too many numbers are held already, as of a file made to fill the memory.
std::shared_ptr<const SmallValue> GraphWalk::kept(SmallValue value) {
  const auto count = static_cast<std::int64_t>(value.numbers.size());
  if (count > kAlwaysKept) {
    if (count > kMostKeptNumbers - kept_numbers_) return nullptr;
    kept_numbers_ += count;
  }
  return std::make_shared<const SmallValue>(std::move(value));
}

Status GraphWalk::begin_graph(GraphProto& graph, Scope& scope) {
  for (const auto& tensor : graph.initializer())
    ISOJOULE_CHECK(add_initialiser(tensor.name(), tensor, tensor.dims(), false, scope));
  for (const auto& tensor : graph.sparse_initializer())
    ISOJOULE_CHECK(
        add_initialiser(tensor.values().name(), tensor.values(), tensor.dims(), true, scope));
  for (const auto& info : graph.value_info())
    if (auto fact = fact_of(info.type())) scope.recorded[info.name()] = std::move(*fact);
  for (const auto& info : graph.output())
    if (auto fact = fact_of(info.type())) scope.recorded[info.name()] = std::move(*fact);
  return {};
}

Result<OnnxNetwork> GraphWalk::walk(GraphProto& graph, Scope& scope, int depth) {
  if (depth > kDeepestGraph)
    return fail(ErrorKind::invalid,
                name_ + ": graphs or functions are nested more than " +
                    std::to_string(kDeepestGraph) + " deep",
                "Export the model again");
  ISOJOULE_CHECK(begin_graph(graph, scope));
  OnnxNetwork network;
  for (auto& node : *graph.mutable_node()) ISOJOULE_CHECK(walk_node(node, scope, depth, network));
  for (const OnnxNode& node : network.nodes) {
    for (const auto& input : node.inputs) publish(input, scope, network);
    for (const auto& output : node.outputs) publish(output, scope, network);
  }
  return network;
}

void GraphWalk::publish(const std::string& name, const Scope& scope, OnnxNetwork& network) {
  const TensorFact* fact = name.empty() ? nullptr : scope.find(name);
  if (fact == nullptr || !fact->complete()) return;
  OnnxTensor tensor;
  tensor.shape = fact->shape;
  tensor.element_bits = bits_of_element(fact->stored_type != 0 ? fact->stored_type : fact->type);
  tensor.constant = fact->constant;
  tensor.numeric = is_numeric(fact->type);
  tensor.identity = fact->identity;
  network.tensors.emplace(name, std::move(tensor));
}

Status GraphWalk::walk_node(NodeProto& node, Scope& scope, int depth, OnnxNetwork& network) {
  if (++walked_ > kMostNodes)
    return fail(ErrorKind::out_of_range,
                name_ + ": more than " + std::to_string(kMostNodes) + " layers",
                "Check the model's functions: each call repeats their layers");
  if (const std::string wrong = wrong_attribute(node, opset_of(node)); !wrong.empty())
    return broken(ErrorKind::invalid, node, "has a wrong attribute: " + wrong);
  if (const std::string wrong = wrong_window(node); !wrong.empty())
    return broken(ErrorKind::invalid, node, wrong);
  Inputs inputs;
  ISOJOULE_CHECK(find_inputs(node, scope, inputs));
  std::vector<TensorFact> outputs(static_cast<std::size_t>(node.output_size()));
  OnnxNode result = converted(node);
  const auto function = functions_.find(domain_of(node.domain()) + "." + node.op_type());
  bool listed = true;
  if (function != functions_.end()) {
    ISOJOULE_CHECK(call(*function->second, node, inputs, depth, result, outputs));
  } else if (in_onnx_domain(node.domain()) && runs_graphs(node)) {
    ISOJOULE_CHECK(run_graphs(node, inputs, scope, depth, result, outputs));
  } else {
    ISOJOULE_CHECK(infer(node, inputs, outputs));
    listed = !is_constant(node, inputs);
    if (!listed) mark_constant(node, inputs, outputs);
  }
  ISOJOULE_CHECK(keep_outputs(node, scope, outputs));
  if (!listed) return {};
  if (result.bodies.empty()) {
    ISOJOULE_CHECK(check_known(node, inputs, scope, result));
    ISOJOULE_CHECK(check_reshape(node, inputs, scope));
  }
  network.nodes.push_back(std::move(result));
  return {};
}

Status GraphWalk::find_inputs(const NodeProto& node, const Scope& scope, Inputs& inputs) const {
  for (const auto& input : node.input()) {
    const TensorFact* fact = input.empty() ? nullptr : scope.find(input);
    if (fact == nullptr && !input.empty())
      return broken(ErrorKind::invalid, node,
                    "reads '" + input + "', which nothing writes before it");
    inputs.push_back(fact);
  }
  return {};
}

Status GraphWalk::keep_outputs(const NodeProto& node, Scope& scope,
                               std::vector<TensorFact>& outputs) {
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string& name = node.output(i);
    if (name.empty()) continue;
    TensorFact& fact = outputs[static_cast<std::size_t>(i)];
    use_recorded(node, name, scope, fact);
    if (fact.identity == 0) fact.identity = ++identities_;
    ISOJOULE_CHECK(check_size(name, fact));
    if (!fact.complete()) {
      const int known = first_unknown_input(node, scope);
      const std::string from =
          known < 0 ? std::string() : scope.writer_without_shape(node.input(known));
      scope.unknown_from[name] = from.empty() ? describe_node(node) : from;
    }
    if (!scope.facts.emplace(name, std::move(fact)).second)
      return broken(ErrorKind::invalid, node,
                    "writes '" + name + "', which is there already in the same graph");
  }
  return {};
}

int GraphWalk::first_unknown_input(const NodeProto& node, const Scope& scope) {
  for (int i = 0; i < node.input_size(); ++i) {
    const TensorFact* fact = node.input(i).empty() ? nullptr : scope.find(node.input(i));
    if (fact != nullptr && !fact->complete()) return i;
  }
  return -1;
}

// What the file says of a shape is used where nothing else is known of it: exporters leave old
// ones behind.
void GraphWalk::use_recorded(const NodeProto& node, const std::string& name, const Scope& scope,
                             TensorFact& fact) {
  const auto found = scope.recorded.find(name);
  if (found == scope.recorded.end()) return;
  const TensorFact& recorded = found->second;
  if (recorded.no_tensor && !fact.has_shape) fact.no_tensor = true;
  if (fact.type == 0) fact.type = recorded.type;
  if (axes_.own_sizes_replaced || !recorded.complete()) return;
  if (!fact.complete()) {
    fact.has_shape = true;
    fact.shape = recorded.shape;
  } else if (fact.shape != recorded.shape) {
    note("the file records " + text_of(recorded.shape) + " for tensor '" + name + "', " +
         describe_node(node) + " gives it " + text_of(fact.shape) + ": the latter is counted");
  }
}

bool in_onnx_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string name_of_node(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return node.output_size() > 0 ? node.output(0) : "";
}

std::string describe_node(const onnx::NodeProto& node) {
  return "layer '" + name_of_node(node) + "' (" + node.op_type() + ")";
}

Result<OnnxNetwork> walk_graph(onnx::ModelProto& model, const ClosedAxes& axes,
                               const std::string& name) {
  return GraphWalk(model, axes, name).run();
}

}  // namespace isojoule

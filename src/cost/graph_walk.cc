#include "cost/graph_walk.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "cost/external_data.h"
#include "cost/library_shapes.h"
#include "cost/operator_cost.h"
#include "cost/saturating.h"
#include "cost/shape_rules.h"

namespace isojoule {
namespace {

using NodeProto = onnx::NodeProto;
using GraphProto = onnx::GraphProto;
using Inputs = std::vector<const TensorFact*>;

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

// Names seen from a graph: its own, then those around it.
struct Scope {
  const Scope* around = nullptr;
  std::unordered_map<std::string, TensorFact> facts;
  std::unordered_map<std::string, TensorFact> recorded;       // what the file says of shapes
  std::unordered_map<std::string, std::string> unknown_from;  // tensors without shape: their layer

  const TensorFact* find(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->around)
      if (const auto found = scope->facts.find(name); found != scope->facts.end())
        return &found->second;
    return nullptr;
  }
  std::string writer_without_shape(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->around)
      if (const auto found = scope->unknown_from.find(name); found != scope->unknown_from.end())
        return found->second;
    return {};
  }
};

using Functions = std::unordered_map<std::string, const onnx::FunctionProto*>;

// A node's attributes in place of a function's parameters of them, also in graphs inside.
void replace_references(google::protobuf::RepeatedPtrField<onnx::AttributeProto>& attributes,
                        const NodeProto& call) {
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

class GraphWalk {
 public:
  GraphWalk(onnx::ModelProto& model, const ClosedAxes& axes, const std::string& name)
      : model_(model), axes_(axes), name_(name) {
    for (const auto& import : model.opset_import())
      opsets_[domain_of(import.domain())] = import.version();
    for (const auto& function : model.functions())
      functions_.emplace(domain_of(function.domain()) + "." + function.name(), &function);
  }

  Result<OnnxNetwork> run() {
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

 private:
  void note(std::string text) {
    if (notes_.size() < kMostNotes)
      notes_.push_back(std::move(text));
    else
      ++more_notes_;
  }

  static std::string domain_of(const std::string& domain) {
    return in_onnx_domain(domain) ? "" : domain;
  }

  std::int64_t opset_of(const NodeProto& node) const {
    const auto found = opsets_.find(domain_of(node.domain()));
    return found == opsets_.end() ? 1 : found->second;
  }

  tl::unexpected<Error> broken(ErrorKind kind, const NodeProto& node, const std::string& why,
                               const std::string& remedy = "Export the model again") const {
    return fail(kind, name_ + ": " + describe_node(node) + " " + why, remedy);
  }

  // ---- facts ------------------------------------------------------------------------------------

  // nothing: no type at all.
  static std::optional<TensorFact> fact_of(const onnx::TypeProto& type) {
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

  Status check_size(const std::string& tensor, const TensorFact& fact) const {
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

  Status add_initialiser(const std::string& name, const onnx::TensorProto& tensor,
                         const google::protobuf::RepeatedField<std::int64_t>& dims, bool sparse,
                         Scope& scope) {
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
  std::shared_ptr<const SmallValue> kept(SmallValue value) {
    const auto count = static_cast<std::int64_t>(value.numbers.size());
    if (count > kAlwaysKept) {
      if (count > kMostKeptNumbers - kept_numbers_) return nullptr;
      kept_numbers_ += count;
    }
    return std::make_shared<const SmallValue>(std::move(value));
  }

  Status begin_graph(GraphProto& graph, Scope& scope) {
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

  // ---- a graph ----------------------------------------------------------------------------------

  Result<OnnxNetwork> walk(GraphProto& graph, Scope& scope, int depth) {
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

  static void publish(const std::string& name, const Scope& scope, OnnxNetwork& network) {
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

  Status walk_node(NodeProto& node, Scope& scope, int depth, OnnxNetwork& network) {
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

  Status find_inputs(const NodeProto& node, const Scope& scope, Inputs& inputs) const {
    for (const auto& input : node.input()) {
      const TensorFact* fact = input.empty() ? nullptr : scope.find(input);
      if (fact == nullptr && !input.empty())
        return broken(ErrorKind::invalid, node,
                      "reads '" + input + "', which nothing writes before it");
      inputs.push_back(fact);
    }
    return {};
  }

  Status keep_outputs(const NodeProto& node, Scope& scope, std::vector<TensorFact>& outputs) {
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

  static int first_unknown_input(const NodeProto& node, const Scope& scope) {
    for (int i = 0; i < node.input_size(); ++i) {
      const TensorFact* fact = node.input(i).empty() ? nullptr : scope.find(node.input(i));
      if (fact != nullptr && !fact->complete()) return i;
    }
    return -1;
  }

  // What the file says of a shape is used where nothing else is known of it: exporters leave old
  // ones behind.
  void use_recorded(const NodeProto& node, const std::string& name, const Scope& scope,
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

  // ---- one node ---------------------------------------------------------------------------------

  // Small numbers, our own rule, the library's, in this order.
  Status infer(const NodeProto& node, const Inputs& inputs, std::vector<TensorFact>& outputs) {
    const bool own_domain = in_onnx_domain(node.domain());
    if (own_domain && fold(node, inputs, outputs)) return {};
    if (own_domain && node.op_type() == "Constant") return take_constant(node, outputs);
    const auto usable = [](const TensorFact* fact) {
      return fact == nullptr || (!fact->no_tensor && fact->has_shape);
    };
    const auto complete = [](const TensorFact* fact) {
      return fact == nullptr || fact->complete();
    };
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
                  "has shapes that cannot be inferred for batch size " +
                      std::to_string(axes_.batch) + ": " + wrong,
                  remedy);
  }

  Status check_sizes(const NodeProto& node, const std::vector<TensorFact>& outputs) const {
    for (const TensorFact& fact : outputs)
      for (const std::int64_t size : fact.shape)
        if (size < -1)
          return broken(ErrorKind::invalid, node, "writes the size " + std::to_string(size));
    return {};
  }

  bool fold(const NodeProto& node, const Inputs& inputs, std::vector<TensorFact>& outputs) {
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
  static Status take_constant(const NodeProto& node, std::vector<TensorFact>& outputs) {
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
  static bool is_constant(const NodeProto& node, const Inputs& inputs) {
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

  static void mark_constant(const NodeProto& node, const Inputs& inputs,
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
  Status check_known(const NodeProto& node, const Inputs& inputs, const Scope& scope,
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

  tl::unexpected<Error> missing_shape(const NodeProto& node, const std::string& tensor,
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
  Status check_reshape(const NodeProto& node, const Inputs& inputs, const Scope& scope) const {
    if (!in_onnx_domain(node.domain()) || node.op_type() != "Reshape") return {};
    const TensorFact* output = node.output_size() > 0 ? scope.find(node.output(0)) : nullptr;
    if (inputs.empty() || inputs[0] == nullptr || output == nullptr || !output->complete())
      return {};
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

  static OnnxNode converted(const NodeProto& node) {
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

  // ---- graphs inside nodes ----------------------------------------------------------------------

  Status call(const onnx::FunctionProto& function, const NodeProto& node, const Inputs& inputs,
              int depth, OnnxNode& result, std::vector<TensorFact>& outputs) {
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
  static void drop_input(GraphProto& graph, const std::string& name) {
    for (auto& node : *graph.mutable_node()) drop_input(node, name);
  }
  static void drop_input(NodeProto& node, const std::string& name) {
    for (auto& input : *node.mutable_input())
      if (input == name) input.clear();
    for (auto& attribute : *node.mutable_attribute())
      if (attribute.has_g()) drop_input(*attribute.mutable_g(), name);
  }

  static bool runs_graphs(const NodeProto& node) {
    return node.op_type() == "If" || node.op_type() == "Loop" || node.op_type() == "Scan";
  }

  static GraphProto* graph_attribute(NodeProto& node, const char* name) {
    for (auto& attribute : *node.mutable_attribute())
      if (attribute.name() == name && attribute.has_g()) return attribute.mutable_g();
    return nullptr;
  }

  Status run_graphs(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
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

  struct Body {
    OnnxNetwork network;
    std::vector<TensorFact> outputs;
  };

  Result<Body> walk_body(GraphProto& graph, const std::vector<TensorFact>& inputs,
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

  Status run_if(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
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

  static TensorFact carried(const TensorFact* fact) {
    TensorFact copy = fact != nullptr ? *fact : TensorFact{};
    copy.constant = false;
    copy.value.reset();
    copy.stored_type = 0;
    return copy;
  }

  TensorFact number(int type, std::optional<long double> value, const GraphProto& graph,
                    int input) {
    TensorFact fact;
    fact.type = type;
    fact.has_shape = true;
    if (input < graph.input_size() &&
        graph.input(input).type().tensor_type().shape().dim_size() == 1)
      fact.shape = {1};
    if (value)
      fact.value = std::make_shared<const SmallValue>(SmallValue{type, fact.shape, {*value}});
    fact.identity = ++identities_;
    return fact;
  }

  Status run_loop(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
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

  static std::optional<std::int64_t> turns_of(const Inputs& inputs, const TensorFact& goes_on) {
    const auto one_number = [](const TensorFact* fact) -> std::optional<std::int64_t> {
      if (fact == nullptr || fact->value == nullptr || fact->value->numbers.size() != 1) return {};
      return fact->value->integer(0);
    };
    const auto begins =
        inputs[1] == nullptr ? std::optional<std::int64_t>(1) : one_number(inputs[1]);
    const auto most = one_number(inputs[0]);
    const auto again = one_number(&goes_on);
    if (begins && *begins == 0) return 0;
    if (!begins || !again) return {};
    if (*again == 0) return most ? std::clamp<std::int64_t>(*most, 0, 1) : 1;
    if (!most) return {};
    return std::max<std::int64_t>(*most, 0);
  }

  // What is handed from turn to turn. Where its shape changes, each turn costs something else.
  Status take_states(const NodeProto& node, const std::vector<TensorFact>& given, std::size_t first,
                     const std::vector<TensorFact>& from, std::size_t first_from,
                     std::size_t states, OnnxNode& result, std::vector<TensorFact>& outputs) const {
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

  static TensorFact stacked(const TensorFact& one, std::int64_t length, std::int64_t axis) {
    TensorFact fact = carried(&one);
    fact.identity = 0;
    if (!fact.has_shape) return fact;
    const auto at = axis_of(axis, static_cast<std::int64_t>(fact.shape.size()) + 1);
    if (!at) return {};
    fact.shape.insert(fact.shape.begin() + static_cast<std::ptrdiff_t>(*at), length);
    return fact;
  }

  // Operator sets 9 and later: no batch axis; each input is cut along its axis.
  Status run_scan(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
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

  onnx::ModelProto& model_;
  const ClosedAxes& axes_;
  const std::string& name_;
  std::unordered_map<std::string, std::int64_t> opsets_;
  Functions functions_;
  std::vector<std::string> notes_;
  std::size_t more_notes_ = 0;
  std::int64_t kept_numbers_ = 0;
  std::int64_t identities_ = 0;
  std::int64_t walked_ = 0;
};

}  // namespace

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

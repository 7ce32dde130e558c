// The walk behind walk_graph(): its own header only because its parts lie in three files.
// graph_walk.cc: graphs and nodes; graph_infer.cc: one node's outputs, and what must be known of
// them; graph_bodies.cc: functions, If, Loop and Scan.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cost/graph_walk.h"
#include "cost/shape_rules.h"

namespace isojoule {

// Names seen from a graph: its own, then those around it.
struct GraphScope {
  const GraphScope* around = nullptr;
  std::unordered_map<std::string, TensorFact> facts;
  std::unordered_map<std::string, TensorFact> recorded;       // what the file says of shapes
  std::unordered_map<std::string, std::string> unknown_from;  // tensors without shape: their layer

  const TensorFact* find(const std::string& name) const {
    for (const GraphScope* scope = this; scope != nullptr; scope = scope->around)
      if (const auto found = scope->facts.find(name); found != scope->facts.end())
        return &found->second;
    return nullptr;
  }
  std::string writer_without_shape(const std::string& name) const {
    for (const GraphScope* scope = this; scope != nullptr; scope = scope->around)
      if (const auto found = scope->unknown_from.find(name); found != scope->unknown_from.end())
        return found->second;
    return {};
  }
};

using FunctionsByName = std::unordered_map<std::string, const onnx::FunctionProto*>;

class GraphWalk {
  using NodeProto = onnx::NodeProto;
  using GraphProto = onnx::GraphProto;
  using Inputs = std::vector<const TensorFact*>;
  using Scope = GraphScope;

 public:
  GraphWalk(onnx::ModelProto& model, const ClosedAxes& axes, const std::string& name);

  Result<OnnxNetwork> run();

 private:
  void note(std::string text);

  static std::string domain_of(const std::string& domain);

  std::int64_t opset_of(const NodeProto& node) const;

  tl::unexpected<Error> broken(ErrorKind kind, const NodeProto& node, const std::string& why,
                               const std::string& remedy = "Export the model again") const;

  // nothing: no type at all.
  static std::optional<TensorFact> fact_of(const onnx::TypeProto& type);

  Status check_size(const std::string& tensor, const TensorFact& fact) const;

  Status add_initialiser(const std::string& name, const onnx::TensorProto& tensor,
                         const google::protobuf::RepeatedField<std::int64_t>& dims, bool sparse,
                         Scope& scope);

  // null: too many numbers are held already, as of a file made to fill the memory.
  std::shared_ptr<const SmallValue> kept(SmallValue value);

  Status begin_graph(GraphProto& graph, Scope& scope);

  Result<OnnxNetwork> walk(GraphProto& graph, Scope& scope, int depth);

  static void publish(const std::string& name, const Scope& scope, OnnxNetwork& network);

  Status walk_node(NodeProto& node, Scope& scope, int depth, OnnxNetwork& network);

  Status find_inputs(const NodeProto& node, const Scope& scope, Inputs& inputs) const;

  Status keep_outputs(const NodeProto& node, Scope& scope, std::vector<TensorFact>& outputs);

  static int first_unknown_input(const NodeProto& node, const Scope& scope);

  // What the file says of a shape is used where nothing else is known of it: exporters leave old
  // ones behind.
  void use_recorded(const NodeProto& node, const std::string& name, const Scope& scope,
                    TensorFact& fact);

  // Small numbers, our own rule, the library's, in this order.
  Status infer(const NodeProto& node, const Inputs& inputs, std::vector<TensorFact>& outputs);

  Status check_sizes(const NodeProto& node, const std::vector<TensorFact>& outputs) const;

  bool fold(const NodeProto& node, const Inputs& inputs, std::vector<TensorFact>& outputs);

  // One whose numbers are not kept: its shape is said all the same.
  static Status take_constant(const NodeProto& node, std::vector<TensorFact>& outputs);

  // Whether a node's outputs are known before the first inference. A Shape is, as all shapes are
  // fixed once the batch is.
  static bool is_constant(const NodeProto& node, const Inputs& inputs);

  static void mark_constant(const NodeProto& node, const Inputs& inputs,
                            std::vector<TensorFact>& outputs);

  // A layer that is counted needs the shapes of what it reads and of what it writes first. Of one
  // that is not counted, what is missing is said in its reason.
  Status check_known(const NodeProto& node, const Inputs& inputs, const Scope& scope,
                     OnnxNode& result) const;

  tl::unexpected<Error> missing_shape(const NodeProto& node, const std::string& tensor,
                                      const std::string& writer) const;

  // ONNX's inference takes a Reshape's target at its word. With another batch than the file's, a
  // target that names the old one would silently give wrong shapes.
  Status check_reshape(const NodeProto& node, const Inputs& inputs, const Scope& scope) const;

  static OnnxNode converted(const NodeProto& node);

  Status call(const onnx::FunctionProto& function, const NodeProto& node, const Inputs& inputs,
              int depth, OnnxNode& result, std::vector<TensorFact>& outputs);

  // An optional input that the caller leaves out is left out inside, too.
  static void drop_input(GraphProto& graph, const std::string& name);
  static void drop_input(NodeProto& node, const std::string& name);

  static bool runs_graphs(const NodeProto& node);

  static GraphProto* graph_attribute(NodeProto& node, const char* name);

  Status run_graphs(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                    OnnxNode& result, std::vector<TensorFact>& outputs);

  struct Body {
    OnnxNetwork network;
    std::vector<TensorFact> outputs;
  };

  Result<Body> walk_body(GraphProto& graph, const std::vector<TensorFact>& inputs,
                         const Scope& around, int depth);

  Status run_if(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                OnnxNode& result, std::vector<TensorFact>& outputs);

  static TensorFact carried(const TensorFact* fact);

  TensorFact number(int type, std::optional<long double> value, const GraphProto& graph, int input);

  Status run_loop(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                  OnnxNode& result, std::vector<TensorFact>& outputs);

  static std::optional<std::int64_t> turns_of(const Inputs& inputs, const TensorFact& goes_on);

  // What is handed from turn to turn. Where its shape changes, each turn costs something else.
  Status take_states(const NodeProto& node, const std::vector<TensorFact>& given, std::size_t first,
                     const std::vector<TensorFact>& from, std::size_t first_from,
                     std::size_t states, OnnxNode& result, std::vector<TensorFact>& outputs) const;

  static TensorFact stacked(const TensorFact& one, std::int64_t length, std::int64_t axis);

  // Operator sets 9 and later: no batch axis; each input is cut along its axis.
  Status run_scan(NodeProto& node, const Inputs& inputs, const Scope& scope, int depth,
                  OnnxNode& result, std::vector<TensorFact>& outputs);

  onnx::ModelProto& model_;
  const ClosedAxes& axes_;
  const std::string& name_;
  std::unordered_map<std::string, std::int64_t> opsets_;
  FunctionsByName functions_;
  std::vector<std::string> notes_;
  std::size_t more_notes_ = 0;
  std::int64_t kept_numbers_ = 0;
  std::int64_t identities_ = 0;
  std::int64_t walked_ = 0;
};

}  // namespace isojoule

#include "cost/onnx_reader.h"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <unordered_set>

#include "cost/external_data.h"
#include "cost/graph_walk.h"
#include "cost/library_shapes.h"
#include "cost/onnx_skim.h"
#include "cost/open_axes.h"

namespace isojoule {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

class Reader {
 public:
  Reader(std::span<const char> file, const CostOptions& options, const std::string& name,
         const std::optional<std::string>& folder)
      : file_(file), options_(options), name_(name), folder_(folder) {}

  Result<OnnxNetwork> run() {
    ISOJOULE_CHECK(parse());
    ISOJOULE_CHECK(check_names());
    ISOJOULE_CHECK(check_order());
    ISOJOULE_TRY(const ClosedAxes axes, close_axes(graph(), initialisers_, options_, name_));
    ISOJOULE_CHECK(check_windows());
    ISOJOULE_CHECK(check_nodes());
    std::vector<std::string> notes;
    ISOJOULE_CHECK(take_external_data(model_, folder_, name_, notes));
    ISOJOULE_TRY(OnnxNetwork network, walk_graph(model_, axes, name_));
    network.notes.insert(network.notes.begin(), notes.begin(), notes.end());
    return network;
  }

 private:
  const onnx::GraphProto& graph_view() const { return model_.graph(); }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  Status parse() {
    ISOJOULE_TRY(const std::string bytes, skim_onnx(file_, name_));
    if (!model_.ParseFromString(bytes))
      return fail(ErrorKind::parse, name_ + ": no ONNX file, or a damaged one",
                  "Copy or export the model again");
    if (!model_.has_graph() || graph().node_size() == 0)
      return fail(ErrorKind::parse, name_ + ": the ONNX file holds no network",
                  "Export the model again, with its graph");
    for (const auto& import : model_.opset_import())
      if (in_onnx_domain(import.domain())) opset_ = import.version();
    if (opset_ < 1)
      return fail(ErrorKind::invalid, name_ + ": the ONNX file does not say its operator set",
                  "Export the model again");
    for (const auto& tensor : graph().initializer()) initialisers_.insert(tensor.name());
    for (const auto& tensor : graph().sparse_initializer())
      initialisers_.insert(tensor.values().name());
    return {};
  }

  Status check_names() const {
    std::unordered_set<std::string> seen;
    for (const auto& input : graph_view().input())
      if (!seen.insert(input.name()).second)
        return fail(ErrorKind::invalid, name_ + ": two inputs are called '" + input.name() + "'",
                    "Export the model again");
    seen.clear();
    for (const auto& tensor : graph_view().initializer())
      if (!seen.insert(tensor.name()).second)
        return fail(ErrorKind::invalid, name_ + ": two weights are called '" + tensor.name() + "'",
                    "Export the model again");
    return {};
  }

  // ONNX wants every tensor to be there before the layer that reads it.
  Status check_order() {
    std::unordered_set<std::string> produced;
    for (const auto& node : graph().node())
      for (const auto& output : node.output()) {
        if (!output.empty() && !produced.insert(output).second)
          return fail(ErrorKind::invalid,
                      name_ + ": tensor '" + output + "' is written by two layers",
                      "Export the model again");
      }
    std::unordered_set<std::string> there(initialisers_);
    for (const auto& input : graph().input()) there.insert(input.name());
    for (const auto& name : there)
      if (produced.count(name) != 0)
        return fail(
            ErrorKind::invalid,
            name_ + ": tensor '" + name + "' is an input or a weight, and a layer writes it",
            "Export the model again");
    for (const auto& node : graph().node()) {
      for (const auto& input : node.input()) {
        if (input.empty() || there.count(input) != 0) continue;
        const bool later = produced.count(input) != 0;
        return fail(ErrorKind::invalid,
                    name_ + ": " + describe_node(node) + " reads '" + input + "', which " +
                        (later ? "only a later layer writes: the graph is cyclic or not sorted"
                               : "nothing writes"),
                    later ? "Sort the graph, or export the model again" : "Export the model again");
      }
      for (const auto& output : node.output()) there.insert(output);
    }
    return {};
  }

  Status check_windows() const {
    for (const auto& node : graph_view().node())
      if (const std::string wrong = wrong_window(node); !wrong.empty())
        return fail(ErrorKind::invalid, name_ + ": " + describe_node(node) + " " + wrong,
                    "Export the model again");
    return {};
  }

  // Against ONNX's schemas: the number of inputs, required attributes and their types. Nodes with
  // tensors or graphs inside are left out (their data may have been skimmed), and so are operator
  // sets that are newer than the library.
  Status check_nodes() {
    const auto* registry = onnx::OpSchemaRegistry::Instance();
    if (opset_ > newest_library_opset()) return {};
    onnx::checker::CheckerContext context;
    context.set_ir_version(static_cast<int>(std::max<std::int64_t>(model_.ir_version(), 3)));
    context.set_opset_imports({{"", static_cast<int>(opset_)}});
    const onnx::checker::LexicalScopeContext scope;
    for (const auto& node : graph().node()) {
      const bool nested = std::any_of(node.attribute().begin(), node.attribute().end(),
                                      [](const onnx::AttributeProto& a) {
                                        return a.has_t() || a.has_g() || a.tensors_size() > 0 ||
                                               a.graphs_size() > 0 || a.has_sparse_tensor();
                                      });
      if (nested || !in_onnx_domain(node.domain()) ||
          registry->GetSchema(node.op_type(), static_cast<int>(opset_)) == nullptr)
        continue;
      try {
        onnx::checker::check_node(node, context, scope);
      } catch (const std::exception& fault) {
        return fail(ErrorKind::invalid,
                    name_ + ": " + describe_node(node) + ": " + first_line(fault.what()),
                    "Export the model again");
      }
    }
    return {};
  }

  std::span<const char> file_;
  const CostOptions& options_;
  const std::string& name_;
  const std::optional<std::string>& folder_;
  onnx::ModelProto model_;
  std::int64_t opset_ = 0;
  std::unordered_set<std::string> initialisers_;
};

}  // namespace

Result<OnnxNetwork> read_onnx(std::span<const char> file, const CostOptions& options,
                              const std::string& name, const std::optional<std::string>& folder) {
  return Reader(file, options, name, folder).run();
}

}  // namespace isojoule

#include "cost/onnx_reader.h"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "cost/onnx_skim.h"

namespace isojoule {
namespace {

// Larger tensors are a mistake in the file, and their counts would leave 64 bits.
constexpr std::int64_t kMostElements = std::int64_t{1} << 40;

bool onnx_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string name_of_node(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return node.output_size() > 0 ? node.output(0) : "";
}

std::string describe(const onnx::NodeProto& node) {
  return "layer '" + name_of_node(node) + "' (" + node.op_type() + ")";
}

std::int64_t bytes_of_element(int type) {
  using Tensor = onnx::TensorProto;
  switch (type) {
    case Tensor::DOUBLE:
    case Tensor::INT64:
    case Tensor::UINT64:
    case Tensor::COMPLEX64: return 8;
    case Tensor::COMPLEX128: return 16;
    case Tensor::FLOAT16:
    case Tensor::BFLOAT16:
    case Tensor::INT16:
    case Tensor::UINT16: return 2;
    case Tensor::INT8:
    case Tensor::UINT8:
    case Tensor::BOOL: return 1;
    default: return 4;
  }
}

// A type of weights and activations, quantised ones among them; integers of 64 bits are indices.
bool is_numeric(int type) {
  using Tensor = onnx::TensorProto;
  return type != Tensor::INT64 && type != Tensor::BOOL && type != Tensor::STRING;
}

class Reader {
 public:
  Reader(std::span<const char> file, std::int64_t batch, const std::string& name)
      : file_(file), batch_(batch), name_(name) {}

  Result<OnnxNetwork> run() {
    if (batch_ < 1)
      return fail(ErrorKind::invalid, "batch size " + std::to_string(batch_), "Give 1 or more");
    ISOJOULE_CHECK(parse());
    ISOJOULE_CHECK(check_order());
    ISOJOULE_CHECK(apply_batch());
    move_reduction_axes();
    ISOJOULE_CHECK(check_nodes());
    ISOJOULE_CHECK(infer());
    ISOJOULE_CHECK(collect_tensors());
    ISOJOULE_CHECK(collect_nodes());
    ISOJOULE_CHECK(check_reshapes());
    network_.batch = batch_;
    return std::move(network_);
  }

 private:
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
      if (onnx_domain(import.domain())) opset_ = import.version();
    if (opset_ < 1)
      return fail(ErrorKind::invalid, name_ + ": the ONNX file does not say its operator set",
                  "Export the model again");
    for (const auto& tensor : graph().initializer()) initialisers_.insert(tensor.name());
    for (const auto& tensor : graph().sparse_initializer())
      initialisers_.insert(tensor.values().name());
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
    for (const auto& node : graph().node()) {
      for (const auto& input : node.input()) {
        if (input.empty() || there.count(input) != 0) continue;
        const bool later = produced.count(input) != 0;
        return fail(ErrorKind::invalid,
                    name_ + ": " + describe(node) + " reads '" + input + "', which " +
                        (later ? "only a later layer writes: the graph is cyclic or not sorted"
                               : "nothing writes"),
                    later ? "Sort the graph, or export the model again" : "Export the model again");
      }
      for (const auto& output : node.output()) there.insert(output);
    }
    return {};
  }

  // The graph's inputs that are no weights.
  std::vector<onnx::ValueInfoProto*> true_inputs() {
    std::vector<onnx::ValueInfoProto*> result;
    for (auto& input : *graph().mutable_input())
      if (initialisers_.count(input.name()) == 0) result.push_back(&input);
    return result;
  }

  Status check_input(const onnx::ValueInfoProto& input) const {
    if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape())
      return fail(ErrorKind::unsupported, name_ + ": input '" + input.name() + "' has no shape",
                  "Export the model with the shapes of its inputs");
    const auto& shape = input.type().tensor_type().shape();
    for (int axis = 0; axis < shape.dim_size(); ++axis) {
      const auto& dim = shape.dim(axis);
      if (dim.has_dim_value() && dim.dim_value() < 1)
        return fail(ErrorKind::invalid,
                    name_ + ": input '" + input.name() + "' has the size " +
                        std::to_string(dim.dim_value()) + " along axis " + std::to_string(axis),
                    "Export the model again with positive sizes, or a named one for the batch");
      if (!dim.has_dim_value() && axis > 0)
        return fail(ErrorKind::unsupported,
                    name_ + ": input '" + input.name() + "' has no fixed size along axis " +
                        std::to_string(axis) +
                        (dim.dim_param().empty() ? "" : " ('" + dim.dim_param() + "')"),
                    "Export the model with fixed sizes; only the batch may be open");
    }
    return {};
  }

  Status apply_batch() {
    bool dynamic = false;
    std::set<std::string> symbols;
    for (const auto* input : true_inputs()) {
      ISOJOULE_CHECK(check_input(*input));
      const auto& shape = input->type().tensor_type().shape();
      if (shape.dim_size() == 0 || shape.dim(0).has_dim_value()) continue;
      dynamic = true;
      if (!shape.dim(0).dim_param().empty()) symbols.insert(shape.dim(0).dim_param());
    }
    if (dynamic) {
      for (auto* input : true_inputs()) set_open_batch(*input);
      for (auto& info : *graph().mutable_value_info()) set_symbol(info, symbols);
      for (auto& output : *graph().mutable_output()) set_symbol(output, symbols);
    } else {
      replace_static_batch();
    }
    return {};
  }

  void set_open_batch(onnx::ValueInfoProto& input) const {
    auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    if (shape.dim_size() > 0 && !shape.dim(0).has_dim_value())
      shape.mutable_dim(0)->set_dim_value(batch_);
  }

  void set_symbol(onnx::ValueInfoProto& info, const std::set<std::string>& symbols) const {
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) return;
    for (auto& dim : *info.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim())
      if (symbols.count(dim.dim_param()) != 0) dim.set_dim_value(batch_);
  }

  void replace_static_batch() {
    for (auto* input : true_inputs()) {
      auto& shape = *input->mutable_type()->mutable_tensor_type()->mutable_shape();
      if (shape.dim_size() == 0) continue;
      if (file_batch_ == 0) file_batch_ = shape.dim(0).dim_value();
      if (shape.dim(0).dim_value() == file_batch_) shape.mutable_dim(0)->set_dim_value(batch_);
    }
    if (file_batch_ == batch_ || file_batch_ == 0) {
      file_batch_ = 0;
      return;
    }
    // The recorded shapes hold the old batch.
    graph().clear_value_info();
    for (auto& output : *graph().mutable_output())
      if (output.type().has_tensor_type())
        output.mutable_type()->mutable_tensor_type()->clear_shape();
  }

  // Operator set 18 made the axes of reductions an input. The schemas of an older ONNX library know
  // them as an attribute only, and would reduce over all axes.
  void move_reduction_axes() {
    const auto* schema = onnx::OpSchemaRegistry::Instance()->GetSchema("ReduceMean", 1 << 20);
    if (schema == nullptr || schema->max_input() > 1 || opset_ < 18) return;
    for (auto& node : *graph().mutable_node()) {
      if (node.op_type().rfind("Reduce", 0) != 0 || node.op_type() == "ReduceSum" ||
          node.input_size() != 2)
        continue;
      const onnx::TensorProto* axes = constant_data(node.input(1));
      if (axes == nullptr) continue;
      auto& attribute = *node.add_attribute();
      attribute.set_name("axes");
      attribute.set_type(onnx::AttributeProto::INTS);
      for (const std::int64_t axis : integers_of(*axes)) attribute.add_ints(axis);
      node.mutable_input()->RemoveLast();
    }
  }

  // The data of an initialiser or a Constant node, or nullptr.
  const onnx::TensorProto* constant_data(const std::string& tensor) {
    for (const auto& initialiser : graph().initializer())
      if (initialiser.name() == tensor) return &initialiser;
    for (const auto& node : graph().node()) {
      if (node.op_type() != "Constant" || node.output_size() == 0 || node.output(0) != tensor)
        continue;
      for (const auto& attribute : node.attribute())
        if (attribute.has_t()) return &attribute.t();
    }
    return nullptr;
  }

  static std::vector<std::int64_t> integers_of(const onnx::TensorProto& tensor) {
    std::vector<std::int64_t> values(tensor.int64_data().begin(), tensor.int64_data().end());
    if (!values.empty() || tensor.data_type() != onnx::TensorProto::INT64) return values;
    values.resize(tensor.raw_data().size() / sizeof(std::int64_t));
    std::copy_n(tensor.raw_data().data(), values.size() * sizeof(std::int64_t),
                reinterpret_cast<char*>(values.data()));
    return values;
  }

  // Numbers that ONNX's inference divides by, unchecked.
  Status check_windows(const onnx::NodeProto& node) const {
    for (const auto& attribute : node.attribute()) {
      const std::string& key = attribute.name();
      const bool window = key == "strides" || key == "dilations" || key == "kernel_shape";
      std::vector<std::int64_t> values(attribute.ints().begin(), attribute.ints().end());
      if (key == "group" || key == "blocksize" || key == "num_outputs")
        values.push_back(attribute.i());
      else if (!window)
        continue;
      for (const std::int64_t value : values)
        if (value < 1)
          return fail(
              ErrorKind::invalid,
              name_ + ": " + describe(node) + " has " + std::to_string(value) + " in its " + key,
              "Export the model again");
    }
    return {};
  }

  // Against ONNX's schemas: the number of inputs, required attributes and their types. Nodes with
  // tensors or graphs inside are left out (their data may have been skimmed), and so are operator
  // sets that are newer than the library.
  Status check_nodes() {
    for (const auto& node : graph().node()) ISOJOULE_CHECK(check_windows(node));
    const auto* registry = onnx::OpSchemaRegistry::Instance();
    const auto& ranges = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
    if (const auto range = ranges.find(""); range == ranges.end() || opset_ > range->second.second)
      return {};
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
      if (nested || !onnx_domain(node.domain()) ||
          registry->GetSchema(node.op_type(), static_cast<int>(opset_)) == nullptr)
        continue;
      try {
        onnx::checker::check_node(node, context, scope);
      } catch (const std::exception& fault) {
        return fail(ErrorKind::invalid,
                    name_ + ": " + describe(node) + ": " + first_line(fault.what()),
                    "Export the model again");
      }
    }
    return {};
  }

  Status infer() {
    try {
      const onnx::ShapeInferenceOptions options{true, 1, true};  // types, strict, data too
      onnx::shape_inference::InferShapes(model_, onnx::OpSchemaRegistry::Instance(), options);
    } catch (const std::exception& fault) {
      std::string remedy = "Check the model with ONNX's own checker, or export it again";
      if (file_batch_ != 0)
        remedy = "The file has the fixed batch size " + std::to_string(file_batch_) +
                 ": use that one, or export the model with an open batch";
      return fail(ErrorKind::unsupported,
                  name_ + ": the shapes cannot be inferred for batch size " +
                      std::to_string(batch_) + ": " + first_line(fault.what()),
                  remedy);
    }
    return {};
  }

  Status add_tensor(const std::string& tensor, int type, std::vector<std::int64_t> shape,
                    bool constant) {
    std::int64_t elements = 1;
    for (const std::int64_t size : shape) {
      if (size < 0)
        return fail(ErrorKind::invalid,
                    name_ + ": tensor '" + tensor + "' has the size " + std::to_string(size),
                    "Export the model again");
      if (__builtin_mul_overflow(elements, size, &elements) || elements > kMostElements)
        return fail(ErrorKind::out_of_range,
                    name_ + ": tensor '" + tensor + "' is too large to count",
                    "Check the shapes of the model, or use a smaller batch");
    }
    network_.tensors[tensor] = {std::move(shape), bytes_of_element(type), constant,
                                is_numeric(type)};
    return {};
  }

  // Leaves tensors out whose shape is not fully known.
  Status add_info(const onnx::ValueInfoProto& info) {
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) return {};
    const auto& type = info.type().tensor_type();
    std::vector<std::int64_t> shape;
    for (const auto& dim : type.shape().dim()) {
      if (!dim.has_dim_value()) return {};
      shape.push_back(dim.dim_value());
    }
    return add_tensor(info.name(), type.elem_type(), std::move(shape), false);
  }

  Status collect_tensors() {
    for (const auto& info : graph().input()) ISOJOULE_CHECK(add_info(info));
    for (const auto& info : graph().output()) ISOJOULE_CHECK(add_info(info));
    for (const auto& info : graph().value_info()) ISOJOULE_CHECK(add_info(info));
    for (const auto& tensor : graph().initializer())
      ISOJOULE_CHECK(add_tensor(tensor.name(), tensor.data_type(),
                                {tensor.dims().begin(), tensor.dims().end()}, true));
    for (const auto& tensor : graph().sparse_initializer())
      ISOJOULE_CHECK(add_tensor(tensor.values().name(), tensor.values().data_type(),
                                {tensor.dims().begin(), tensor.dims().end()}, true));
    return {};
  }

  // Whether a node's outputs are known before the first inference. A Shape is, as all shapes are
  // fixed once the batch is.
  bool is_constant(const onnx::NodeProto& node) const {
    if (!onnx_domain(node.domain())) return false;
    if (node.op_type() == "Shape" || node.op_type() == "Size") return true;
    if (node.op_type().rfind("Random", 0) == 0) return false;
    return std::all_of(node.input().begin(), node.input().end(), [this](const std::string& input) {
      const auto found = network_.tensors.find(input);
      return input.empty() || (found != network_.tensors.end() && found->second.constant);
    });
  }

  Status collect_nodes() {
    for (const auto& node : graph().node()) {
      if (is_constant(node)) {
        mark_constant(node);
        continue;
      }
      ISOJOULE_CHECK(check_shapes_known(node));
      network_.nodes.push_back(converted(node));
    }
    return {};
  }

  void mark_constant(const onnx::NodeProto& node) {
    for (const auto& output : node.output()) {
      const auto found = network_.tensors.find(output);
      if (found == network_.tensors.end()) continue;
      found->second.constant = true;
      // A quantised weight is stored, and read, as such.
      if (node.op_type() != "DequantizeLinear") continue;
      const auto source = network_.tensors.find(node.input(0));
      if (source != network_.tensors.end())
        found->second.element_bytes = source->second.element_bytes;
    }
  }

  Status check_shapes_known(const onnx::NodeProto& node) const {
    const auto missing = [&](const std::string& tensor) {
      return fail(ErrorKind::unsupported,
                  name_ + ": the shape of tensor '" + tensor + "' at " + describe(node) +
                      " cannot be inferred",
                  "Run the exporter's shape inference, or simplify the model first");
    };
    for (const auto& input : node.input())
      if (!input.empty() && network_.tensors.count(input) == 0) return missing(input);
    if (node.output_size() > 0 && network_.tensors.count(node.output(0)) == 0)
      return missing(node.output(0));
    return {};
  }

  static OnnxNode converted(const onnx::NodeProto& node) {
    OnnxNode result;
    result.name = name_of_node(node);
    result.operation =
        onnx_domain(node.domain()) ? node.op_type() : node.domain() + "." + node.op_type();
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

  std::int64_t elements_of(const std::string& tensor) const {
    std::int64_t elements = 1;
    for (const std::int64_t size : network_.tensors.at(tensor).shape) elements *= size;
    return elements;
  }

  // ONNX's inference takes a Reshape's target at its word. With another batch than the file's, a
  // target that names the old one would silently give wrong shapes.
  Status check_reshapes() const {
    for (const auto& node : network_.nodes) {
      if (node.operation != "Reshape") continue;
      const auto& from = network_.tensors.at(node.inputs[0]).shape;
      const auto& to = network_.tensors.at(node.outputs[0]).shape;
      const bool old_batch = file_batch_ != 0 && !from.empty() && !to.empty() &&
                             from[0] == batch_ && to[0] == file_batch_;
      const bool same_count = elements_of(node.inputs[0]) == elements_of(node.outputs[0]);
      if (same_count && !old_batch) continue;
      return fail(ErrorKind::unsupported,
                  name_ + ": layer '" + node.name + "' (Reshape) has a batch size baked into it" +
                      (file_batch_ != 0 ? " (" + std::to_string(file_batch_) + ")" : "") +
                      ", so that it does not run with " + std::to_string(batch_),
                  "Use the file's own batch size, or export the model with an open batch");
    }
    return {};
  }

  std::span<const char> file_;
  std::int64_t batch_;
  const std::string& name_;
  onnx::ModelProto model_;
  std::int64_t opset_ = 0;
  std::int64_t file_batch_ = 0;  // the file's fixed batch where another one replaced it; else 0
  std::unordered_set<std::string> initialisers_;
  OnnxNetwork network_;
};

}  // namespace

Result<OnnxNetwork> read_onnx(std::span<const char> file, std::int64_t batch,
                              const std::string& name) {
  return Reader(file, batch, name).run();
}

}  // namespace isojoule

#include "engine/opencv/worker/onnx_changes.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

namespace isojoule {
namespace {

bool has_limits_as_inputs(const onnx::NodeProto& node) {
  return node.op_type() == "Clip" && node.input_size() > 1;
}

bool is_open(const onnx::ValueInfoProto& input) {
  const auto& dimensions = input.type().tensor_type().shape().dim();
  return std::any_of(dimensions.begin(), dimensions.end(),
                     [](const auto& dimension) { return !dimension.has_dim_value(); });
}

std::optional<float> scalar_of(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::FLOAT) return std::nullopt;
  if (tensor.float_data_size() == 1) return tensor.float_data(0);
  float value = 0;
  if (tensor.raw_data().size() != sizeof(value)) return std::nullopt;
  std::memcpy(&value, tensor.raw_data().data(), sizeof(value));
  return value;
}

std::map<std::string, float> scalars_of(const onnx::GraphProto& graph) {
  std::map<std::string, float> scalars;
  for (const auto& tensor : graph.initializer())
    if (const auto value = scalar_of(tensor)) scalars[tensor.name()] = *value;
  for (const auto& node : graph.node())
    if (node.op_type() == "Constant" && node.output_size() == 1)
      for (const auto& attribute : node.attribute())
        if (const auto value = scalar_of(attribute.t())) scalars[node.output(0)] = *value;
  return scalars;
}

void add_limit(onnx::NodeProto& node, const char* name, float value) {
  auto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
}

// A limit that is computed stays as it is, and OpenCV says what it makes of it.
void change_clip(onnx::NodeProto& node, const std::map<std::string, float>& scalars) {
  const char* names[] = {"min", "max"};
  for (int i = 1; i < node.input_size(); ++i)
    if (!node.input(i).empty() && !scalars.contains(node.input(i))) return;
  for (int i = 1; i < node.input_size() && i <= 2; ++i)
    if (!node.input(i).empty()) add_limit(node, names[i - 1], scalars.at(node.input(i)));
  node.mutable_input()->DeleteSubrange(1, node.input_size() - 1);
}

void close_shape(onnx::ValueInfoProto& input, const TensorSpec& spec) {
  auto* shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
  shape->clear_dim();
  for (const std::int64_t size : spec.shape) shape->add_dim()->set_dim_value(size);
}

}  // namespace

std::string OnnxChanges::words() const {
  std::string words = clips ? "Clip as in operator set 10" : "";
  if (shapes) words += words.empty() ? "shapes closed" : ", shapes closed";
  return words;
}

OnnxChanges needed_changes(const onnx::GraphProto& graph) {
  OnnxChanges changes;
  const auto& nodes = graph.node();
  changes.clips = std::any_of(nodes.begin(), nodes.end(), has_limits_as_inputs);
  const bool computes_shapes = std::any_of(
      nodes.begin(), nodes.end(), [](const auto& node) { return node.op_type() == "Shape"; });
  changes.shapes =
      computes_shapes && std::any_of(graph.input().begin(), graph.input().end(), is_open);
  return changes;
}

void change(onnx::GraphProto& graph, const OnnxChanges& changes,
            const std::vector<TensorSpec>& inputs) {
  if (changes.clips) {
    const auto scalars = scalars_of(graph);
    for (auto& node : *graph.mutable_node())
      if (has_limits_as_inputs(node)) change_clip(node, scalars);
  }
  if (!changes.shapes) return;
  graph.clear_value_info();  // of the open shapes
  for (auto& input : *graph.mutable_input())
    for (const TensorSpec& spec : inputs)
      if (spec.name == input.name()) close_shape(input, spec);
}

}  // namespace isojoule

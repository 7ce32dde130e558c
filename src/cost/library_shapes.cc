#include "cost/library_shapes.h"

#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <deque>

#include "cost/node_attributes.h"

namespace isojoule {
namespace {

const onnx::OpSchema* schema_of(const onnx::NodeProto& node, std::int64_t opset) {
  const std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  if (domain.empty()) opset = std::min(opset, newest_library_opset());
  return onnx::OpSchemaRegistry::Instance()->GetSchema(node.op_type(), static_cast<int>(opset),
                                                       domain);
}

onnx::TypeProto type_of(const TensorFact& fact) {
  onnx::TypeProto type;
  auto& tensor = *type.mutable_tensor_type();
  tensor.set_elem_type(fact.type == 0 ? static_cast<int>(onnx::TensorProto::FLOAT) : fact.type);
  if (!fact.has_shape) return type;
  tensor.mutable_shape();
  for (const std::int64_t size : fact.shape) {
    auto& dim = *tensor.mutable_shape()->add_dim();
    if (size >= 0) dim.set_dim_value(size);
  }
  return type;
}

std::string take_type(const onnx::TypeProto& type, TensorFact& fact) {
  if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET) return {};
  if (!type.has_tensor_type()) {
    fact.no_tensor = true;
    return {};
  }
  const auto& tensor = type.tensor_type();
  fact.type = tensor.elem_type();
  if (!tensor.has_shape()) return {};
  fact.has_shape = true;
  for (const auto& dim : tensor.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() < 0)
      return "an output gets the size " + std::to_string(dim.dim_value());
    fact.shape.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  }
  return {};
}

// What the library's inference takes for granted, as its checker runs before it elsewhere: a
// missing input or attribute would be read through a null pointer. Empty: all there.
std::string missing_part(const onnx::NodeProto& node, const onnx::OpSchema& schema,
                         const std::vector<const TensorFact*>& inputs) {
  const auto given = static_cast<int>(inputs.size());
  for (int i = 0; i < static_cast<int>(schema.inputs().size()); ++i) {
    const auto option = schema.inputs()[static_cast<std::size_t>(i)].GetOption();
    const bool needed = option == onnx::OpSchema::Single || i < schema.min_input();
    if (needed && (i >= given || inputs[static_cast<std::size_t>(i)] == nullptr))
      return "it lacks its input " + std::to_string(i);
  }
  if (!schema.inputs().empty() && schema.inputs().back().GetOption() == onnx::OpSchema::Variadic &&
      std::any_of(inputs.begin(), inputs.end(), [](auto* input) { return input == nullptr; }))
    return "it lacks one of its inputs";
  for (const auto& [name, attribute] : schema.attributes())
    if (attribute.required && find_attribute(node, name.c_str()) == nullptr)
      return "it lacks its attribute '" + name + "'";
  return {};
}

// The default of whatever type is asked for: from version 1.13 on, the library's context wants its
// options where before it wanted a pointer to shapes that were generated.
struct Default {
  template <typename Type>
  operator Type() const {  // NOLINT(google-explicit-constructor): it is for converting
    return Type();
  }
};

}  // namespace

std::int64_t newest_library_opset() {
  static const std::int64_t newest = [] {
    const auto& ranges = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
    const auto range = ranges.find("");
    return range == ranges.end() ? 1 : range->second.second;
  }();
  return newest;
}

std::string infer_by_library(const onnx::NodeProto& node,
                             const std::vector<const TensorFact*>& inputs, std::int64_t opset,
                             std::vector<TensorFact>& outputs) {
  const onnx::OpSchema* schema = schema_of(node, opset);
  if (schema == nullptr || !schema->has_type_and_shape_inference_function()) return {};
  if (std::string missing = missing_part(node, *schema, inputs); !missing.empty()) return missing;
  // A form that is newer than the library's.
  if (node.input_size() > schema->max_input() || node.output_size() > schema->max_output() ||
      node.output_size() < schema->min_output())
    return {};
  std::deque<onnx::TypeProto> types;
  std::deque<onnx::TensorProto> tensors;
  std::unordered_map<std::string, onnx::TypeProto*> types_by_name;
  std::unordered_map<std::string, const onnx::TensorProto*> data_by_name;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    const std::string& name = node.input(static_cast<int>(i));
    types_by_name[name] = &types.emplace_back(type_of(*inputs[i]));
    if (inputs[i]->value != nullptr)
      data_by_name[name] = &tensors.emplace_back(tensor_of(*inputs[i]->value));
  }
  onnx::NodeProto copy = node;  // the library's interface asks for one that it could change
  try {
    onnx::shape_inference::InferenceContextImpl context(copy, types_by_name, data_by_name, {},
                                                        Default());
    schema->GetTypeAndShapeInferenceFunction()(context);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string wrong = take_type(context.allOutputTypes_[i], outputs[i]);
      if (!wrong.empty()) return wrong;
    }
  } catch (const std::exception& fault) {
    const std::string text = fault.what();
    return text.substr(0, text.find('\n'));
  }
  return {};
}

std::string wrong_window(const onnx::NodeProto& node) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;  // a product of two stays in 64 bits
  for (const auto& attribute : node.attribute()) {
    const std::string& key = attribute.name();
    std::vector<std::int64_t> values(attribute.ints().begin(), attribute.ints().end());
    const bool single = key == "group" || key == "blocksize" || key == "num_outputs";
    if (single) values = {attribute.i()};
    const bool positive = single || key == "strides" || key == "dilations" || key == "kernel_shape";
    if (!positive && key != "pads" && key != "output_padding" && key != "output_shape") continue;
    const std::int64_t most = key == "blocksize" ? std::int64_t{1} << 16 : kMost;
    for (const std::int64_t value : values)
      if ((positive && value < 1) || value > most || value < -most)
        return "has " + std::to_string(value) + " in its " + key;
  }
  return {};
}

std::string wrong_attribute(const onnx::NodeProto& node, std::int64_t opset) {
  const onnx::OpSchema* schema = schema_of(node, opset);
  if (schema == nullptr) return {};
  for (const auto& attribute : node.attribute()) {
    const auto known = schema->attributes().find(attribute.name());
    if (known == schema->attributes().end() || !attribute.ref_attr_name().empty() ||
        attribute.type() == onnx::AttributeProto::UNDEFINED)
      continue;
    if (known->second.type != attribute.type())
      return "attribute '" + attribute.name() + "' is of type " +
             onnx::AttributeProto::AttributeType_Name(attribute.type()) + " instead of " +
             onnx::AttributeProto::AttributeType_Name(known->second.type);
  }
  return {};
}

}  // namespace isojoule

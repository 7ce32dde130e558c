// Networks of one or two operators, written by the tests of the engine.
#pragma once

#include <onnx/onnx_pb.h>

#include <cctype>
#include <string>
#include <vector>

namespace isojoule {

inline constexpr int kWidth = 4;

// What follows a shape: a number, or a name for a dimension that is left open.
inline void describe(onnx::ValueInfoProto& value, const std::string& name,
                     const std::vector<std::string>& shape, int type = onnx::TensorProto::FLOAT) {
  value.set_name(name);
  auto* tensor = value.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (const std::string& size : shape) {
    auto* dimension = tensor->mutable_shape()->add_dim();
    if (std::isdigit(static_cast<unsigned char>(size[0])))
      dimension->set_dim_value(std::stoi(size));
    else
      dimension->set_dim_param(size);
  }
}

inline onnx::ModelProto empty_model() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  model.mutable_graph()->set_name("tiny");
  return model;
}

inline onnx::NodeProto& add_node(onnx::ModelProto& model, const std::string& op,
                                 const std::vector<std::string>& in, const std::string& out) {
  auto* node = model.mutable_graph()->add_node();
  node->set_op_type(op);
  for (const std::string& name : in) node->add_input(name);
  node->add_output(out);
  return *node;
}

inline void add_weight(onnx::ModelProto& model, const std::string& name,
                       const std::vector<int>& shape, float fill) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  int count = 1;
  for (const int size : shape) tensor->add_dims(size), count *= size;
  for (int i = 0; i < count; ++i) tensor->add_float_data(fill);
}

// relu(x W + b) with x: batch x 4; `fill` is every weight.
inline std::string gemm_model(const std::string& batch, float fill = 0.5f) {
  onnx::ModelProto model = empty_model();
  describe(*model.mutable_graph()->add_input(), "x", {batch, std::to_string(kWidth)});
  describe(*model.mutable_graph()->add_output(), "y", {batch, std::to_string(kWidth)});
  add_weight(model, "w", {kWidth, kWidth}, fill);
  add_weight(model, "b", {kWidth}, fill);
  add_node(model, "Gemm", {"x", "w", "b"}, "h");
  add_node(model, "Relu", {"h"}, "y");
  return model.SerializeAsString();
}

// y = `op`(x) on a batch x length of numbers of a type.
inline onnx::ModelProto one_operator(const std::string& op, int type = onnx::TensorProto::FLOAT) {
  onnx::ModelProto model = empty_model();
  describe(*model.mutable_graph()->add_input(), "x", {"batch", "length"}, type);
  describe(*model.mutable_graph()->add_output(), "y", {"batch", "length"}, type);
  add_node(model, op, {"x"}, "y").set_name("the node");
  return model;
}

// A shape that is worked out from the input's, as exporters write it: x -> batch x 1 x length.
inline std::string shape_model() {
  onnx::ModelProto model = empty_model();
  describe(*model.mutable_graph()->add_input(), "x", {"batch", "6"});
  describe(*model.mutable_graph()->add_output(), "y", {"batch", "2", "3"});
  auto* rest = model.mutable_graph()->add_initializer();
  rest->set_name("rest");
  rest->set_data_type(onnx::TensorProto::INT64);
  rest->add_dims(2);
  for (const int size : {2, 3}) rest->add_int64_data(size);
  auto* zero = model.mutable_graph()->add_initializer();
  zero->set_name("zero");
  zero->set_data_type(onnx::TensorProto::INT64);
  zero->add_dims(1);
  zero->add_int64_data(0);
  add_node(model, "Shape", {"x"}, "shape");
  add_node(model, "Gather", {"shape", "zero"}, "first");
  auto* axis = add_node(model, "Concat", {"first", "rest"}, "target").add_attribute();
  axis->set_name("axis");
  axis->set_type(onnx::AttributeProto::INT);
  axis->set_i(0);
  add_node(model, "Reshape", {"x", "target"}, "y");
  return model.SerializeAsString();
}

// What is computed from weights alone: y = `op`(weights), beside an input that goes through.
inline onnx::ModelProto folded(const std::string& op, const std::vector<std::string>& weights) {
  onnx::ModelProto model = one_operator("Relu");
  model.mutable_graph()->mutable_node(0)->set_output(0, "z");
  describe(*model.mutable_graph()->add_output(), "z", {"batch", "length"});
  add_node(model, op, weights, "y").set_name("the node");
  return model;
}

inline void add_numbers(onnx::ModelProto& model, const std::string& name, int type,
                        const std::vector<int>& shape, const std::vector<int>& values) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (const int size : shape) tensor->add_dims(size);
  for (const int value : values)
    type == onnx::TensorProto::INT64 ? tensor->add_int64_data(value)
                                     : tensor->add_int32_data(value);
}

}  // namespace isojoule

#include "cost/onnx_skim.h"

#include <onnx/onnx_pb.h>

namespace isojoule {
namespace {

onnx::TensorProto* add_tensor(onnx::ModelProto& model, const std::string& name,
                              std::size_t floats) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  tensor->add_dims(static_cast<std::int64_t>(floats));
  tensor->mutable_raw_data()->assign(floats * 4, 'x');
  return tensor;
}

onnx::ModelProto skimmed(const onnx::ModelProto& model) {
  const std::string bytes = model.SerializeAsString();
  const auto result = skim_onnx(bytes, "m");
  EXPECT_TRUE(result) << to_string(result.error());
  onnx::ModelProto parsed;
  EXPECT_TRUE(parsed.ParseFromString(*result));
  return parsed;
}

TEST(OnnxSkim, DropsOnlyTheDataOfLargeTensors) {
  onnx::ModelProto model;
  model.set_ir_version(7);
  model.mutable_graph()->set_name("g");
  add_tensor(model, "small", 10);
  add_tensor(model, "large", kSkimKeptBytes);
  auto* node = model.mutable_graph()->add_node();
  node->set_op_type("Constant");
  node->add_output("c");
  auto* attribute = node->add_attribute();
  attribute->set_name("value");
  attribute->set_type(onnx::AttributeProto::TENSOR);
  attribute->mutable_t()->mutable_float_data()->Resize(kSkimKeptBytes, 1.0F);

  onnx::ModelProto expected = model;
  expected.mutable_graph()->mutable_initializer(1)->clear_raw_data();
  expected.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_t()->clear_float_data();
  EXPECT_EQ(skimmed(model).SerializeAsString(), expected.SerializeAsString());
}

TEST(OnnxSkim, GraphsInsideNodesAreSkimmedToo) {
  onnx::ModelProto model;
  model.set_ir_version(7);
  auto* attribute = model.mutable_graph()->add_node()->add_attribute();
  onnx::ModelProto inner;
  add_tensor(inner, "large", kSkimKeptBytes);
  *attribute->mutable_g() = inner.graph();
  EXPECT_LT(skimmed(model).ByteSizeLong(), 100u);
}

TEST(OnnxSkim, SaysWhereAFileEnds) {
  onnx::ModelProto model;
  model.set_ir_version(7);
  add_tensor(model, "large", kSkimKeptBytes);
  const std::string bytes = model.SerializeAsString();
  const auto result = skim_onnx(std::span(bytes).first(bytes.size() / 2), "m.onnx");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::parse);
  EXPECT_NE(
      result.error().what.find("m.onnx: a part runs beyond the end (truncated file?) at byte 2"),
      std::string::npos)
      << result.error().what;
}

}  // namespace
}  // namespace isojoule

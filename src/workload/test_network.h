// What the tests of networks ask of a model's bytes.
#pragma once

#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <string>

namespace isojoule {

inline onnx::ModelProto parsed(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

// Our own shapes are merged with ONNX's, which throws where they differ.
inline void expect_shapes_agree(onnx::ModelProto& model) {
  const int infos = model.graph().value_info_size();
  EXPECT_EQ(infos, model.graph().node_size() - model.graph().output_size());
  EXPECT_NO_THROW(onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                                     onnx::ShapeInferenceOptions{true, 1, true}));
  EXPECT_EQ(model.graph().value_info_size(), infos) << "a tensor without a recorded shape";
}

// Each node against its operator's schema in the model's set; the whole checker wants weights.
inline void expect_nodes_valid(const onnx::ModelProto& model) {
  onnx::checker::CheckerContext context;
  context.set_ir_version(static_cast<int>(model.ir_version()));
  context.set_opset_imports({{"", static_cast<int>(model.opset_import(0).version())}});
  for (const auto& node : model.graph().node())
    EXPECT_NO_THROW(onnx::checker::check_node(node, context, {})) << node.name();
}

}  // namespace isojoule

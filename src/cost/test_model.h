// Models for tests, in ONNX's text form, with weights that have shapes but no data.
#pragma once

#include <gtest/gtest.h>
#include <onnx/defs/parser.h>
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cost/cost.h"

namespace isojoule {

using Dims = std::vector<std::int64_t>;

inline onnx::ModelProto model_of(const std::string& graph,
                                 const std::map<std::string, Dims>& weights = {}, int opset = 13) {
  onnx::ModelProto model;
  const std::string text =
      "<ir_version: 7, opset_import: [\"\" : " + std::to_string(opset) + "]>\n" + graph;
  const auto status = onnx::OnnxParser::Parse(model, text.c_str());
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
  for (const auto& [name, dims] : weights) {
    auto& tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const auto size : dims) tensor.add_dims(size);
  }
  return model;
}

inline void add_integers(onnx::ModelProto& model, const std::string& name, const Dims& values) {
  auto& tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  for (const auto value : values) tensor.add_int64_data(value);
}

inline Result<NetworkCost> cost_of(const onnx::ModelProto& model, std::int64_t batch = 1) {
  return network_cost_of_bytes(model.SerializeAsString(), batch, "test");
}

// The only layer of a model; the test fails where there is no such.
inline LayerCost only_layer(const onnx::ModelProto& model, std::int64_t batch = 1) {
  const auto cost = cost_of(model, batch);
  EXPECT_TRUE(cost) << (cost ? "" : to_string(cost.error()));
  if (!cost || cost->layers.size() != 1) {
    ADD_FAILURE() << "not one layer";
    return {};
  }
  return cost->layers[0];
}

}  // namespace isojoule

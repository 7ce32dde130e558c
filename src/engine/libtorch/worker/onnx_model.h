// An ONNX file as plain data, so that no source here includes both protobuf and LibTorch.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule::libtorch {

struct OnnxData {
  std::string name;
  int type = 0;  // onnx.TensorProto.DataType
  std::vector<std::int64_t> shape;
  std::string bytes;  // elements in order, little-endian
};

struct OnnxAttribute {
  std::vector<std::int64_t> integers;  // one value: size 1
  std::vector<float> numbers;
  std::vector<std::string> texts;
  std::vector<OnnxData> tensors;
};

struct OnnxNode {
  std::string name;  // the node's, or its first output's
  std::string operation;
  std::string domain;                        // "": ONNX's own
  std::vector<std::string> inputs, outputs;  // "" where an optional one is left out
  std::map<std::string, OnnxAttribute, std::less<>> attributes;
};

struct OnnxModel {
  std::int64_t opset = 1;
  std::vector<TensorSpec> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxData> initialisers;
  std::vector<OnnxNode> nodes;  // in the graph's order
};

// `folder`: where external data lies. Errors: parse (cut short, no ONNX), not_found (external
// data), unsupported (a type of tensor that no network here needs).
Result<OnnxModel> read_onnx_model(std::span<const char> file, const std::string& folder);
// A TensorProto by itself, as ONNX's test data has them. Errors: parse.
Result<OnnxData> read_onnx_data(std::span<const char> file);

}  // namespace isojoule::libtorch

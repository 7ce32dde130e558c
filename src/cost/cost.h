// What a network has to do, layer by layer, from its ONNX graph.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule {

struct LayerCost {
  std::string name;       // the node's name, or its first output's
  std::string operation;  // ONNX op_type
  std::int64_t macs = 0;       // multiply-accumulates; a convolution's bias is not one
  std::int64_t other_ops = 0;  // operations that are no MACs (activation, pooling, addition)
  std::int64_t bytes_read = 0;     // activations in, FP32 unless the tensor says otherwise
  std::int64_t bytes_written = 0;  // activations out
  std::int64_t bytes_weights = 0;  // parameters read
  std::int64_t parameters = 0;     // each counted at the first layer that uses it
  // The layer as a matrix product, for the models of time: rows x columns x depth, `groups` times.
  // rows = output positions (batch x height x width), columns = output channels a group,
  // depth = input channels a group x kernel. All 0 where it is none.
  std::int64_t rows = 0, columns = 0, depth = 0, groups = 0;
  std::vector<std::int64_t> output_shape;
  bool known = true;  // false: an operator whose operations are not counted
};

struct NetworkCost {
  std::string name;
  std::int64_t batch = 1;
  std::vector<LayerCost> layers;
  std::int64_t macs() const;
  std::int64_t other_ops() const;
  std::int64_t parameters() const;
  std::int64_t bytes_read() const;
  std::int64_t bytes_written() const;
  std::int64_t bytes_weights() const;
};

// `batch` replaces a dynamic (or, where every use allows, static) first dimension of the inputs.
// Weights are not read, so that a large file is quick. Errors: not_found, parse (truncated or no
// ONNX), unsupported (a shape cannot be inferred: which tensor), invalid (batch < 1).
Result<NetworkCost> network_cost(const std::string& model_path, std::int64_t batch);
Result<NetworkCost> network_cost_of_bytes(const std::string& bytes, std::int64_t batch,
                                          const std::string& name);

}  // namespace isojoule

// What a network has to do, from its ONNX file; weights are not read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isojoule/error.h"

namespace isojoule {

struct LayerDescription {
  std::string name;
  std::string operation;  // ONNX op_type
  std::int64_t macs = 0;
  std::int64_t other_operations = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes_read = 0;  // activations; weights are counted apart
  std::int64_t bytes_written = 0;
  std::int64_t bytes_weights = 0;
  bool known = true;  // false: an operator whose operations are not counted
  // As a matrix product: rows x columns x depth, `groups` times, are its MACs. rows: output
  // positions of the whole batch (a transposed convolution: input positions); columns: output
  // channels of a group; depth: input channels of a group x kernel. All 0 where it is none.
  std::int64_t rows = 0, columns = 0, depth = 0, groups = 0;
  std::int64_t kernel = 1;  // positions of a convolution's kernel: 9 of 3 x 3
};

struct NetworkDescription {
  std::string name;
  std::int64_t batch = 1;
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  std::vector<LayerDescription> layers;
};

// Errors: not_found, parse (no ONNX, or truncated), unsupported (a shape cannot be inferred),
// invalid.
Result<NetworkDescription> describe_network(const std::string& model_path, std::int64_t batch = 1);

}  // namespace isojoule

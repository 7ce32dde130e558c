// The inputs of the ONNX model, and which of their dimensions trtexec has to be told.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/tensor.h"
#include "engine/trtexec/options.h"

namespace isojoule::trtexec {

struct ModelInputs {
  std::vector<TensorSpec> inputs;           // as in the model: -1 where a dimension is open
  std::vector<std::string> external_files;  // beside the model, with weights that it does not hold
};
// Reads no weights. Errors: not_found, io, parse, unsupported (an input of a type that trtexec
// cannot fill).
Result<ModelInputs> read_model_inputs(const std::string& path);

// "input:8x3x224x224,mask:8x128" for --shapes and its kin: of those inputs alone that have an open
// dimension in the model; empty where none has.
std::string shapes_argument(const std::vector<TensorSpec>& model,
                            const std::vector<TensorSpec>& closed);

// Random integers below each limit, little-endian, as files `folder`/input_N; answers "name:file"
// parts for --loadInputs. Up to 8.x TensorRT takes 64-bit inputs as 32-bit ones. Errors: not_found,
// invalid (an input that is no integer), io.
Result<std::string> write_inputs(const std::vector<TensorSpec>& inputs, const Options& options,
                                 bool wide, std::uint64_t seed, const std::string& folder);

}  // namespace isojoule::trtexec

// Weights that lie in files beside the model (onnx/docs/ExternalData.md). Their sizes come from the
// model itself, so that the files are looked at, not read; small tensors of integers, from which
// shapes are computed, are.
#pragma once

#include <onnx/onnx_pb.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule {

// `folder`: the model's; nothing where the model is no file. Appends to `notes` what is missing or
// too short. Errors: permission_denied (a place outside the folder: absolute, through '..' or
// through a link), invalid (no place, an offset or a length that is no number).
Status take_external_data(onnx::ModelProto& model, const std::optional<std::string>& folder,
                          const std::string& name, std::vector<std::string>& notes);

// Bits of one element in a packed tensor, 4-bit types among them; 32 for a type without a size.
std::int64_t bits_of_element(int type);

}  // namespace isojoule

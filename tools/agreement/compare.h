// Outputs of two engines beside each other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule {

using Outputs = std::map<std::string, std::vector<double>>;  // file name -> elements

// The .npy files of a folder. Errors: not_found (none is there), those of parse_npy.
Result<Outputs> read_outputs(const std::string& folder);

// Largest difference of an element over the largest magnitude of the reference's tensor; the worst
// tensor. Errors: invalid (a tensor that only one has, or of another length; nothing but zeros).
Result<double> relative_error(const Outputs& reference, const Outputs& other);

}  // namespace isojoule

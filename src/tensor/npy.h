// NumPy's .npy files: https://numpy.org/neps/nep-0001-npy-format.html, versions 1.0 to 3.0.
// Little-endian, C order; the element types are those of data/tensor.h.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "data/tensor.h"

namespace isojoule {

// The spec's name is left empty. Errors: parse (no such file, cut off), unsupported (big-endian,
// Fortran order, an element type that is none of ours). `name` is for messages.
Result<Tensor> parse_npy(std::string_view bytes, const std::string& name);
// Version 1.0. Errors: those of write_whole_file().
std::string npy_bytes(const Tensor& tensor);
Status write_npy(const Tensor& tensor, const std::string& path);

// "input_ids_0.npy" of "input_ids:0": the file of a tensor in a folder of them; what a file's name
// cannot have becomes '_'.
std::string npy_file_name(std::string_view tensor_name);

}  // namespace isojoule

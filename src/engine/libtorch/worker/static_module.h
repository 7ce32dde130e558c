// A network as one frozen TorchScript module: traced from a program of operators, or loaded.
#pragma once

#include <torch/script.h>

#include <span>
#include <string>
#include <vector>

#include "engine/libtorch/worker/program.h"

namespace isojoule::libtorch {

// Throws what LibTorch throws, and Fault. `names`: of the inputs.
torch::jit::Module traced_module(Program& program, const Tensors& examples,
                                 const std::vector<std::string>& names);
// From a file's bytes. Throws.
torch::jit::Module loaded_module(std::span<const char> file, at::Device device);
std::vector<std::string> input_names(const torch::jit::Module& module);
// Everything that LibTorch does ahead of time: weights become constants, what only training needs
// goes, neighbouring operators are fused, and one run, from which the profiling executor learns.
// `save`: where the frozen module is written, before what belongs to this machine is chosen; "":
// nowhere.
void settle(torch::jit::Module& module, const Tensors& examples, const std::string& save);
Tensors run_module(torch::jit::Module& module, const Tensors& inputs);

}  // namespace isojoule::libtorch

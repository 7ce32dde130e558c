// The GPU, as far as LibTorch tells of it without CUDA's own headers.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>

#include "engine/libtorch/worker/options.h"

namespace isojoule::libtorch {

// Threads and the loading of CUDA's kernels: before LibTorch does anything. Errors: unsupported (a
// GPU that is not here).
Result<at::Device> prepare_device(const Job& job, const Options& options);
void synchronise(at::Device device);
std::string torch_version();
// "version", "library", "threads" and whether there is CUDA.
std::map<std::string, std::string> describe_library();

}  // namespace isojoule::libtorch

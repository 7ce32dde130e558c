// A network in ONNX Runtime. The runtime is loaded before.
#pragma once

#include <memory>

#include "engine/onnxruntime/worker/runtime.h"
#include "engine/worker_network.h"

namespace isojoule {

// Errors: those of read_options(); unsupported (a provider that this library does not have).
Result<std::unique_ptr<WorkerNetwork>> open_network(const Job& job, const CommonOptions& common,
                                                    Runtime runtime);

}  // namespace isojoule

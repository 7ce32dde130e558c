// A network on LibTorch: an ONNX file op by op or as a static graph, or a TorchScript file.
#pragma once

#include <memory>

#include "engine/worker_network.h"

namespace isojoule::libtorch {

Result<std::unique_ptr<WorkerNetwork>> open_network(const Job& job, const CommonOptions& common);

}  // namespace isojoule::libtorch

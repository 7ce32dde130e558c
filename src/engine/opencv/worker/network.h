// A network in OpenCV's DNN module.
#pragma once

#include <memory>

#include "engine/worker_network.h"
#include "engine/worker_run.h"

namespace isojoule {

// Errors: not_found (an option), unsupported (a device or precision that this OpenCV has not).
Result<std::unique_ptr<WorkerNetwork>> open_network(const Job& job, const CommonOptions& common);

}  // namespace isojoule

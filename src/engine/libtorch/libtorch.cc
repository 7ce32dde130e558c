// LibTorch (https://pytorch.org), PyTorch's library for C++, in a worker program of its own that is
// linked with it.
#include "engine/engine.h"
#include "engine/worker_engine.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Engine>> open_libtorch(const std::string& worker_directory, Clock& clock) {
  return make_worker_engine("libtorch", worker_directory, clock);
}

}  // namespace

const EngineKind& engine_kind_libtorch() {
  static const EngineKind kind = {
      "libtorch",
      "LibTorch, on ONNX files (op by op, or traced into a static graph) and TorchScript files. "
      "Loading matters with CUDA only. Options: save_module=FILE.pt (of graph static), "
      "type.INPUT=int64 (TorchScript), shape.INPUT=1x3x224x224, limit.INPUT=N (integers are drawn "
      "below N), save_outputs=FOLDER, memory_limit_mib=N, timeout_s=SECONDS",
      {{"graph", {"static", "dynamic"}},
       {"loading", {"lazy", "eager"}},
       {"accelerator", {"cpu", "gpu"}},
       {"precision", {"fp32", "fp16"}}},
      open_libtorch};
  return kind;
}

}  // namespace isojoule

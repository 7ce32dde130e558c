// ONNX Runtime (https://onnxruntime.ai), in a worker program of its own that loads the
// library at run time.
#include "engine/engine.h"
#include "engine/worker_engine.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Engine>> open_onnxruntime(const std::string& worker_directory,
                                                 Clock& clock) {
  return make_worker_engine("onnxruntime", worker_directory, clock);
}

}  // namespace

const EngineKind& engine_kind_onnxruntime() {
  static const EngineKind kind = {
      "onnxruntime",
      "ONNX Runtime on the CPU, or on an NVIDIA GPU where the library can. Options: "
      "optimisation=disable|basic|extended|all, provider=cpu|cuda|tensorrt, spinning=on|off, "
      "shape.INPUT=1x3x224x224, limit.INPUT=N (integers are drawn below N), timeout_s=SECONDS",
      {{"graph", {"static", "dynamic"}},
       {"accelerator", {"cpu", "gpu"}},
       {"precision", {"fp32", "fp16", "int8"}}},
      open_onnxruntime};
  return kind;
}

}  // namespace isojoule

// TensorRT (https://developer.nvidia.com/tensorrt) on NVIDIA's GPUs and DLAs, through its program
// trtexec: docs/engines/trtexec.md.
#include "engine/engine.h"
#include "engine/worker_engine.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<Engine>> open_trtexec(const std::string& worker_directory, Clock& clock) {
  return make_worker_engine("trtexec", worker_directory, clock);
}

}  // namespace

const EngineKind& engine_kind_trtexec() {
  static const EngineKind kind = {
      "trtexec",
      "TensorRT on the GPU or a DLA, through NVIDIA's trtexec. Options: fallback=on|off (of the "
      "DLA's layers to the GPU), workspace_mib=N, dla_sram_mib=N, spin=on|off, streams=N, "
      "cuda_graph=on|off, overlap=on|off, transfers=on|off, tf32=on|off, timing_cache=FILE, "
      "engine_cache=FOLDER, keep_engine=FILE, arguments=\"--foo --bar\", trtexec=PATH, "
      "silence_s=N, "
      "limit_s=N, shape.INPUT=1x3x224x224, limit.INPUT=N, timeout_s=SECONDS",
      {{"graph", {"static"}},
       {"loading", {"lazy", "eager"}},
       {"accelerator", {"gpu", "dla", "dla1"}},
       {"precision", {"fp32", "fp16", "int8"}}},
      open_trtexec,
      0,
      true,
      true};
  return kind;
}

}  // namespace isojoule

// The job's options and axes as this engine understands them.
#pragma once

#include <string>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/onnxruntime/worker/api.h"

namespace isojoule {

enum class Provider : std::uint8_t { cpu, cuda, tensorrt };
// The name in the runtime's own list: "CUDAExecutionProvider".
const char* name_of(Provider provider);

struct EngineOptions {
  GraphOptimizationLevel optimisation = ORT_ENABLE_ALL;
  std::string optimisation_name = "all";
  // Whether idle threads of the pool spin while they wait: faster, and it costs energy.
  bool spinning = true;
  Provider provider = Provider::cpu;
  // TensorRT builds its kernels for it; the other providers run what the file says.
  bool half = false;
  bool whole_numbers = false;  // INT8, of a file that is quantised
};

// graph=dynamic is optimisation=disable, graph=static is all, unless the option says otherwise.
// accelerator=gpu is the CUDA provider, unless provider=tensorrt. Errors: invalid (a value, a
// contradiction), not_found (an unknown option, with the nearest name), unsupported (a precision
// that the provider does not make itself).
Result<EngineOptions> read_options(const Job& job);

}  // namespace isojoule

// The job's options as this engine understands them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/onnxruntime/worker/api.h"

namespace isojoule {

struct EngineOptions {
  GraphOptimizationLevel optimisation = ORT_ENABLE_ALL;
  std::string optimisation_name = "all";
  // Whether idle threads of the pool spin while they wait: faster, and it costs energy.
  bool spinning = true;
  std::map<std::string, std::vector<std::int64_t>> shapes;  // by input name
  std::map<std::string, std::int64_t> limits;               // by input name
};

// Errors: invalid (a value), not_found (an unknown option, with the nearest name).
Result<EngineOptions> read_options(const std::map<std::string, std::string>& options);
// "1x3x224x224" or "1,3,224,224" -> {1, 3, 224, 224}; each at least 1. Errors: invalid.
Result<std::vector<std::int64_t>> read_shape(const std::string& text);
std::string shape_words(const std::vector<std::int64_t>& shape);  // -1 becomes '?'

}  // namespace isojoule

// What must hold whatever bytes are given as a model: a result with counts that are counts, or an
// error that says what and what to do, on one line. Shared by the fuzzer and the tests.
#pragma once

#include <string>

#include "cost/cost.h"

namespace isojoule {

// Empty: it holds; else what does not.
inline std::string cost_holds(const std::string& bytes) {
  for (const std::int64_t batch : {1, 3}) {
    const auto cost = network_cost_of_bytes(bytes, batch, "m");
    if (!cost) {
      const Error& error = cost.error();
      if (error.what.empty() || error.remedy.empty()) return "an error without words";
      continue;
    }
    for (const LayerCost& layer : cost->layers) {
      if (layer.macs < 0 || layer.other_ops < 0 || layer.bytes_read < 0 ||
          layer.bytes_written < 0 || layer.bytes_weights < 0 || layer.parameters < 0)
        return "a count below 0";
      if (layer.known != layer.why_unknown.empty()) return "an unknown layer without a reason";
      if (layer.rows != 0 && layer.rows * layer.columns * layer.depth * layer.groups != layer.macs)
        return "a product that is not its MACs";
    }
  }
  return {};
}

}  // namespace isojoule

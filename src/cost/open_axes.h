// The sizes of a graph's inputs that the file leaves open, set to the user's.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/error.h"
#include "cost/cost.h"

namespace isojoule {

struct ClosedAxes {
  std::int64_t batch = 1;
  std::int64_t file_batch = 0;      // the file's fixed batch where another one replaced it; else 0
  bool own_sizes_replaced = false;  // shapes that the file records may then be wrong
};

// Sets every size of the inputs that are no weights, and of recorded shapes that have the same
// names. Errors: unsupported (an open size: which option closes it), invalid (a size below 1, a
// name that the model has not, sizes that contradict each other).
Result<ClosedAxes> close_axes(onnx::GraphProto& graph,
                              const std::unordered_set<std::string>& initialisers,
                              const CostOptions& options, const std::string& name);

}  // namespace isojoule

// What one operator costs: the table from op_type to the function that counts it.
#pragma once

#include "cost/cost.h"
#include "cost/onnx_reader.h"

namespace isojoule {

// Counts of one layer: everything of LayerCost but `parameters`. An operator that is not in the
// table gets known = false, no operations, and its bytes. A count that leaves 64 bits is
// std::numeric_limits<std::int64_t>::max() (saturating arithmetic), for the caller to refuse.
LayerCost operator_cost(const OnnxNode& node, const OnnxNetwork& network);

// Whether the operator's input number `index`, if it is a constant, is a trained parameter (a
// weight, not a running statistic, a limit or a shape).
bool is_parameter(const OnnxNode& node, const OnnxNetwork& network, std::size_t index);

}  // namespace isojoule

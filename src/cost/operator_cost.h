// What one operator costs: the table from op_type to the function that counts it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cost/cost.h"
#include "cost/onnx_reader.h"

namespace isojoule {

// Counts of one layer: everything of LayerCost but `parameters`. An operator that is not in the
// table gets known = false, no operations, and its bytes. A count that leaves 64 bits is
// std::numeric_limits<std::int64_t>::max() (saturating arithmetic), for the caller to refuse.
LayerCost operator_cost(const OnnxNode& node, const OnnxNetwork& network);

// Elements of the operator's input number `index` if it is a constant that was trained (a weight,
// not a running statistic, a limit or a shape); else 0.
std::int64_t parameters_of(const OnnxNode& node, const OnnxNetwork& network, std::size_t index);

// Whether the operator is in the table. `operation` with its domain, as in OnnxNode.
bool is_counted(std::string_view operation);

// Whether how much the operator writes is known only when it runs.
bool depends_on_data(std::string_view operation);

// Operators of ONNX that inference does not use, or that no count fits (random numbers, texts,
// sequences, losses): the table leaves them out on purpose. Sorted.
const std::vector<std::string_view>& uncounted_operations();

}  // namespace isojoule

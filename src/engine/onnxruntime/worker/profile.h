// The runtime's own profile: a JSON file of events in Chrome's trace form, one a node and batch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/run.h"

namespace isojoule {

// The nodes in the order of execution, with mean and spread over the batches; of every node the
// first `skip` batches are left out (the arena grows in them). Times are the kernels' own: what the
// runtime spends between two nodes is in none of them. Errors: parse, no_data (no node is in it).
Result<std::vector<LayerTime>> layer_times(std::string_view json, std::size_t skip);

}  // namespace isojoule

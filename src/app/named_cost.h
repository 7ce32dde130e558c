// The cost of a network that the user names: of the zoo, of a generated family, or an ONNX file.
#pragma once

#include <string>

#include "app/paths.h"
#include "base/error.h"
#include "cost/cost.h"

namespace isojoule {

// Networks of the program's own are made in memory, without weights. Errors: those of
// resolve_network() and network_cost().
Result<NetworkCost> named_cost(const Paths& paths, const std::string& name_or_path,
                               const CostOptions& wanted);

}  // namespace isojoule

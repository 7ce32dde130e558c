// The published figures beside the clock maps: graph initialisation on the Jetson Nano (RPE report,
// sections 5.10 and 5.11) and the seven findings on the Jetson AGX Orin (Archet et al., DSD 2023).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "twin/claims.h"

namespace isojoule::twin {

// `nano`: of jetson-nano. Ten batches of 32 under the default governors.
std::vector<Claim> graph_claims(const Constants& nano, const CostOf& cost_of);

// Constants by power mode: "15w", "30w", "50w", "maxn".
using ByMode = std::map<std::string, Constants>;
std::vector<Claim> agx_orin_claims(const ByMode& constants, const CostOf& cost_of);

}  // namespace isojoule::twin

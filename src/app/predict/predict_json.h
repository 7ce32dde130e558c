// The answer of `isojoule predict` as JSON: units in the keys, intervals as *_low_*, *_high_* (90
// %).
#pragma once

#include <nlohmann/json.hpp>

#include "app/predict_energy.h"

namespace isojoule {

nlohmann::json to_json(const PredictAnswer& answer);

}  // namespace isojoule

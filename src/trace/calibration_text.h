// A calibration in words.
#pragma once

#include <string>

#include "data/trace.h"

namespace isojoule {

// "calibrated 2026-11-21 against METER: 1.0204 ± 0.0024 x told -0.010 ± 0.006 W (k = 2)".
std::string calibration_text(const Calibration& calibration);

}  // namespace isojoule

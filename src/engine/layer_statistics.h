// The time of a layer from those of its batches.
#pragma once

#include <span>

#include "data/run.h"

namespace isojoule {

// Mean, standard deviation (0 where there is one batch) and number. At least one.
void set_times(LayerTime& layer, std::span<const double> seconds);

}  // namespace isojoule

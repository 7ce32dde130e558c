// A fleet as metrics, in Prometheus' text format: `isojoule fleet metrics`, /metrics of the page.
#pragma once

#include <string>

#include "app/fleet/fleet_picture.h"

namespace isojoule {

// Where the server was not reached: that, and nothing of before.
std::string fleet_metrics(const FleetPicture& picture);

}  // namespace isojoule

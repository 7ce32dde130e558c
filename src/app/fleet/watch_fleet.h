// Looks at a fleet again and again, and shows what there is: `isojoule fleet --watch`, `isojoule
// monitor --fleet`.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "app/fleet/fleet_picture.h"
#include "base/clock.h"
#include "base/error.h"

namespace isojoule {

struct FleetWatching {
  Duration period = Duration::milliseconds(2000);
  bool draws = false;  // on the terminal's other screen
  std::string footer;  // where else it can be seen
  // Gets every picture.
  std::function<void(const FleetPicture&)> show;
};

// Until it is interrupted, or the person at the terminal wants to end. A server that is lost is
// said in the picture and waited for. Errors: of the terminal.
Status watch_fleet(fleet::Bus& bus, Clock& clock, const FleetWatching& watching,
                   const std::atomic<bool>& interrupted);

}  // namespace isojoule

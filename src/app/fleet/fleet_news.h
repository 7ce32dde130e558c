// What a fleet's page is told: all of it first, then what has changed.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "app/fleet/fleet_picture.h"

namespace isojoule {

// {"event": "head", "schema": 1, "number": N, "server": ..., "boards": {NAME: {...}}, "studies":
// [...], "minutes": [[minute, runs], ...]}, and {"event": "change", "number": N+1, ...} with what
// is another than before: of a board its changed keys alone (null: no more known), "gone" boards by
// name, of the rest whole values. Who sees a number left out asks for the head again.
class FleetNews {
 public:
  static constexpr int kSchema = 1;

  std::string head() const;
  // The change from the picture before to this one.
  std::string take(const FleetPicture& picture);

 private:
  std::map<std::string, nlohmann::json> boards_;
  nlohmann::json rest_ = nlohmann::json::object();
  std::int64_t number_ = 0;
};

}  // namespace isojoule

// A fleet as JSON: `isojoule fleet ... --json`, and what the page is told. Keys carry units.
#pragma once

#include <nlohmann/json.hpp>

#include "app/fleet/fleet_picture.h"

namespace isojoule {

// Of one board; what is not known is left out. "seen_unix_s" is by the server's clock.
nlohmann::json to_json(const FleetPicture& picture, const FleetBoard& board);
nlohmann::json to_json(const SeenStudy& study);
// {"server": ..., "server_unix_s": ..., "boards": [...]}, and the same with "studies".
nlohmann::json boards_json(const FleetPicture& picture);
nlohmann::json studies_json(const FleetPicture& picture);

// Bytes of others that are no UTF-8 are replaced, so that the text is JSON whatever came.
std::string json_text(const nlohmann::json& json, int indent = -1);

}  // namespace isojoule

// A search on a table as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/tune/recorded_search.h"

namespace isojoule {

nlohmann::json recorded_json(const RecordedSearchRequest& request, const RecordedSearch& search);
std::string recorded_text(const RecordedSearchRequest& request, const RecordedSearch& search);

}  // namespace isojoule

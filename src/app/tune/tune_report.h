// The end of a search, as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/tune/tune.h"

namespace isojoule {

nlohmann::json tune_json(const TuneResult& result);
std::string tune_text(const TuneResult& result);
// One line while it goes on.
std::string progress_text(const TuneProgress& progress);

}  // namespace isojoule

// The parts of a search as JSON, units in the keys.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "optimise/search.h"

namespace isojoule {

// null where nothing is known, or what is not finite.
nlohmann::json json_of_optional(const std::optional<double>& value);
// `with_units`: "gpu_frequency_hz"; else axes as they are called (columns of a table).
nlohmann::json json_of_setting(const Setting& setting, bool with_units);
// Adds energy_j, latency_s, latency_p95_s, time_s, power_w, memory_bytes, temperature_c, as far as
// they were measured.
void put_metrics(nlohmann::json& into, const Metrics& metrics);
// setting, what was seen, failure, why, recommended.
nlohmann::json json_of_step(const SearchStep& step, const SearchSpace& space, const Goal& goal,
                            bool with_units);
// limits: limit, measured, beyond.
nlohmann::json json_of_limits(const Goal& goal, const Metrics& metrics);

}  // namespace isojoule

// What `isojoule measure` prints.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/measure_once.h"

namespace isojoule::cli {

// What the reports of all ways of `measure` share.
std::string time_text(Second time);
std::string energy_text(Joule energy);
void print_notes(const std::string& engine, std::map<std::string, std::string> notes);
void print_counters(const Counters& counters);
nlohmann::json json_of_counters(const Counters& counters);
void print_json(const nlohmann::json& root);  // whatever bytes its texts hold

// `budget`: where each energy's uncertainty comes from, too.
void print_text(const MeasureRequest& request, const MeasureResult& result, bool budget);
struct MeasureShows {
  bool budget = false;      // as above
  bool each_batch = false;  // not their statistics alone
};
void print_json(const MeasureRequest& request, const MeasureResult& result,
                const MeasureShows& shows);  // units in the keys

}  // namespace isojoule::cli

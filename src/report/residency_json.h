// Shares of time at each value of what was watched, short enough for a page.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace isojoule {

// Beside clocks, what has more steps (a count of memory cycles) is no setting that somebody keeps.
inline constexpr std::size_t kMostOtherSteps = 20;

// {"cpu_frequency_hz": [[value, percent], ..]}: of a clock that took more than 64 values (one that
// is counted, not set) in bins, trace/few_steps.h. Anything else that took more than 20 values is
// in watched_json() alone.
nlohmann::json residency_json(const std::map<std::string, std::map<double, double>>& by_watch);

// {"memory_activity": {"mean", "least", "most"}} of every watch that took more values than that:
// their mean over time, and between what they lay.
nlohmann::json watched_json(const std::map<std::string, std::map<double, double>>& by_watch);

}  // namespace isojoule

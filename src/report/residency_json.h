// Shares of time at each value of what was watched, short enough for a page.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace isojoule {

// A clock has some tens of steps, cores have some, a count of memory cycles is another every time.
inline constexpr std::size_t kMostClockSteps = 64, kMostOtherSteps = 20, kResidencyBins = 20;

// {"cpu_frequency_hz": [[value, percent], ..]}. Where a clock took more than 64 values (one that is
// counted, not set), they are joined into at most 20 bins of equal width between the least and the
// most: the value is then the bin's mean weighted by time, so that the mean over all is still that
// of all values. Anything else that took more than 20 values
// is in watched_json() alone.
nlohmann::json residency_json(const std::map<std::string, std::map<double, double>>& by_watch);

// {"memory_activity": {"mean", "least", "most", "values"}} of every watch that took more
// values than that: their mean over time, between what they lay, how many there were.
nlohmann::json watched_json(const std::map<std::string, std::map<double, double>>& by_watch);

// A watch's shares, in bins as above where there are more than 64 values.
std::map<double, double> few_steps(const std::map<double, double>& shares);

}  // namespace isojoule

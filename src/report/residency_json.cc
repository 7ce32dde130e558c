#include "report/residency_json.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "data/setting.h"

namespace isojoule {

using nlohmann::json;

namespace {

bool is_clock(const std::string& watch) { return unit_of_axis(watch) == Unit::hertz; }

bool has_steps(const std::string& watch, const std::map<double, double>& shares) {
  return shares.size() <= (is_clock(watch) ? kMostClockSteps : kMostOtherSteps);
}

}  // namespace

std::map<double, double> few_steps(const std::map<double, double>& shares) {
  if (shares.size() <= kMostClockSteps) return shares;
  const double least = shares.begin()->first, most = shares.rbegin()->first;
  const double width = (most - least) / kResidencyBins;
  if (!std::isfinite(width) || width <= 0) return {};
  std::vector<double> percent(kResidencyBins), weighted(kResidencyBins);
  for (const auto& [value, share] : shares) {
    const auto bin =
        std::min(static_cast<std::size_t>((value - least) / width), kResidencyBins - 1);
    percent[bin] += share;
    weighted[bin] += share * value;
  }
  std::map<double, double> joined;
  for (std::size_t bin = 0; bin < kResidencyBins; ++bin)
    if (percent[bin] > 0) joined[weighted[bin] / percent[bin]] += percent[bin];
  return joined;
}

json residency_json(const std::map<std::string, std::map<double, double>>& by_watch) {
  json object = json::object();
  for (const auto& [watch, shares] : by_watch) {
    if (!has_steps(watch, shares) && !is_clock(watch)) continue;
    json& pairs = object[key_with_unit(watch)] = json::array();
    for (const auto& [value, percent] : few_steps(shares))
      if (std::isfinite(value) && std::isfinite(percent)) pairs.push_back({value, percent});
  }
  return object;
}

json watched_json(const std::map<std::string, std::map<double, double>>& by_watch) {
  json object = json::object();
  for (const auto& [watch, shares] : by_watch) {
    if (has_steps(watch, shares)) continue;
    double sum = 0, percent = 0;
    for (const auto& [value, share] : shares) {
      sum += value * share;
      percent += share;
    }
    object[key_with_unit(watch)] = {{"mean", percent > 0 ? json(sum / percent) : json(nullptr)},
                                    {"least", shares.begin()->first},
                                    {"most", shares.rbegin()->first},
                                    {"values", shares.size()}};
  }
  return object;
}

}  // namespace isojoule

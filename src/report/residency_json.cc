#include "report/residency_json.h"

#include <cmath>

#include "data/setting.h"
#include "trace/few_steps.h"

namespace isojoule {

using nlohmann::json;

namespace {

bool is_clock(const std::string& watch) { return unit_of_axis(watch) == Unit::hertz; }

bool has_steps(const std::string& watch, const std::map<double, double>& shares) {
  return shares.size() <= (is_clock(watch) ? kMostSteps : kMostOtherSteps);
}

}  // namespace

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
                                    {"most", shares.rbegin()->first}};
  }
  return object;
}

}  // namespace isojoule

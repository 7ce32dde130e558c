#include "app/tune/tune_json.h"

#include <cctype>
#include <cmath>

#include "app/tune/tune_goal.h"

namespace isojoule {

using nlohmann::json;

json json_of_optional(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json(nullptr);
}

json json_of_setting(const Setting& setting, bool with_units) {
  json result = json::object();
  for (const auto& [axis, value] : setting.values())
    std::visit(
        [&, &key = axis](const auto& it) { result[with_units ? key_with_unit(key) : key] = it; },
        value);
  return result;
}

void put_metrics(json& into, const Metrics& metrics) {
  for (std::size_t m = 0; m < kMetrics; ++m) {
    if (!metrics[m]) continue;
    const auto metric = static_cast<Metric>(m);
    std::string suffix;
    for (const char c : unit_of(metric))
      suffix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    into[std::string(name_of(metric)) + "_" + (suffix == "b" ? "bytes" : suffix)] = *metrics[m];
  }
}

json json_of_step(const SearchStep& step, const SearchSpace& space, const Goal& goal,
                  bool with_units) {
  json one = {{"setting", json_of_setting(space.setting(step.probe.point), with_units)},
              {"why", step.question.why}};
  put_metrics(one, step.probe.metrics);
  one["cost"] = json_of_optional(goal.cost.of(step.probe.metrics));
  if (!step.probe.failure.empty()) {
    one["failure"] = step.probe.failure;
    one["definite"] = step.probe.definite;
  } else if (!goal.limits.empty()) {
    one["met"] = goal.met(step.probe.metrics);
  }
  if (step.probe.seconds > 0) one["took_s"] = step.probe.seconds;
  if (step.probe.joules > 0) one["took_j"] = step.probe.joules;
  one["recommended"] =
      step.answer ? json_of_setting(space.setting(step.answer->point), with_units) : json(nullptr);
  return one;
}

json json_of_limits(const Goal& goal, const Metrics& metrics) {
  json limits = json::array();
  for (const LimitState& state : limit_states(goal, metrics))
    limits.push_back({{"limit", state.limit->text},
                      {"metric", name_of(state.limit->metric)},
                      {"most", state.limit->most},
                      {"measured", json_of_optional(state.value)},
                      {"beyond", state.value ? json(state.beyond) : json(nullptr)}});
  return limits;
}

}  // namespace isojoule

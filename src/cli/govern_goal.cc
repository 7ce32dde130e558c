#include "cli/govern_goal.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "optimise/goal.h"

namespace isojoule::cli {
namespace {

// "1%" or "0.01".
Result<double> late_share_of(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  const bool percent = error == std::errc() && end - at == 1 && *at == '%';
  if (percent) value /= 100;
  if (error == std::errc() && (percent || at == end) && value > 0 && value < 1) return value;
  return fail(ErrorKind::invalid, "--late '" + text + "' is no share of the requests",
              "Give for instance 1% or 0.01");
}

Status set_once(std::optional<double>& limit, double most, const char* what) {
  if (limit) return fail(ErrorKind::invalid, fmt::format("two limits of the {}", what), "Give one");
  limit = most;
  return {};
}

struct GoalLimits {
  std::optional<double> latency_s, late_share, power_w, temperature_c;
};

Status add_goal_limit(const std::string& text, GoalLimits& limits) {
  ISOJOULE_TRY(const Limit limit, parse_limit(text));
  switch (limit.metric) {
    case Metric::latency: return set_once(limits.latency_s, limit.most, "latency");
    case Metric::latency_p95:
      limits.late_share = 0.05;
      return set_once(limits.latency_s, limit.most, "latency");
    case Metric::latency_p99:
      limits.late_share = 0.01;
      return set_once(limits.latency_s, limit.most, "latency");
    case Metric::power: return set_once(limits.power_w, limit.most, "power");
    case Metric::temperature: return set_once(limits.temperature_c, limit.most, "temperature");
    default: break;
  }
  return fail(ErrorKind::unsupported, "--limit " + text + ": a service has no such limit",
              "Limit latency, latency_p95, latency_p99, power or temperature");
}

}  // namespace

Result<ServiceGoal> service_goal(const GovernGoalWords& words) {
  GoalLimits limits;
  for (const std::string& text : words.limits) ISOJOULE_CHECK(add_goal_limit(text, limits));
  ServiceGoal goal;
  goal.late_share = limits.late_share.value_or(goal.late_share);
  if (words.late) {
    ISOJOULE_TRY(goal.late_share, late_share_of(*words.late));
    if (limits.late_share && std::abs(goal.late_share - *limits.late_share) > 1e-9)
      return fail(ErrorKind::invalid,
                  fmt::format("--late {} contradicts a limit that {:g} % may be beyond",
                              *words.late, 100 * *limits.late_share),
                  "Give --limit 'latency<...' with --late, or leave --late away");
  }
  goal.latency_limit_s = limits.latency_s.value_or(0);
  goal.power_limit_w = limits.power_w;
  goal.temperature_limit_c = limits.temperature_c;
  return goal;
}

}  // namespace isojoule::cli

#include "optimise/truth_grid.h"

#include <fmt/format.h>

#include <cmath>

namespace isojoule {
namespace {

// Which deviation a metric has; none: it is read without noise.
double deviation_of(Metric metric, const ProbeNoise& noise) {
  switch (metric) {
    case Metric::energy: return noise.energy;
    case Metric::latency:
    case Metric::latency_p95:
    case Metric::latency_p99:
    case Metric::time: return noise.latency;
    default: return 0;
  }
}

}  // namespace

std::optional<double> least_cost(const TruthGrid& grid, const Goal& goal) {
  std::optional<double> least;
  for (const Metrics& metrics : grid.truth) {
    const auto cost = goal.cost.of(metrics);
    if (!cost || !goal.met(metrics)) continue;
    if (!least || *cost < *least) least = cost;
  }
  return least;
}

std::optional<double> regret(const TruthGrid& grid, const Goal& goal, GridPoint point) {
  const Metrics& metrics = grid.truth[static_cast<std::size_t>(point)];
  const auto least = least_cost(grid, goal), cost = goal.cost.of(metrics);
  if (!least || !cost || !goal.met(metrics)) return {};
  return *cost / *least - 1;
}

double share_within(const TruthGrid& grid, const Goal& goal, double most) {
  const auto least = least_cost(grid, goal);
  if (!least) return 0;
  std::size_t within = 0;
  for (const Metrics& metrics : grid.truth) {
    const auto cost = goal.cost.of(metrics);
    if (cost && goal.met(metrics) && *cost <= *least * (1 + most)) ++within;
  }
  return static_cast<double>(within) / static_cast<double>(grid.truth.size());
}

std::string grid_csv(const TruthGrid& grid) {
  constexpr std::array kColumns = {Metric::energy, Metric::latency, Metric::time, Metric::power};
  std::string text;
  for (const SearchAxis& axis : grid.space.axes()) text += key_with_unit(axis.name) + ",";
  text += "energy_j,latency_s,time_s,power_w\n";
  for (GridPoint point = 0; point < grid.space.size(); ++point) {
    const Metrics& truth = grid.truth[static_cast<std::size_t>(point)];
    if (!at(truth, Metric::energy)) continue;
    const auto levels = grid.space.levels(point);
    for (std::size_t a = 0; a < levels.size(); ++a)
      text += to_string(grid.space.axes()[a].values[static_cast<std::size_t>(levels[a])]) + ",";
    for (const Metric metric : kColumns) {
      if (metric != Metric::energy) text += ",";
      if (const auto& value = at(truth, metric)) text += fmt::format("{:.9g}", *value);
    }
    text += "\n";
  }
  return text;
}

GridEvaluator::GridEvaluator(const TruthGrid& grid, const ProbeNoise& noise, std::uint64_t seed)
    : grid_(grid), noise_(noise), seed_(seed), looks_(grid.truth.size()) {}

Result<Probe> GridEvaluator::do_measure(GridPoint point) {
  const auto place = static_cast<std::size_t>(point);
  if (point < 0 || place >= grid_.truth.size())
    return fail(ErrorKind::out_of_range, fmt::format("{} has no setting {}", grid_.name, point),
                fmt::format("There are 0 to {}", std::ssize(grid_.truth) - 1));
  const Metrics& truth = grid_.truth[place];
  Probe probe;
  probe.point = point;
  if (!grid_.seconds.empty()) probe.seconds = grid_.seconds[place];
  bool any = false;
  for (const auto& value : truth) any = any || value.has_value();
  if (!any) {
    probe.failure = "this setting cannot run";
    probe.definite = true;
    return probe;
  }
  Random random(seed_for(seed_, fmt::format("{}/{}/{}", grid_.name, point, looks_[place]++)));
  // Batches share what disturbs them, so the latencies of one look err together.
  const double energy = random.normal(), latency = random.normal();
  for (std::size_t m = 0; m < kMetrics; ++m) {
    if (!truth[m]) continue;
    const double z = static_cast<Metric>(m) == Metric::energy ? energy : latency;
    probe.metrics[m] = *truth[m] * std::exp(deviation_of(static_cast<Metric>(m), noise_) * z);
  }
  // Power is energy over time: a look at it is as noisy as they are, and they agree.
  auto& power = at(probe.metrics, Metric::power);
  const auto& joules = at(probe.metrics, Metric::energy);
  const auto& seconds = at(probe.metrics, Metric::time);
  if (power && joules && seconds && *seconds > 0) power = *joules / *seconds;
  if (power) probe.joules = *power * probe.seconds;
  return probe;
}

}  // namespace isojoule

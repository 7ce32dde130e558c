#include "app/predict/expected_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

std::vector<double> or_one(const std::vector<double>& clocks, double otherwise) {
  return clocks.empty() ? std::vector<double>{otherwise} : clocks;
}

ExpectedCell cell_of(const EnergyModel& model, const NetworkWork& work,
                     const OperatingPoint& point) {
  const PredictedBatch predicted = model.predict(work, point);
  ExpectedCell cell;
  cell.point = point;
  cell.batch = static_cast<std::int64_t>(work.batch);
  cell.energy_j = predicted.energy_j / work.batch;
  cell.energy_90 = {predicted.energy_90.low / work.batch, predicted.energy_90.high / work.batch};
  cell.time_s = predicted.time_s;
  cell.time_90 = predicted.time_90;
  cell.power_w = predicted.power_w();
  cell.outside = is_outside(model, point);
  return cell;
}

bool keeps(const ExpectedCell& cell, const ExpectLimits& limits) {
  if (limits.latency_s && !(cell.time_s && *cell.time_s <= *limits.latency_s)) return false;
  return !limits.power_w || (cell.power_w && *cell.power_w <= *limits.power_w);
}

// What the nearest to the limits would be.
std::string why_none(const std::vector<ExpectedMap>& maps, const ExpectLimits& limits) {
  std::optional<double> fastest, weakest;
  bool any_inside = false;
  for (const ExpectedMap& map : maps)
    for (const ExpectedCell& cell : map.cells) {
      if (cell.outside) continue;
      any_inside = true;
      if (cell.time_s) fastest = std::min(fastest.value_or(*cell.time_s), *cell.time_s);
      if (cell.power_w) weakest = std::min(weakest.value_or(*cell.power_w), *cell.power_w);
    }
  if (!any_inside) return "every setting of this board lies outside of what was measured";
  if (!fastest) return "this model was fitted without times: it can keep no limit of them";
  std::string text = "no setting keeps this";
  if (limits.latency_s) text += fmt::format("; the shortest batch takes {:.4g} ms", *fastest * 1e3);
  if (limits.power_w && weakest) text += fmt::format("; the least power is {:.3g} W", *weakest);
  if (limits.latency_s && limits.power_w) text += ", not both at once";
  return text;
}

void compare_with_highest(const ExpectedMap& map, ExpectedBest& best) {
  const ExpectedCell& highest = map.highest();
  best.is_highest = best.cell->point == highest.point;
  best.saving_percent = 100 * (1 - best.cell->energy_j / highest.energy_j);
  if (best.cell->time_s && highest.time_s)
    best.time_change_percent = 100 * (*best.cell->time_s / *highest.time_s - 1);
  best.overlaps = best.cell->energy_90.high >= highest.energy_90.low &&
                  highest.energy_90.high >= best.cell->energy_90.low;
}

}  // namespace

ExpectedMap expected_map(const EnergyModel& model, const NetworkWork& work,
                         const PointChoices& choices, const OperatingPoint& point) {
  ExpectedMap map;
  map.batch = static_cast<std::int64_t>(work.batch);
  // A clock that the model does not know is not turned.
  map.gpu_hz = point.gpu_hz > 0 ? or_one(choices.gpu_hz, point.gpu_hz) : std::vector<double>{0};
  map.cpu_hz = point.cpu_hz > 0 ? or_one(choices.cpu_hz, point.cpu_hz) : std::vector<double>{0};
  for (const double gpu : map.gpu_hz)
    for (const double cpu : map.cpu_hz) {
      OperatingPoint here = point;
      here.gpu_hz = gpu;
      here.cpu_hz = cpu;
      map.cells.push_back(cell_of(model, work, here));
    }
  return map;
}

ExpectedBest expected_best(const std::vector<ExpectedMap>& maps, const ExpectLimits& limits) {
  ExpectedBest best;
  const ExpectedMap* of = nullptr;
  for (const ExpectedMap& map : maps)
    for (const ExpectedCell& cell : map.cells) {
      best.left_out += cell.outside ? 1 : 0;
      if (cell.outside || !keeps(cell, limits)) continue;
      if (best.cell && best.cell->energy_j <= cell.energy_j) continue;
      best.cell = cell;
      of = &map;
    }
  if (of != nullptr)
    compare_with_highest(*of, best);
  else if (limits.any())
    best.why_absent = why_none(maps, limits);
  else
    best.why_absent = "every setting of this board lies outside of the clocks that were measured";
  return best;
}

std::string expected_map_csv(const std::vector<ExpectedMap>& maps, bool simulated) {
  std::string csv =
      "batch,gpu_frequency_hz,cpu_frequency_hz,energy_per_inference_j,energy_low_j,energy_high_j,"
      "time_per_batch_s,power_w,outside_measured_clocks,simulated\n";
  const auto number = [](const std::optional<double>& value) {
    return value && std::isfinite(*value) ? fmt::format("{:.6g}", *value) : std::string();
  };
  for (const ExpectedMap& map : maps)
    for (const ExpectedCell& cell : map.cells)
      csv += fmt::format("{},{:.0f},{:.0f},{},{},{},{},{},{},{}\n", cell.batch, cell.point.gpu_hz,
                         cell.point.cpu_hz, number(cell.energy_j), number(cell.energy_90.low),
                         number(cell.energy_90.high), number(cell.time_s), number(cell.power_w),
                         cell.outside ? 1 : 0, simulated ? 1 : 0);
  return csv;
}

}  // namespace isojoule

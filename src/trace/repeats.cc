#include "trace/repeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "trace/bootstrap.h"
#include "trace/outlier.h"

namespace isojoule {
namespace {

struct Measured {
  std::vector<const Run*> runs;
  std::vector<double> values;
  std::vector<RunValue> parts;
};

Measured measured(std::span<const Run* const> runs, RunQuantity quantity) {
  Measured result;
  for (const Run* run : runs)
    if (const auto value = value_of(*run, quantity)) {
      result.runs.push_back(run);
      result.values.push_back(value->value);
      result.parts.push_back(*value);
    }
  return result;
}

// A systematic error is the same in every run, so its parts are averaged as they are.
double systematic_of(const std::vector<RunValue>& parts) {
  double gain = 0, offset = 0, calibration = 0;
  for (const RunValue& part : parts) {
    gain += part.gain;
    offset += part.offset;
    calibration += part.calibration;
  }
  return std::hypot(gain, offset, calibration) / static_cast<double>(parts.size());
}

double random_of_one(const std::vector<RunValue>& parts) {
  double square = 0;
  for (const RunValue& part : parts) square += part.random * part.random;
  return std::sqrt(square / static_cast<double>(parts.size()));
}

void say_how_many_more(RepeatStatistics& result) {
  const double wanted = result.wanted_percent / 100 * std::abs(result.mean);
  result.systematic_above_wanted = 2 * result.systematic > wanted;
  if (result.count < 2 || wanted <= 0) return;
  const double quantile =
      student_quantile((1 + kUsualLevel) / 2, static_cast<double>(result.count - 1));
  constexpr double kMost = 1e9;
  const double needed = std::pow(quantile * result.deviation / wanted, 2);
  result.further = std::max<std::int64_t>(
      0, static_cast<std::int64_t>(std::ceil(std::min(needed, kMost) - 1e-9)) - result.count);
}

void name_outliers(RepeatStatistics& result, const Measured& all, double own_uncertainty) {
  const Outliers outliers = find_outliers(all.values, own_uncertainty);
  result.outliers_note = outliers.why_not_sought;
  std::vector<const Run*> others = all.runs;
  for (const Outlier& outlier : outliers.found) std::erase(others, all.runs[outlier.place]);
  for (const Outlier& outlier : outliers.found) {
    const Run& run = *all.runs[outlier.place];
    const double value = all.values[outlier.place];
    result.outliers.push_back({run.id, run.sequence, run.block, value,
                               100 * (value - result.median) / std::abs(result.median),
                               outlier.score, causes_of(run, others), run.on_board});
  }
}

// Zones whose start lies clear of the others'.
void add_hot_starts(std::vector<std::string>& causes, const Run& run,
                    std::span<const Run* const> others) {
  constexpr double kLeast = 2;  // degrees
  for (const auto& [zone, celsius] : run.temperature_start_c) {
    std::vector<double> usual;
    for (const Run* other : others)
      if (const auto found = other->temperature_start_c.find(zone);
          found != other->temperature_start_c.end())
        usual.push_back(found->second);
    if (usual.size() < 2) continue;
    const auto [low, high] = std::minmax_element(usual.begin(), usual.end());
    if (celsius - *high > std::max(kLeast, 2 * (*high - *low)))
      causes.push_back(fmt::format("began at {:.0f} °C, the others at {:.0f} to {:.0f} °C ({})",
                                   celsius, *low, *high, zone));
  }
}

}  // namespace

std::vector<std::string> causes_of(const Run& run, std::span<const Run* const> others) {
  std::vector<std::string> causes;
  for (const CounterInfo& info : all_counters()) {
    const std::uint64_t own = run.counters[info.counter];
    if (own == 0 || info.severity == Severity::info) continue;
    const bool is_usual = std::any_of(others.begin(), others.end(), [&](const Run* other) {
      return other->counters[info.counter] >= own;
    });
    if (!is_usual) causes.push_back(fmt::format("{} ({})", info.name, own));
  }
  add_hot_starts(causes, run, others);
  return causes;
}

std::optional<RepeatStatistics> describe_repeats(std::span<const Run* const> runs,
                                                 RunQuantity quantity,
                                                 const RepeatsOptions& options) {
  const Measured all = measured(runs, quantity);
  if (all.values.empty()) return std::nullopt;
  RepeatStatistics result;
  result.count = static_cast<std::int64_t>(all.values.size());
  result.mean = mean_of(all.values);
  result.median = median_of(all.values);
  result.deviation = deviation_of(all.values);
  const double own = random_of_one(all.parts), size = std::abs(result.mean);
  for (const double value : all.values)
    result.farthest_percent = std::max(result.farthest_percent, std::abs(value - result.mean));
  result.farthest_percent *= size > 0 ? 100 / size : 0;
  result.spread_percent = size > 0 ? 100 * result.deviation / size : 0;
  result.random =
      std::max(result.deviation, own) / std::sqrt(static_cast<double>(all.values.size()));
  result.systematic = systematic_of(all.parts);
  result.uncertainty = std::hypot(result.random, result.systematic);
  result.mean_interval = student_interval(all.values);
  result.median_interval = bca_interval_of_median(
      all.values, {.resamples = 1000, .seed = seed_for(options.seed, "median")});
  result.criterion_percent = options.criterion_percent;
  result.within_criterion = result.spread_percent <= options.criterion_percent;
  result.wanted_percent = options.wanted_percent;
  say_how_many_more(result);
  name_outliers(result, all, own);
  return result;
}

}  // namespace isojoule

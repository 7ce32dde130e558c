#include "predict/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

namespace isojoule {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kNormalOfMedian = 1.4826;  // standard deviations in a median absolute deviation
constexpr double kLeastFloor = 1e-6;        // so that exact synthetic data divide by something

struct Weighted {
  double value = 0;
  double weight = 0;
};

// The least value at which the weights up to it reach `mass`; infinite where they never do.
double weighted_quantile(std::vector<Weighted> values, double mass) {
  std::sort(values.begin(), values.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double sum = 0;
  for (const Weighted& one : values) {
    sum += one.weight;
    if (sum >= mass * (1 - 1e-12)) return one.value;
  }
  return kInfinite;
}

std::map<int, double> runs_of_groups(std::span<const Score> scores) {
  std::map<int, double> runs;
  for (const Score& score : scores) ++runs[score.group];
  return runs;
}

double floor_of(std::span<const Score> scores, const std::map<int, double>& runs) {
  std::vector<Weighted> sizes;
  for (const Score& score : scores)
    sizes.push_back({std::abs(score.log_error), 1 / runs.at(score.group)});
  const double median = weighted_quantile(sizes, static_cast<double>(runs.size()) / 2);
  return std::max(kLeastFloor, kNormalOfMedian * median);
}

double normalised(const Score& score, double floor) {
  return score.log_error / std::hypot(score.log_sd, floor);
}

double many_groups_quantile(std::span<const Score> scores, const std::map<int, double>& runs,
                            double floor, double coverage) {
  std::vector<Weighted> sizes;
  for (const Score& score : scores)
    sizes.push_back({std::abs(normalised(score, floor)), 1 / runs.at(score.group)});
  return weighted_quantile(std::move(sizes), coverage * (static_cast<double>(runs.size()) + 1));
}

double normal_factor(double coverage) { return normal_quantile((1 + coverage) / 2); }

// The least floor at which q is a normal's: found between powers of two.
double raised_floor(std::span<const Score> scores, const std::map<int, double>& runs, double floor,
                    double coverage) {
  const double usual = normal_factor(coverage);
  const auto too_low = [&](double tried) {
    return many_groups_quantile(scores, runs, tried, coverage) > usual;
  };
  double high = floor;
  while (too_low(high)) high *= 2;
  double low = high / 2;
  if (high == floor) return floor;
  for (int i = 0; i < 40; ++i) {
    const double middle = std::sqrt(low * high);
    (too_low(middle) ? low : high) = middle;
  }
  return high;
}

// Of few groups: the root of the mean over groups of their runs' mean square, at as many degrees of
// freedom as there are groups.
double few_groups_quantile(std::span<const Score> scores, const std::map<int, double>& runs,
                           double floor, double coverage) {
  const double groups = static_cast<double>(runs.size());
  double square = 0;
  for (const Score& score : scores) {
    const double z = normalised(score, floor);
    square += z * z / (runs.at(score.group) * groups);
  }
  return student_t(coverage, groups) * std::sqrt(square);
}

}  // namespace

Interval ConformalSpread::around(double value, double log_sd) const {
  if (!std::isfinite(quantile)) return {0, kInfinite};
  const double factor = std::exp(quantile * std::hypot(log_sd, floor));
  return {value / factor, value * factor};
}

ConformalSpread unknown_spread() { return {kInfinite, 0, 0, 0}; }

ConformalSpread calibrated_spread(std::span<const Score> scores, double coverage) {
  const std::map<int, double> runs = runs_of_groups(scores);
  if (runs.size() < 2) return unknown_spread();
  ConformalSpread spread;
  spread.runs = static_cast<std::int64_t>(scores.size());
  spread.groups = static_cast<std::int64_t>(runs.size());
  spread.floor = floor_of(scores, runs);
  const double groups = static_cast<double>(runs.size());
  // At 9 groups the quantile would be the largest of all scores: a single odd run decides.
  if (groups * (1 - coverage) < 1 - 1e-9) {
    spread.quantile = few_groups_quantile(scores, runs, spread.floor, coverage);
    return spread;
  }
  spread.quantile = many_groups_quantile(scores, runs, spread.floor, coverage);
  if (!std::isfinite(spread.quantile) || spread.quantile <= normal_factor(coverage)) return spread;
  spread.floor = raised_floor(scores, runs, spread.floor, coverage);
  spread.quantile = many_groups_quantile(scores, runs, spread.floor, coverage);
  return spread;
}

}  // namespace isojoule

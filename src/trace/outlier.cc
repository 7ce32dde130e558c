#include "trace/outlier.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "trace/statistic.h"

namespace isojoule {
namespace {

constexpr std::size_t kFewest = 5;
constexpr double kNormal = 1.482602218505602;  // 1 / the normal quantile of 3/4

// The 99 % quantile of the largest score among `count` normal values, by simulation: 2,000,000
// lists each (50,000 of the longest), so good to about 1 %. outlier_test.cc holds it.
struct Threshold {
  double count;
  double score;
};
constexpr std::array<Threshold, 22> kThresholds = {
    {{5, 18.61},  {6, 10.05},  {7, 10.68},  {8, 7.97},   {9, 8.21},  {10, 6.90},
     {11, 7.08},  {12, 6.29},  {13, 6.39},  {14, 5.88},  {15, 5.96}, {16, 5.60},
     {20, 5.23},  {25, 5.02},  {30, 4.78},  {40, 4.59},  {50, 4.47}, {70, 4.36},
     {100, 4.30}, {200, 4.28}, {500, 4.37}, {1000, 4.48}}};

}  // namespace

double outlier_threshold(std::size_t count) {
  const double n = static_cast<double>(count);
  if (n <= kThresholds.front().count) return kThresholds.front().score;
  if (n >= kThresholds.back().count) return kThresholds.back().score;
  const auto* above = std::find_if(kThresholds.begin(), kThresholds.end(),
                                   [n](const Threshold& row) { return row.count >= n; });
  const auto* below = above - 1;
  const double part = std::log(n / below->count) / std::log(above->count / below->count);
  return below->score + part * (above->score - below->score);
}

Outliers find_outliers(std::span<const double> values, double own_uncertainty) {
  if (values.size() < kFewest)
    return {{}, "among fewer than five repeats none can be told from the others"};
  const double median = median_of({values.begin(), values.end()});
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - median));
  const double mad = median_of(distances);
  if (mad == 0 && own_uncertainty == 0)
    return {{}, "more than half of the repeats are equal: their spread is below what can be read"};
  const double deviation = std::max(kNormal * mad, own_uncertainty);
  Outliers outliers;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (distances[i] > outlier_threshold(values.size()) * deviation)
      outliers.found.push_back({i, distances[i] / deviation});
  return outliers;
}

}  // namespace isojoule

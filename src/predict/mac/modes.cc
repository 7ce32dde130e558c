#include "predict/mac/modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "predict/regression.h"
#include "trace/statistic.h"

namespace isojoule::mac {
namespace {

constexpr std::size_t kLeastInRange = 5;  // fewer are no mode but a few odd layers

// Points with the same number of kernels stay together.
struct Cell {
  double kernels = 0;
  std::vector<double> values;
};

std::vector<Cell> cells_of(std::vector<ModePoint> points) {
  std::sort(points.begin(), points.end(),
            [](const ModePoint& a, const ModePoint& b) { return a.kernels < b.kernels; });
  std::vector<Cell> cells;
  for (const ModePoint& point : points) {
    if (cells.empty() || cells.back().kernels != point.kernels)
      cells.push_back({point.kernels, {}});
    cells.back().values.push_back(point.log_cost);
  }
  return cells;
}

struct Segment {
  double median = 0, deviation = 0;  // sum of absolute ones
};

Segment segment_of(const std::vector<Cell>& cells, std::size_t from, std::size_t to) {
  std::vector<double> values;
  for (std::size_t i = from; i < to; ++i)
    values.insert(values.end(), cells[i].values.begin(), cells[i].values.end());
  Segment segment{median_of(values), 0};
  if (values.size() < kLeastInRange) segment.deviation = std::numeric_limits<double>::infinity();
  for (const double value : values) segment.deviation += std::abs(value - segment.median);
  return segment;
}

// begins[i]: cells at which range i begins, the first at 0.
Modes modes_of(const std::vector<Cell>& cells, const std::vector<std::size_t>& begins) {
  Modes modes;
  double first = 0;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : cells.size();
    const double median = segment_of(cells, begins[i], end).median;
    if (i == 0) first = median;
    if (i > 0) modes.bounds.push_back(cells[begins[i]].kernels);
    modes.factors.push_back(std::exp(median - first));
  }
  if (modes.bounds.empty()) modes.factors.clear();
  return modes;
}

}  // namespace

double Modes::factor(double kernels) const {
  if (kernels <= 0) return 1;
  if (factors.empty()) return std::ceil(kernels / tile) * tile / kernels;
  const auto above = std::upper_bound(bounds.begin(), bounds.end(), kernels);
  return factors[static_cast<std::size_t>(above - bounds.begin())];
}

double kernels_of(const LayerWork& layer) { return layer.columns * layer.groups; }

Modes search_ranges(std::vector<ModePoint> points, std::size_t most) {
  const auto count = static_cast<double>(points.size());
  const std::vector<Cell> cells = cells_of(std::move(points));
  const std::size_t n = cells.size();
  if (count < 8 || n < 2) return {};
  // Segment costs, then best[k][j]: least deviation of the first j cells in k + 1 ranges.
  std::vector<std::vector<double>> cost(n, std::vector<double>(n + 1, 0));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j <= n; ++j) cost[i][j] = segment_of(cells, i, j).deviation;
  most = std::min(most, n);
  std::vector<std::vector<double>> best(most, std::vector<double>(n + 1, 0));
  std::vector<std::vector<std::size_t>> from(most, std::vector<std::size_t>(n + 1, 0));
  for (std::size_t j = 1; j <= n; ++j) best[0][j] = cost[0][j];
  for (std::size_t k = 1; k < most; ++k)
    for (std::size_t j = 1; j <= n; ++j) {
      best[k][j] = std::numeric_limits<double>::infinity();
      for (std::size_t i = k; i < j; ++i)
        if (best[k - 1][i] + cost[i][j] < best[k][j]) {
          best[k][j] = best[k - 1][i] + cost[i][j];
          from[k][j] = i;
        }
    }
  // BIC of a Laplace distribution.
  std::size_t chosen = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < most; ++k) {
    const double scale = std::max(0.003, best[k][n] / count);
    const double bic =
        2 * count * std::log(scale) + kBoundPenalty * static_cast<double>(k) * std::log(count);
    if (bic < least - 1e-9) {
      least = bic;
      chosen = k;
    }
  }
  std::vector<std::size_t> begins(chosen + 1, 0);
  std::size_t end = n;
  for (std::size_t k = chosen; k > 0; --k) begins[k] = end = from[k][end];
  return modes_of(cells, begins);
}

}  // namespace isojoule::mac

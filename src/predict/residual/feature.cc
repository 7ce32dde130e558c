#include "predict/residual/feature.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isojoule::residual {
namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "macs",  "intensity",     "columns",       "depthwise",        "kernels",
    "batch", "gpu_frequency", "cpu_frequency", "memory_frequency", "cores"};
// A feature whose deviation is below this is constant: its logarithm moves by less than 0.1 %.
constexpr double kLeastDeviation = 1e-3;

double log_of(double value) { return std::log(std::max(value, 1e-3)); }
double log_clock(double hertz) { return hertz > 0 ? std::log(hertz) : 0; }

}  // namespace

std::span<const std::string_view> feature_names() { return kNames; }

std::vector<double> features_of(const NetworkWork& work, const OperatingPoint& point) {
  double macs = 0, bytes = 0, columns = 0, depthwise = 0, kernels = 0;
  for (const LayerWork& layer : work.layers) {
    macs += layer.macs;
    bytes += layer.bytes();
    columns += layer.macs * layer.columns * std::max(1.0, layer.groups);
    depthwise += layer.work_class == WorkClass::depthwise ? layer.macs : 0;
    kernels += layer.work_class == WorkClass::view ? 0 : 1;
  }
  const double batch = std::max(work.batch, 1.0);
  const double some = std::max(macs, 1.0);
  return {log_of(macs / batch),
          log_of(some / std::max(bytes, 1.0)),
          log_of(columns / some),
          depthwise / some,
          log_of(kernels),
          std::log(batch),
          log_clock(point.gpu_hz),
          log_clock(point.cpu_hz),
          log_clock(point.memory_hz),
          log_clock(point.cores)};
}

std::vector<double> FeatureScale::of(const NetworkWork& work, const OperatingPoint& point) const {
  const std::vector<double> all = features_of(work, point);
  std::vector<double> some;
  for (std::size_t i = 0; i < index.size(); ++i)
    some.push_back((all[index[i]] - centre[i]) / scale[i]);
  return some;
}

FeatureScale feature_scale(std::span<const Observation> observations) {
  std::vector<std::vector<double>> rows;
  for (const Observation& one : observations) rows.push_back(features_of(*one.work, one.point));
  const double count = static_cast<double>(std::max<std::size_t>(rows.size(), 1));
  FeatureScale scale;
  for (std::size_t f = 0; f < kNames.size() && scale.index.size() < kMostFeatures; ++f) {
    double sum = 0, square = 0;
    for (const auto& row : rows) sum += row[f];
    for (const auto& row : rows) square += (row[f] - sum / count) * (row[f] - sum / count);
    const double deviation = std::sqrt(square / count);
    if (!(deviation > kLeastDeviation)) continue;
    scale.index.push_back(f);
    scale.centre.push_back(sum / count);
    scale.scale.push_back(deviation);
  }
  return scale;
}

}  // namespace isojoule::residual

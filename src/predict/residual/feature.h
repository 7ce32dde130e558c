// What the residual model knows of a batch: a few numbers, in logarithms, on which a base model's
// errors may depend.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "predict/observation.h"

namespace isojoule::residual {

// In the order in which they are taken where more than kMostFeatures vary.
std::span<const std::string_view> feature_names();
inline constexpr std::size_t kMostFeatures = 8;

// All of them.
std::vector<double> features_of(const NetworkWork& work, const OperatingPoint& point);

// Those features that varied among the runs, centred on their mean and divided by their deviation.
struct FeatureScale {
  std::vector<std::size_t> index;  // in feature_names()
  std::vector<double> centre, scale;
  std::vector<double> of(const NetworkWork& work, const OperatingPoint& point) const;
};
FeatureScale feature_scale(std::span<const Observation> observations);

}  // namespace isojoule::residual

#include "optimise/pure_model.h"

#include <cmath>
#include <numeric>

namespace isojoule {
namespace {

constexpr double kLength = 1.0;  // the usual, in SearchSpace::coordinates(): a factor of e

}  // namespace

bool is_time_to_learn(std::size_t runs) {
  return runs <= 12 || (runs <= 24 && runs % 2 == 0) || (runs <= 48 && runs % 6 == 0) ||
         runs % 12 == 0;
}

void PureModel::learn(const std::vector<GridPoint>& points, const std::vector<double>& logs) {
  middle_ = std::accumulate(logs.begin(), logs.end(), 0.0) / static_cast<double>(logs.size());
  const Eigen::VectorXd values =
      Eigen::Map<const Eigen::VectorXd>(logs.data(), std::ssize(logs)).array() - middle_;
  if (!kernel_) {
    kernel_.emplace();
    kernel_->signal = 0.5;
    kernel_->lengths.assign(space_.axes().size(), kLength);
  }
  kernel_ = learn_kernel(space_, *kernel_, noise_, points, values, kLength);
  process_.emplace(space_, *kernel_, noise_);
  for (std::size_t i = 0; i < points.size(); ++i)
    process_->add(points[i], values[static_cast<Eigen::Index>(i)]);
}

void PureModel::add(GridPoint point, double log) { process_->add(point, log - middle_); }

LogView PureModel::view() const {
  LogView view{process_->mean(), process_->variance().cwiseSqrt()};
  view.mean.array() += static_cast<float>(middle_);
  return view;
}

}  // namespace isojoule

// One metric over all points as a Gaussian process on its logarithm, nothing else known.
#pragma once

#include <optional>
#include <vector>

#include "optimise/physics_model.h"

namespace isojoule {

class PureModel {
 public:
  PureModel(const SearchSpace& space, double noise) : space_(space), noise_(noise) {}

  void learn(const std::vector<GridPoint>& points, const std::vector<double>& logs);  // kernel anew
  void add(GridPoint point, double log);
  LogView view() const;
  Eigen::VectorXd left_out() const { return process_->left_out(); }

 private:
  const SearchSpace& space_;
  double noise_;
  double middle_ = 0;
  std::optional<PointKernel> kernel_;
  std::optional<PointProcess> process_;
};

// When kernels and parameters are worth finding anew: often at first, then seldom.
bool is_time_to_learn(std::size_t runs);

}  // namespace isojoule

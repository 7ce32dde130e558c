#include "optimise/runnable.h"

#include "optimise/point_process.h"

namespace isojoule {
namespace {

constexpr double kNear = 0.5;       // in SearchSpace::coordinates()
constexpr double kOtherWord = 0.1;  // another engine or accelerator says little

PointKernel nearness(const SearchSpace& space) {
  PointKernel kernel;
  kernel.lengths.assign(space.axes().size(), kNear);
  kernel.words = kOtherWord;
  return kernel;
}

}  // namespace

Runnable::Runnable(const SearchSpace& space)
    : space_(space),
      successes_(Eigen::VectorXf::Zero(space.size())),
      failures_(Eigen::VectorXf::Zero(space.size())) {}

void Runnable::take(GridPoint point, bool success) {
  Eigen::RowVectorXf near(space_.size());
  KernelTables(space_, nearness(space_)).row(point, near);
  (success ? successes_ : failures_) += near.transpose();
  any_failure_ = any_failure_ || !success;
}

Eigen::VectorXf Runnable::probability() const {
  if (!any_failure_) return Eigen::VectorXf::Ones(space_.size());
  return ((1 + successes_.array()) / (1 + successes_.array() + failures_.array())).matrix();
}

}  // namespace isojoule

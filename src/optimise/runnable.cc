#include "optimise/runnable.h"

#include "optimise/physics.h"
#include "optimise/point_process.h"

namespace isojoule {
namespace {

constexpr double kNear = 2;          // in SearchSpace::coordinates(): clocks matter little here
constexpr double kNearBatch = 0.5;   // against what is known of larger and smaller ones
constexpr double kOtherWord = 0.1;   // another engine or accelerator says little
constexpr float kBeforehand = 0.3F;  // successes

}  // namespace

Runnable::Runnable(const SearchSpace& space)
    : space_(space),
      successes_(Eigen::VectorXf::Zero(space.size())),
      failures_(Eigen::VectorXf::Zero(space.size())) {}

void Runnable::take(GridPoint point, bool success, float weight) {
  any_failure_ = any_failure_ || !success;
  Eigen::VectorXf near = Eigen::VectorXf::Constant(space_.size(), weight);
  const auto own = space_.levels(point);
  for (std::size_t a = 0; a < space_.axes().size(); ++a) {
    const SearchAxis& axis = space_.axes()[a];
    const bool is_batch = role_of(axis) == AxisRole::batch;
    Eigen::VectorXf along =
        KernelTables::table(axis, is_batch ? kNearBatch : kNear, kOtherWord).col(own[a]);
    if (is_batch) {
      const Eigen::Index here = own[a], last = along.size();
      if (success)
        along.head(here).setOnes();
      else
        along.tail(last - here).setOnes();
    }
    for (GridPoint p = 0; p < space_.size(); ++p) near[p] *= along[space_.levels(p)[a]];
  }
  (success ? successes_ : failures_) += near;
}

Eigen::VectorXf Runnable::probability() const {
  if (!any_failure_) return Eigen::VectorXf::Ones(space_.size());
  const Eigen::ArrayXf good = kBeforehand + successes_.array();
  return (good / (good + failures_.array())).matrix();
}

}  // namespace isojoule

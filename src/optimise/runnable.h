// Whether settings run at all, learnt from those that did not.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "optimise/space.h"

namespace isojoule {

// A share of successes near each point (E. A. Nadaraya 1964, G. S. Watson 1964) with a third of a
// success everywhere beforehand; near: within some steps along ordered axes and of the same words.
// What ran with a batch runs with smaller ones, what failed fails with larger ones.
class Runnable {
 public:
  explicit Runnable(const SearchSpace& space);
  // `weight`: less than 1 of what was seen elsewhere.
  void ran(GridPoint point, float weight = 1) { take(point, true, weight); }
  void failed(GridPoint point, float weight = 1) { take(point, false, weight); }
  // 1 everywhere until something failed.
  Eigen::VectorXf probability() const;

 private:
  void take(GridPoint point, bool success, float weight);

  const SearchSpace& space_;
  Eigen::VectorXf successes_, failures_;
  bool any_failure_ = false;
};

}  // namespace isojoule

// Whether settings run at all, learnt from those that did not.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "optimise/space.h"

namespace isojoule {

// A share of successes near each point (E. A. Nadaraya 1964, G. S. Watson 1964) with one success
// everywhere beforehand; near: within some steps along ordered axes and of the same words.
class Runnable {
 public:
  explicit Runnable(const SearchSpace& space);
  void ran(GridPoint point) { take(point, true); }
  void failed(GridPoint point) { take(point, false); }
  // 1 everywhere until something failed.
  Eigen::VectorXf probability() const;

 private:
  void take(GridPoint point, bool success);

  const SearchSpace& space_;
  Eigen::VectorXf successes_, failures_;
  bool any_failure_ = false;
};

}  // namespace isojoule

// What is believed of an arm of a bandit whose rewards are normal with unknown mean and variance:
// the normal-inverse-gamma posterior (K. P. Murphy, "Conjugate Bayesian analysis of the Gaussian
// distribution", 2007, eq. 85 to 89), whose marginal of the mean is Student's t (eq. 91).
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"

namespace isojoule {

struct ArmPrior {
  double mean = 0;
  double spread = 0.5;  // standard deviation of the arms' means; > 0
  double noise = 0.01;  // of one reward; > 0
};

// The rewards of one arm, in a form that takes further ones.
class ArmRewards {
 public:
  void add(double reward);
  std::int64_t count() const { return count_; }
  double mean() const { return mean_; }
  // A draw of the arm's mean.
  double draw(const ArmPrior& prior, Random& random) const;

 private:
  std::int64_t count_ = 0;
  double mean_ = 0, squares_ = 0;  // squares_: of the distances from the mean
};

// Mean and spread of the arms that were tried: an empirical prior of those that were not.
ArmPrior prior_of(const std::vector<ArmRewards>& arms, double noise, double least_spread);

}  // namespace isojoule

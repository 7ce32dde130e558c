#include "optimise/arm_posterior.h"

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

constexpr double kShape = 2;  // of the prior's variance: a mean, and next to no certainty

// Student's t with a whole number of degrees of freedom, as a normal over the root of a chi-square,
// which is a sum of exponentials and, where the number is odd, a squared normal.
double student_t(std::int64_t freedom, Random& random) {
  const double z = random.normal();
  if (freedom > 100) return z;
  double square = freedom % 2 == 1 ? std::pow(random.normal(), 2) : 0;
  double product = 1;
  for (std::int64_t i = 0; i < freedom / 2; ++i) {
    product *= 1 - random.uniform();  // above 0
    if (i % 8 == 7 || i + 1 == freedom / 2) {
      square -= 2 * std::log(product);
      product = 1;
    }
  }
  return z / std::sqrt(std::max(square, 1e-12) / static_cast<double>(freedom));
}

}  // namespace

void ArmRewards::add(double reward) {
  ++count_;
  const double apart = reward - mean_;
  mean_ += apart / static_cast<double>(count_);
  squares_ += apart * (reward - mean_);
}

double ArmRewards::draw(const ArmPrior& prior, Random& random) const {
  const double n = static_cast<double>(count_);
  // So that the mean of an arm that was not tried has the prior's spread.
  const double weight = std::pow(prior.noise / prior.spread, 2);
  const double after = weight + n;
  const double mean = (weight * prior.mean + n * mean_) / after;
  const double scale = (kShape - 1) * prior.noise * prior.noise + squares_ / 2 +
                       weight * n * std::pow(mean_ - prior.mean, 2) / (2 * after);
  const double shape = kShape + n / 2;
  return mean + student_t(static_cast<std::int64_t>(2 * kShape) + count_, random) *
                    std::sqrt(scale / (shape * after));
}

ArmPrior prior_of(const std::vector<ArmRewards>& arms, double noise, double least_spread) {
  ArmRewards means;
  double squares = 0;
  for (const ArmRewards& arm : arms)
    if (arm.count() > 0) means.add(arm.mean());
  for (const ArmRewards& arm : arms)
    if (arm.count() > 0) squares += std::pow(arm.mean() - means.mean(), 2);
  const double spread = std::sqrt(squares / std::max(1.0, static_cast<double>(means.count() - 1)));
  return {means.mean(), std::max(least_spread, spread), noise};
}

}  // namespace isojoule

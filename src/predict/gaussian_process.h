// Regression with a Gaussian process: C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes
// for Machine Learning", MIT Press 2006; numbers of equations are theirs.
//
// The prior's mean is 0, its covariance a squared exponential with one length for each input
// (5.1), a part that all runs of one group have in common (a random effect: runs of one network err
// alike, and without it many runs of few networks would be taken for much evidence), and noise.
// Where there are no data near, the mean returns to 0 and the deviation to the prior's.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace isojoule {

class JsonAt;

// Standard deviations, and lengths in units of the inputs.
struct GaussianKernel {
  double signal = 0.2;
  double group = 0.1;
  double noise = 0.05;
  std::vector<double> lengths;
};

struct GaussianData {
  Eigen::MatrixXd inputs;  // a row each; standardised
  Eigen::VectorXd outputs;
  std::vector<int> groups;
  Eigen::Index size() const { return outputs.size(); }
};

// Rows in the order in which each is farthest from all before it (Gonzalez 1985), from the one
// nearest to the middle on; at most `most`. A prefix of it spreads over the data, and the same data
// give the same order.
std::vector<Eigen::Index> farthest_first(const Eigen::MatrixXd& inputs, Eigen::Index most);

// log p(outputs | inputs, kernel), 2.30 and 5.8, and its derivatives by the logarithms of signal,
// group, noise and each length (5.9). -infinity where the covariance is not positive definite.
double log_marginal_likelihood(const GaussianData& data, const GaussianKernel& kernel,
                               Eigen::VectorXd* slope);

// Immutable; any thread.
class GaussianProcess {
 public:
  // A mean costs O(n), a deviation O(n^2), making it O(n^3): so much and no more.
  static constexpr Eigen::Index kMostRows = 300;
  static constexpr Eigen::Index kMostLearningRows = 128;

  // The kernel is the most probable one (5.8, with weak priors on its parameters, because a length
  // can be told from a dozen networks only roughly), found with L-BFGS on the first
  // kMostLearningRows farthest_first() rows; the process then knows the first kMostRows of them.
  // Error: internal (a covariance that is not positive definite at any kernel tried).
  static Result<GaussianProcess> fit(const GaussianData& data);
  // Error: invalid (not positive definite).
  static Result<GaussianProcess> make(GaussianData data, GaussianKernel kernel);
  static Result<GaussianProcess> load(const JsonAt& state, std::size_t inputs);

  double mean(std::span<const double> input) const;  // 2.25
  // Of one run of a group that was not seen: 2.26, the group's part and the noise.
  double deviation(std::span<const double> input) const;
  const GaussianKernel& kernel() const { return kernel_; }
  Eigen::Index size() const { return data_.size(); }
  nlohmann::json state() const;

 private:
  GaussianProcess() = default;
  Eigen::VectorXd covariances(std::span<const double> input) const;

  GaussianData data_;
  GaussianKernel kernel_;
  Eigen::MatrixXd scaled_;  // inputs over lengths, a column each
  Eigen::MatrixXd lower_;   // Cholesky factor of the covariance
  Eigen::VectorXd alpha_;   // covariance^-1 outputs
};

}  // namespace isojoule

// Robust least squares on logarithms with weak priors: what the predictors are fitted with.
//
// Energies and times span decades and err relatively, so the residual is log(measured / modelled).
// Runs that went wrong are weighted down as under Student's t with 4 degrees of freedom (Lange,
// Little, Taylor 1989, "Robust statistical modeling using the t distribution"), with a scale for
// networks and one for single layers. Each parameter has a normal prior, wide where nothing is
// known beforehand: what the runs do not tell then stays at its prior, and is reported as not
// identified, instead of taking any value. Solved with Levenberg's and Marquardt's damping.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.h"
#include "predict/json_at.h"

namespace isojoule {

// A parameter as the solver sees it: a logarithm, a logit, or itself. deviation 0: held at mean.
struct Prior {
  double mean = 0;
  double deviation = 0;
};

enum class RowKind : std::uint8_t { network, layer, idle };

struct LogProblem {
  std::vector<Prior> priors;
  Eigen::VectorXd log_measured;
  // Indexes of groups whose residuals err together; empty: each row alone.
  std::vector<int> groups;
  std::vector<RowKind> kinds;  // each kind has a scale of its own; empty: networks
  // Fills log(model) of each row and, where it is given, its derivatives.
  std::function<void(const Eigen::VectorXd& theta, Eigen::VectorXd& log_model,
                     Eigen::MatrixXd* jacobian)>
      model;
};

struct LogFit {
  Eigen::VectorXd theta;
  Eigen::MatrixXd covariance;  // of theta; rows of held parameters are 0
  Eigen::VectorXd learned;     // 0: the runs say nothing on it .. 1: the prior no longer matters
  std::array<double, 3> scales{};  // relative scatter by RowKind, 1 standard deviation
  double objective = 0;            // -2 log posterior, up to a constant
  int degrees = 1;                 // of freedom of the intervals (groups)
};

struct LogFitOptions {
  int reweightings = 6;
  int iterations = 40;  // of each
  bool covariance = true;
};

// Best of the starts (each as long as the priors).
LogFit fit_logs(const LogProblem& problem, const std::vector<Eigen::VectorXd>& starts,
                const LogFitOptions& options = {});
// The priors' means.
Eigen::VectorXd prior_start(const std::vector<Prior>& priors);

// Fills a Jacobian by central differences; `model` must not ask for one.
void differentiate(const std::function<void(const Eigen::VectorXd&, Eigen::VectorXd&)>& model,
                   const Eigen::VectorXd& theta, const std::vector<Prior>& priors,
                   Eigen::MatrixXd& jacobian);

double logistic(double x);
double logit(double share);

// A fitted vector with what its intervals need, as it is stored.
struct FittedVector {
  Eigen::VectorXd theta;
  Eigen::MatrixXd covariance;
  Eigen::VectorXd learned;
  int degrees = 1;
  std::array<double, 3> scales{};
  FittedVector() = default;
  explicit FittedVector(const LogFit& fit);
  // Half width of the 90 % interval of theta[i]; infinite where less than half was learned.
  double half_width(Eigen::Index i) const;
  // Standard deviation of a function with this gradient.
  double deviation(const Eigen::VectorXd& gradient) const;
};
nlohmann::json to_json(const FittedVector& fitted);
// Errors: parse (what is missing, not finite, or of another length than `size`).
Result<FittedVector> fitted_vector(const JsonAt& stored, Eigen::Index size);

}  // namespace isojoule

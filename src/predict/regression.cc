#include "predict/regression.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "trace/statistic.h"

namespace isojoule {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kTailDegrees = 4;     // of Student's t, as Lange et al. recommend
constexpr double kLeastScale = 0.003;  // meters do not repeat better
constexpr double kLeastGain = 1e-3;    // of -2 log posterior: far below what tells models apart

class LogSolver {
 public:
  LogSolver(const LogProblem& problem, const LogFitOptions& options)
      : p_(problem),
        options_(options),
        rows_(problem.log_measured.size()),
        size_(static_cast<Index>(problem.priors.size())) {}

  LogFit solve(const VectorXd& start) {
    fit_.theta = start;
    for (Index j = 0; j < size_; ++j)
      if (held(j)) fit_.theta[j] = p_.priors[static_cast<std::size_t>(j)].mean;
    weight_ = VectorXd::Ones(rows_);
    VectorXd residual = residuals(fit_.theta);
    scales(residual, true);
    for (int i = 0; i < options_.reweightings; ++i) {
      reweigh(residual);
      const VectorXd before = fit_.theta;
      descend(residual);
      scales(residual, false);
      if ((fit_.theta - before).cwiseAbs().maxCoeff() < 1e-3) break;
    }
    fit_.objective = objective(residual);
    return fit_;
  }

  // After solve(), of the best start.
  void intervals(LogFit& fit);

 private:
  bool held(Index j) const { return p_.priors[static_cast<std::size_t>(j)].deviation <= 0; }
  std::size_t kind(Index i) const {
    return p_.kinds.empty() ? 0 : static_cast<std::size_t>(p_.kinds[static_cast<std::size_t>(i)]);
  }
  double scale(Index i) const { return fit_.scales[kind(i)]; }

  VectorXd residuals(const VectorXd& theta) const {
    VectorXd model(rows_);
    p_.model(theta, model, nullptr);
    return p_.log_measured - model;
  }

  // Median absolute deviation, about zero; 1.4826 makes it a normal's standard deviation.
  double scale_of(const VectorXd& residual, std::size_t of) const {
    std::vector<double> sizes;
    for (Index i = 0; i < rows_; ++i)
      if (kind(i) == of) sizes.push_back(std::abs(residual[i]));
    return std::max(kLeastScale, 1.4826 * (sizes.empty() ? 0 : median_of(sizes)));
  }

  void scales(const VectorXd& residual, bool first) {
    for (std::size_t k = 0; k < fit_.scales.size(); ++k) {
      fit_.scales[k] = scale_of(residual, k);
      // Far from the minimum no row is an outlier yet.
      if (first) fit_.scales[k] = std::max(fit_.scales[k], 0.3);
    }
  }

  void reweigh(const VectorXd& residual) {
    for (Index i = 0; i < rows_; ++i) {
      const double z = residual[i] / scale(i);
      weight_[i] = (kTailDegrees + 1) / (kTailDegrees + z * z) / (scale(i) * scale(i));
    }
  }

  double prior_cost(const VectorXd& theta) const {
    double sum = 0;
    for (Index j = 0; j < size_; ++j) {
      const Prior& prior = p_.priors[static_cast<std::size_t>(j)];
      if (prior.deviation > 0)
        sum +=
            (theta[j] - prior.mean) * (theta[j] - prior.mean) / (prior.deviation * prior.deviation);
    }
    return sum;
  }

  double cost(const VectorXd& theta, const VectorXd& residual) const {
    const double value = residual.cwiseAbs2().dot(weight_) + prior_cost(theta);
    return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
  }

  double objective(const VectorXd& residual) const {
    double sum = prior_cost(fit_.theta);
    for (Index i = 0; i < rows_; ++i) {
      const double z = residual[i] / scale(i);
      sum += (kTailDegrees + 1) * std::log1p(z * z / kTailDegrees) + 2 * std::log(scale(i));
    }
    return std::isfinite(sum) ? sum : std::numeric_limits<double>::infinity();
  }

  // Normal equations at theta; held parameters have a unit row of their own.
  void normal(const VectorXd& theta, const VectorXd& residual, MatrixXd& jacobian,
              MatrixXd& hessian, VectorXd& slope) const {
    VectorXd model(rows_);
    p_.model(theta, model, &jacobian);
    hessian.noalias() = jacobian.transpose() * weight_.asDiagonal() * jacobian;
    slope.noalias() = jacobian.transpose() * weight_.cwiseProduct(residual);
    for (Index j = 0; j < size_; ++j) {
      const Prior& prior = p_.priors[static_cast<std::size_t>(j)];
      if (held(j)) {
        hessian.row(j).setZero();
        hessian.col(j).setZero();
        hessian(j, j) = 1;
        slope[j] = 0;
      } else {
        const double precision = 1 / (prior.deviation * prior.deviation);
        hessian(j, j) += precision;
        slope[j] += precision * (prior.mean - theta[j]);
      }
    }
  }

  void descend(VectorXd& residual) {
    MatrixXd jacobian = MatrixXd::Zero(rows_, size_), hessian(size_, size_);
    VectorXd slope(size_);
    double damping = 1e-3, now = cost(fit_.theta, residual);
    for (int i = 0; i < options_.iterations; ++i) {
      normal(fit_.theta, residual, jacobian, hessian, slope);
      bool better = false;
      double gain = 0;
      for (int tries = 0; tries < 12 && !better; ++tries) {
        MatrixXd damped = hessian;
        damped.diagonal() *= 1 + damping;
        VectorXd step = damped.ldlt().solve(slope);
        const double longest = step.cwiseAbs().maxCoeff();
        if (longest > 2) step *= 2 / longest;  // a factor of 7 in one step is enough
        const VectorXd theta = fit_.theta + step;
        VectorXd there = residuals(theta);
        const double cost_there = cost(theta, there);
        better = cost_there < now;
        damping = better ? std::max(damping / 5, 1e-9) : damping * 4;
        if (!better) continue;
        gain = now - cost_there;
        now = cost_there;
        fit_.theta = theta;
        residual = std::move(there);
      }
      if (!better || gain < kLeastGain) break;
    }
  }

  const LogProblem& p_;
  const LogFitOptions& options_;
  Index rows_, size_;
  LogFit fit_;
  VectorXd weight_;
};

// The larger of what the curvature says and of the sandwich over groups (White 1980; Liang and
// Zeger 1986), because runs of one network err alike and a model is never quite right.
void LogSolver::intervals(LogFit& fit) {
  fit_ = fit;
  weight_.resize(rows_);
  const VectorXd residual = residuals(fit_.theta);
  reweigh(residual);
  MatrixXd jacobian = MatrixXd::Zero(rows_, size_), hessian(size_, size_);
  VectorXd slope(size_);
  normal(fit_.theta, residual, jacobian, hessian, slope);
  const MatrixXd inverse = hessian.ldlt().solve(MatrixXd::Identity(size_, size_));
  std::map<int, VectorXd> scores;
  for (Index i = 0; i < rows_; ++i) {
    const int group =
        p_.groups.empty() ? static_cast<int>(i) : p_.groups[static_cast<std::size_t>(i)];
    auto [at, is_new] = scores.try_emplace(group, VectorXd::Zero(size_));
    at->second += weight_[i] * residual[i] * jacobian.row(i).transpose();
  }
  const double groups = static_cast<double>(scores.size());
  MatrixXd meat = MatrixXd::Zero(size_, size_);
  for (const auto& [group, score] : scores) meat += score * score.transpose();
  const MatrixXd sandwich = inverse * meat * inverse * (groups / std::max(1.0, groups - 1));
  VectorXd widen(size_);
  fit.learned = VectorXd::Zero(size_);
  for (Index j = 0; j < size_; ++j) {
    const double prior = p_.priors[static_cast<std::size_t>(j)].deviation;
    if (!held(j)) fit.learned[j] = 1 - std::sqrt(inverse(j, j)) / prior;
    widen[j] = held(j) ? 0 : std::sqrt(std::max(1.0, sandwich(j, j) / inverse(j, j)));
  }
  fit.covariance = widen.asDiagonal() * inverse * widen.asDiagonal();
  fit.degrees = std::max(1, static_cast<int>(groups) - 1);
}

}  // namespace

LogFit fit_logs(const LogProblem& problem, const std::vector<VectorXd>& starts,
                const LogFitOptions& options) {
  std::optional<LogFit> best;
  for (const VectorXd& start : starts) {
    LogFit fit = LogSolver(problem, options).solve(start);
    if (!best || fit.objective < best->objective) best = std::move(fit);
  }
  if (options.covariance) LogSolver(problem, options).intervals(*best);
  return *best;
}

VectorXd prior_start(const std::vector<Prior>& priors) {
  VectorXd theta(static_cast<Index>(priors.size()));
  for (std::size_t j = 0; j < priors.size(); ++j) theta[static_cast<Index>(j)] = priors[j].mean;
  return theta;
}

void differentiate(const std::function<void(const VectorXd&, VectorXd&)>& model,
                   const VectorXd& theta, const std::vector<Prior>& priors, MatrixXd& jacobian) {
  constexpr double step = 1e-4;
  VectorXd up(jacobian.rows()), down(jacobian.rows()), moved = theta;
  for (Index j = 0; j < theta.size(); ++j) {
    if (priors[static_cast<std::size_t>(j)].deviation <= 0) {
      jacobian.col(j).setZero();
      continue;
    }
    moved[j] = theta[j] + step;
    model(moved, up);
    moved[j] = theta[j] - step;
    model(moved, down);
    moved[j] = theta[j];
    jacobian.col(j) = (up - down) / (2 * step);
  }
}

double logistic(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : 1 - 1 / (1 + std::exp(x)); }
double logit(double share) { return std::log(share / (1 - share)); }

FittedVector::FittedVector(const LogFit& fit)
    : theta(fit.theta),
      covariance(fit.covariance),
      learned(fit.learned),
      degrees(fit.degrees),
      scales(fit.scales) {}

double FittedVector::half_width(Index i) const {
  if (!(learned[i] >= 0.5)) return std::numeric_limits<double>::infinity();
  return student_t(0.9, degrees) * std::sqrt(std::max(0.0, covariance(i, i)));
}

double FittedVector::deviation(const VectorXd& gradient) const {
  return std::sqrt(std::max(0.0, gradient.dot(covariance * gradient)));
}

nlohmann::json to_json(const FittedVector& fitted) {
  const auto list = [](const VectorXd& v) {
    return std::vector<double>(v.data(), v.data() + v.size());
  };
  const VectorXd flat =
      Eigen::Map<const VectorXd>(fitted.covariance.data(), fitted.covariance.size());
  return {{"theta", list(fitted.theta)},
          {"covariance", list(flat)},
          {"learned", list(fitted.learned)},
          {"degrees", fitted.degrees},
          {"scales", fitted.scales}};
}

namespace {

Result<VectorXd> vector_at(const JsonAt& stored, const char* key, Index size) {
  ISOJOULE_TRY(const std::vector<double> values, stored.numbers(key));
  if (std::ssize(values) != size)
    return stored.bad(std::string(key) + " has " + std::to_string(values.size()) +
                      " numbers instead of " + std::to_string(size));
  return Eigen::Map<const VectorXd>(values.data(), size).eval();
}

}  // namespace

Result<FittedVector> fitted_vector(const JsonAt& stored, Index size) {
  FittedVector fitted;
  ISOJOULE_TRY(fitted.theta, vector_at(stored, "theta", size));
  constexpr double kLargest = 200;  // of a logarithm; a cost that is left out has -80
  if (size > 0 && fitted.theta.cwiseAbs().maxCoeff() > kLargest)
    return stored.bad("theta is out of range");
  ISOJOULE_TRY(const VectorXd flat, vector_at(stored, "covariance", size * size));
  fitted.covariance = Eigen::Map<const MatrixXd>(flat.data(), size, size);
  ISOJOULE_TRY(fitted.learned, vector_at(stored, "learned", size));
  ISOJOULE_TRY(const double degrees, stored.number("degrees", 1));
  fitted.degrees = static_cast<int>(std::min(degrees, 1e9));
  ISOJOULE_TRY(const VectorXd scales, vector_at(stored, "scales", 3));
  std::copy(scales.begin(), scales.end(), fitted.scales.begin());
  return fitted;
}

}  // namespace isojoule

#include "predict/gaussian_process.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlopt.hpp>
#include <numbers>

#include "predict/json_at.h"

namespace isojoule {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// What a logarithm's kernel parameter is before anything was measured: base models of energy err by
// some 20 %, networks of one kind by 10 % together, repeats by 5 %; inputs are standardised, so a
// length of 2 lets the correction bend about once over the data. Within the bounds the covariance
// is well conditioned.
struct KernelPrior {
  double middle, log_sd, least, most;
};
constexpr KernelPrior kSignal = {0.2, 1, 1e-3, 3};
constexpr KernelPrior kGroup = {0.1, 1, 1e-3, 3};
constexpr KernelPrior kNoise = {0.05, 1, 2e-3, 1};
constexpr KernelPrior kLength = {2, 0.7, 0.2, 20};
constexpr double kLargest = 1e6;  // of a standardised input or a logarithm: beyond it squares and
                                  // exponentials are no numbers
constexpr Index kLengths = 3;     // index of the first length

const KernelPrior& prior_of(Index i) {
  if (i == 0) return kSignal;
  if (i == 1) return kGroup;
  return i == 2 ? kNoise : kLength;
}

GaussianKernel kernel_of(std::span<const double> logs) {
  GaussianKernel kernel{std::exp(logs[0]), std::exp(logs[1]), std::exp(logs[2]), {}};
  for (const double length : logs.subspan(kLengths)) kernel.lengths.push_back(std::exp(length));
  return kernel;
}

// Rows over lengths, a column each, so that a distance is between two contiguous columns.
MatrixXd scaled(const MatrixXd& inputs, const GaussianKernel& kernel) {
  MatrixXd columns = inputs.transpose();
  for (Index d = 0; d < columns.rows(); ++d)
    columns.row(d) /= kernel.lengths[static_cast<std::size_t>(d)];
  return columns;
}

MatrixXd signal_covariance(const MatrixXd& columns, const GaussianKernel& kernel) {
  const Index n = columns.cols();
  MatrixXd k(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i)
      k(j, i) = k(i, j) = kernel.signal * kernel.signal *
                          std::exp(-0.5 * (columns.col(i) - columns.col(j)).squaredNorm());
  return k;
}

MatrixXd same_group(const std::vector<int>& groups) {
  const Index n = static_cast<Index>(groups.size());
  MatrixXd same(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i)
      same(i, j) =
          groups[static_cast<std::size_t>(i)] == groups[static_cast<std::size_t>(j)] ? 1.0 : 0.0;
  return same;
}

MatrixXd covariance_of(const MatrixXd& signal, const MatrixXd& same, const GaussianKernel& kernel) {
  MatrixXd k = signal + kernel.group * kernel.group * same;
  k.diagonal().array() += kernel.noise * kernel.noise;
  return k;
}

double halved_product(const MatrixXd& a, const MatrixXd& b) {
  return 0.5 * a.cwiseProduct(b).sum();
}

// 5.9: half the trace of (alpha alpha^T - K^-1) dK.
VectorXd slope_of(const GaussianData& data, const GaussianKernel& kernel, const MatrixXd& signal,
                  const MatrixXd& same, const MatrixXd& bracket) {
  const Index inputs = data.inputs.cols(), n = data.size();
  VectorXd slope(kLengths + inputs);
  const MatrixXd weighted = bracket.cwiseProduct(signal);
  slope[0] = weighted.sum();
  slope[1] = 2 * kernel.group * kernel.group * halved_product(bracket, same);
  slope[2] = kernel.noise * kernel.noise * bracket.trace();
  for (Index d = 0; d < inputs; ++d) {
    const VectorXd x = data.inputs.col(d) / kernel.lengths[static_cast<std::size_t>(d)];
    double sum = 0;
    for (Index j = 0; j < n; ++j) sum += weighted.col(j).dot((x.array() - x[j]).square().matrix());
    slope[kLengths + d] = 0.5 * sum;
  }
  return slope;
}

GaussianData rows_of(const GaussianData& data, std::span<const Index> rows) {
  GaussianData some;
  some.inputs.resize(static_cast<Index>(rows.size()), data.inputs.cols());
  some.outputs.resize(static_cast<Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    some.inputs.row(static_cast<Index>(i)) = data.inputs.row(rows[i]);
    some.outputs[static_cast<Index>(i)] = data.outputs[rows[i]];
    some.groups.push_back(data.groups[static_cast<std::size_t>(rows[i])]);
  }
  return some;
}

struct KernelSearch {
  const GaussianData& data;
  double best = -kInfinite;
  std::vector<double> best_logs = {};

  double at(const std::vector<double>& logs, std::vector<double>& slope) {
    VectorXd likelihood_slope;
    double value = log_marginal_likelihood(data, kernel_of(logs), &likelihood_slope);
    if (!std::isfinite(value)) {
      std::fill(slope.begin(), slope.end(), 0.0);
      return -1e300;  // NLopt compares; it must not see an infinity
    }
    for (std::size_t i = 0; i < logs.size(); ++i) {
      const KernelPrior& prior = prior_of(static_cast<Index>(i));
      const double z = (logs[i] - std::log(prior.middle)) / prior.log_sd;
      value -= 0.5 * z * z;
      if (!slope.empty()) slope[i] = likelihood_slope[static_cast<Index>(i)] - z / prior.log_sd;
    }
    if (value > best) {
      best = value;
      best_logs = logs;
    }
    return value;
  }
};

double search_objective(const std::vector<double>& logs, std::vector<double>& slope, void* data) {
  return static_cast<KernelSearch*>(data)->at(logs, slope);
}

// Empty where no kernel could be evaluated.
std::vector<double> most_probable_logs(const GaussianData& data) {
  const std::size_t size = static_cast<std::size_t>(kLengths + data.inputs.cols());
  std::vector<double> start, least, most, slope;
  for (std::size_t i = 0; i < size; ++i) {
    const KernelPrior& prior = prior_of(static_cast<Index>(i));
    start.push_back(std::log(prior.middle));
    least.push_back(std::log(prior.least));
    most.push_back(std::log(prior.most));
  }
  KernelSearch problem{data};
  problem.at(start, slope);
  try {
    nlopt::opt search(nlopt::LD_LBFGS, static_cast<unsigned>(size));
    search.set_lower_bounds(least);
    search.set_upper_bounds(most);
    search.set_max_objective(search_objective, &problem);
    search.set_ftol_abs(1e-3);  // of a logarithm of a probability: nothing to tell apart below
    search.set_maxeval(60);
    double value = 0;
    search.optimize(start, value);
  } catch (const std::runtime_error&) {  // a line search that cannot go on; the best point is kept
  }
  return problem.best_logs;
}

}  // namespace

std::vector<Index> farthest_first(const MatrixXd& inputs, Index most) {
  const MatrixXd columns = inputs.transpose();
  const Index n = columns.cols();
  most = std::min(most, n);
  std::vector<Index> order;
  if (n == 0) return order;
  Index next = 0;
  (columns.colwise() - VectorXd(columns.rowwise().mean())).colwise().squaredNorm().minCoeff(&next);
  VectorXd nearest = VectorXd::Constant(n, kInfinite);
  while (static_cast<Index>(order.size()) < most) {
    order.push_back(next);
    for (Index i = 0; i < n; ++i)
      nearest[i] = std::min(nearest[i], (columns.col(i) - columns.col(next)).squaredNorm());
    nearest[next] = -1;  // taken; equal rows stay at 0 and come last
    nearest.maxCoeff(&next);
  }
  return order;
}

double log_marginal_likelihood(const GaussianData& data, const GaussianKernel& kernel,
                               VectorXd* slope) {
  const Index n = data.size();
  const MatrixXd signal = signal_covariance(scaled(data.inputs, kernel), kernel);
  const MatrixXd same = same_group(data.groups);
  const Eigen::LLT<MatrixXd> factor(covariance_of(signal, same, kernel));
  if (factor.info() != Eigen::Success) return -kInfinite;
  const VectorXd alpha = factor.solve(data.outputs);
  const double value = -0.5 * data.outputs.dot(alpha) -
                       factor.matrixLLT().diagonal().array().log().sum() -
                       0.5 * static_cast<double>(n) * std::log(2 * std::numbers::pi);
  if (slope != nullptr)
    *slope = slope_of(data, kernel, signal, same,
                      alpha * alpha.transpose() - factor.solve(MatrixXd::Identity(n, n)));
  return value;
}

Result<GaussianProcess> GaussianProcess::make(GaussianData data, GaussianKernel kernel) {
  GaussianProcess process;
  process.scaled_ = scaled(data.inputs, kernel);
  const Eigen::LLT<MatrixXd> factor(
      covariance_of(signal_covariance(process.scaled_, kernel), same_group(data.groups), kernel));
  if (factor.info() != Eigen::Success)
    return fail(ErrorKind::invalid, "a Gaussian process whose covariance is not positive definite",
                "Fit the model again");
  process.lower_ = factor.matrixL();
  process.alpha_ = factor.solve(data.outputs);
  process.data_ = std::move(data);
  process.kernel_ = std::move(kernel);
  return process;
}

Result<GaussianProcess> GaussianProcess::fit(const GaussianData& data) {
  const std::vector<Index> order = farthest_first(data.inputs, kMostRows);
  const std::span<const Index> rows(order);
  const std::size_t learning = std::min(rows.size(), static_cast<std::size_t>(kMostLearningRows));
  const std::vector<double> logs = most_probable_logs(rows_of(data, rows.first(learning)));
  if (logs.empty())
    return fail(ErrorKind::internal, "no covariance of the Gaussian process is positive definite");
  return make(rows_of(data, rows), kernel_of(logs));
}

VectorXd GaussianProcess::covariances(std::span<const double> input) const {
  VectorXd x(scaled_.rows());
  for (Index d = 0; d < x.size(); ++d)
    x[d] = input[static_cast<std::size_t>(d)] / kernel_.lengths[static_cast<std::size_t>(d)];
  VectorXd k(scaled_.cols());
  for (Index i = 0; i < k.size(); ++i)
    k[i] = kernel_.signal * kernel_.signal * std::exp(-0.5 * (scaled_.col(i) - x).squaredNorm());
  return k;
}

double GaussianProcess::mean(std::span<const double> input) const {
  return covariances(input).dot(alpha_);
}

double GaussianProcess::deviation(std::span<const double> input) const {
  const VectorXd v = lower_.triangularView<Eigen::Lower>().solve(covariances(input));
  const double signal = std::max(0.0, kernel_.signal * kernel_.signal - v.squaredNorm());
  return std::sqrt(signal + kernel_.group * kernel_.group + kernel_.noise * kernel_.noise);
}

nlohmann::json GaussianProcess::state() const {
  nlohmann::json rows = nlohmann::json::array();
  for (Index i = 0; i < data_.size(); ++i) {
    nlohmann::json row = nlohmann::json::array();
    for (Index d = 0; d < data_.inputs.cols(); ++d) row.push_back(data_.inputs(i, d));
    rows.push_back(std::move(row));
  }
  const VectorXd& y = data_.outputs;
  return {
      {"inputs", std::move(rows)}, {"outputs", std::vector<double>(y.data(), y.data() + y.size())},
      {"groups", data_.groups},    {"signal", kernel_.signal},
      {"group", kernel_.group},    {"noise", kernel_.noise},
      {"lengths", kernel_.lengths}};
}

namespace {

Result<double> kernel_number(const JsonAt& state, const char* key, const KernelPrior& prior) {
  // A logarithm and back may step over a bound by a rounding.
  ISOJOULE_TRY(const double value, state.number(key, prior.least * (1 - 1e-9)));
  if (value > prior.most * (1 + 1e-9)) return state.bad(std::string(key) + " is out of range");
  return value;
}

Result<GaussianKernel> kernel_from(const JsonAt& state, std::size_t inputs) {
  GaussianKernel kernel;
  ISOJOULE_TRY(kernel.signal, kernel_number(state, "signal", kSignal));
  ISOJOULE_TRY(kernel.group, kernel_number(state, "group", kGroup));
  ISOJOULE_TRY(kernel.noise, kernel_number(state, "noise", kNoise));
  ISOJOULE_TRY(kernel.lengths, state.numbers("lengths"));
  if (kernel.lengths.size() != inputs) return state.bad("as many lengths as features are needed");
  for (const double length : kernel.lengths)
    if (!(length > kLength.least * (1 - 1e-9) && length < kLength.most * (1 + 1e-9)))
      return state.bad("a length is out of range");
  return kernel;
}

Result<GaussianData> data_from(const JsonAt& state, std::size_t inputs) {
  ISOJOULE_TRY(const std::vector<JsonAt> rows, state.list("inputs"));
  ISOJOULE_TRY(const std::vector<double> outputs, state.numbers("outputs"));
  ISOJOULE_TRY(const std::vector<double> groups, state.numbers("groups"));
  if (rows.empty() || rows.size() > static_cast<std::size_t>(GaussianProcess::kMostRows) ||
      outputs.size() != rows.size() || groups.size() != rows.size())
    return state.bad("rows, outputs and groups differ in number, or are too many");
  GaussianData data;
  data.inputs.resize(static_cast<Index>(rows.size()), static_cast<Index>(inputs));
  data.outputs = Eigen::Map<const VectorXd>(outputs.data(), static_cast<Index>(outputs.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ISOJOULE_TRY(const std::vector<double> row, numbers_of(rows[i]));
    if (row.size() != inputs) return rows[i].bad("as many numbers as features are needed");
    for (std::size_t d = 0; d < inputs; ++d) {
      if (std::abs(row[d]) > kLargest) return rows[i].bad("out of range");
      data.inputs(static_cast<Index>(i), static_cast<Index>(d)) = row[d];
    }
    if (std::abs(outputs[i]) > kLargest) return state.bad("an output is out of range");
    if (!(std::abs(groups[i]) < 1e9)) return state.bad("a group's number is out of range");
    data.groups.push_back(static_cast<int>(groups[i]));
  }
  return data;
}

}  // namespace

Result<GaussianProcess> GaussianProcess::load(const JsonAt& state, std::size_t inputs) {
  ISOJOULE_TRY(GaussianKernel kernel, kernel_from(state, inputs));
  ISOJOULE_TRY(GaussianData data, data_from(state, inputs));
  auto process = make(std::move(data), std::move(kernel));
  if (!process) return state.bad("its covariance is not positive definite");
  return process;
}

}  // namespace isojoule

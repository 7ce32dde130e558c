#include "predict/layered/sum_model.h"

#include <algorithm>
#include <cmath>

#include "predict/json_at.h"

namespace isojoule::layered {

const std::array<const char*, kClocks> kClockNames = {"gpu_frequency", "cpu_frequency",
                                                      "memory_frequency", "cores"};

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kFirstTerm = 1;
constexpr Index kFirstClock = kFirstTerm + static_cast<Index>(kTerms);
constexpr Index kSize = kFirstClock + 2 * static_cast<Index>(kClocks);
constexpr double kVaries = 0.01;       // a clock that moves by less is constant
constexpr double kScaleWidth = 5;      // of a logarithm: any board
constexpr double kLargestTheta = 200;  // e^200 is no cost of anything

Index at_term(std::size_t j) { return kFirstTerm + static_cast<Index>(j); }
Index at_clock(std::size_t c) { return kFirstClock + 2 * static_cast<Index>(c); }

// Logarithm of each clock over its middle; 0 where it did not vary or is not known.
std::array<double, kClocks> clock_logs(const OperatingPoint& point,
                                       const std::array<double, kClocks>& middle) {
  const std::array<double, kClocks> clocks = clocks_of(point);
  std::array<double, kClocks> logs{};
  for (std::size_t c = 0; c < kClocks; ++c)
    if (middle[c] > 0 && clocks[c] > 0) logs[c] = std::log(clocks[c] / middle[c]);
  return logs;
}

std::array<double, kClocks> middles(std::span<const Row> rows) {
  std::array<double, kClocks> sum{}, count{}, least{}, most{}, middle{};
  for (const Row& row : rows) {
    const std::array<double, kClocks> clocks = clocks_of(row.point);
    for (std::size_t c = 0; c < kClocks; ++c) {
      if (!(clocks[c] > 0)) continue;
      const double log = std::log(clocks[c]);
      least[c] = count[c] > 0 ? std::min(least[c], log) : log;
      most[c] = count[c] > 0 ? std::max(most[c], log) : log;
      sum[c] += log;
      ++count[c];
    }
  }
  for (std::size_t c = 0; c < kClocks; ++c)
    if (most[c] - least[c] > kVaries) middle[c] = std::exp(sum[c] / count[c]);
  return middle;
}

std::vector<Prior> priors_of(std::span<const Row> rows, double tau, const TermSet& used,
                             const std::array<double, kClocks>& middle) {
  std::vector<Prior> priors(static_cast<std::size_t>(kSize));
  double log_ratio = 0;
  for (const Row& row : rows) {
    double sum = 0;
    for (std::size_t j = 0; j < kTerms; ++j)
      sum += used[j] ? term_infos()[j].usual * row.terms[j] : 0;
    log_ratio += std::log(row.value / sum) / static_cast<double>(rows.size());
  }
  priors[0] = {log_ratio, kScaleWidth};
  for (std::size_t j = 0; j < kTerms; ++j)
    if (used[j])
      priors[static_cast<std::size_t>(at_term(j))] = {std::log(term_infos()[j].usual),
                                                      tau * term_infos()[j].width};
  for (std::size_t c = 0; c < kClocks; ++c) {
    if (!(middle[c] > 0)) continue;
    priors[static_cast<std::size_t>(at_clock(c))] = {0, 1};      // a power law of any usual slope
    priors[static_cast<std::size_t>(at_clock(c)) + 1] = {0, 1};  // energy is U-shaped over a clock
  }
  return priors;
}

// The sum at theta, without the clocks; `shares` (kTerms) gets each term's share of it.
double sum_at(const Terms& terms, const TermSet& used, const VectorXd& theta, double* shares) {
  double sum = 0;
  for (std::size_t j = 0; j < kTerms; ++j) {
    const double part = used[j] ? std::exp(theta[at_term(j)]) * terms[j] : 0;
    if (shares != nullptr) shares[j] = part;
    sum += part;
  }
  if (shares != nullptr)
    for (std::size_t j = 0; j < kTerms; ++j) shares[j] /= sum;
  return sum;
}

double log_model(const Terms& terms, const std::array<double, kClocks>& x, const TermSet& used,
                 const VectorXd& theta, Eigen::Ref<VectorXd> slope) {
  double shares[kTerms];
  double value = theta[0] + std::log(sum_at(terms, used, theta, shares));
  slope.setZero();
  slope[0] = 1;
  for (std::size_t j = 0; j < kTerms; ++j) slope[at_term(j)] = shares[j];
  for (std::size_t c = 0; c < kClocks; ++c) {
    value += theta[at_clock(c)] * x[c] + theta[at_clock(c) + 1] * x[c] * x[c];
    slope[at_clock(c)] = x[c];
    slope[at_clock(c) + 1] = x[c] * x[c];
  }
  return value;
}

}  // namespace

std::array<double, kClocks> clocks_of(const OperatingPoint& point) {
  return {point.gpu_hz, point.cpu_hz, point.memory_hz, point.cores};
}

SumModel SumModel::fit(std::span<const Row> rows, double tau, const TermSet& used) {
  SumModel model;
  model.used_ = used;
  model.used_[batch_term] = true;  // without it an empty network would cost nothing
  model.middle_ = middles(rows);
  LogProblem problem;
  problem.priors = priors_of(rows, tau, model.used_, model.middle_);
  problem.log_measured.resize(static_cast<Index>(rows.size()));
  std::vector<std::array<double, kClocks>> clocks;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    problem.log_measured[static_cast<Index>(i)] = std::log(rows[i].value);
    problem.groups.push_back(rows[i].group);
    problem.kinds.push_back(rows[i].single_layer ? RowKind::layer : RowKind::network);
    clocks.push_back(clock_logs(rows[i].point, model.middle_));
  }
  problem.model = [&](const VectorXd& theta, VectorXd& log_values, MatrixXd* jacobian) {
    VectorXd slope(kSize);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<Index>(i);
      log_values[row] = log_model(rows[i].terms, clocks[i], model.used_, theta, slope);
      if (jacobian != nullptr) jacobian->row(row) = slope.transpose();
    }
  };
  model.fitted_ = FittedVector(fit_logs(problem, {prior_start(problem.priors)}));
  return model;
}

double SumModel::factor(std::size_t term) const {
  return used_[term] ? std::exp(fitted_.theta[0] + fitted_.theta[at_term(term)]) : 0;
}

double SumModel::clock_factor(const OperatingPoint& point) const {
  const std::array<double, kClocks> x = clock_logs(point, middle_);
  double log = 0;
  for (std::size_t c = 0; c < kClocks; ++c)
    log += fitted_.theta[at_clock(c)] * x[c] + fitted_.theta[at_clock(c) + 1] * x[c] * x[c];
  return std::exp(log);
}

double SumModel::value(const Terms& terms, double clock_factor) const {
  return clock_factor * std::exp(fitted_.theta[0]) * sum_at(terms, used_, fitted_.theta, nullptr);
}

double SumModel::log_sd(const Terms& terms, const OperatingPoint& point) const {
  VectorXd slope(kSize);
  log_model(terms, clock_logs(point, middle_), used_, fitted_.theta, slope);
  return fitted_.deviation(slope);
}

nlohmann::json SumModel::state() const {
  return {{"terms", used_}, {"clock_middle", middle_}, {"fitted", to_json(fitted_)}};
}

Result<SumModel> SumModel::load(const JsonAt& state) {
  SumModel model;
  ISOJOULE_TRY(const std::vector<JsonAt> used, state.list("terms"));
  ISOJOULE_TRY(const std::vector<double> middle, state.numbers("clock_middle"));
  if (used.size() != kTerms || middle.size() != kClocks)
    return state.bad("terms or clocks of another number");
  for (std::size_t j = 0; j < kTerms; ++j) {
    if (!used[j].json().is_boolean()) return used[j].bad("neither true nor false");
    model.used_[j] = used[j].json().get<bool>();
  }
  if (!model.used_[batch_term]) return state.bad("the batch's own term cannot be left out");
  for (std::size_t c = 0; c < kClocks; ++c) {
    if (middle[c] < 0) return state.bad("a clock is negative");
    model.middle_[c] = middle[c];
  }
  ISOJOULE_TRY(const JsonAt fitted, state.object("fitted"));
  ISOJOULE_TRY(model.fitted_, fitted_vector(fitted, kSize));
  if (model.fitted_.theta.cwiseAbs().maxCoeff() > kLargestTheta)
    return fitted.bad("theta is out of range");
  return model;
}

}  // namespace isojoule::layered

#include "optimise/physics_model.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <numeric>

namespace isojoule {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;
using Eigen::VectorXf;

namespace {

// Of the two units, which nothing is known of beforehand: a factor of twenty, about the first fit.
constexpr double kUnitDeviation = 3;

}  // namespace

PhysicsModel::PhysicsModel(const SearchSpace& space, const Physics& physics, PhysicalPrior prior,
                           const Options& options)
    : space_(space), physics_(physics), prior_(std::move(prior)), options_(options) {
  factor_ = prior_.covariance.llt().matrixL();
  theta_ = prior_.mean;
}

void PhysicsModel::prepare(Output& output, const VectorXd& logs, const MatrixXd& slopes,
                           double unit, Index unit_column, double residual) {
  PointKernel kernel;
  kernel.signal = residual;
  kernel.lengths.assign(space_.axes().size(), options_.length);
  output.process.emplace(space_, kernel, options_.noise);
  // Linear about theta, but with the prior's mean as the mean: that is where parameters go that
  // the runs say nothing of.
  output.physics = ((logs.array() + unit).matrix() + slopes * (prior_.mean - theta_)).cast<float>();
  output.features = MatrixXf::Zero(logs.size(), theta_.size() + 2);
  output.features.leftCols(theta_.size()) = (slopes * factor_).cast<float>();
  output.features.col(unit_column).setConstant(static_cast<float>(kUnitDeviation));
  output.reach = output.features;
  output.residual = VectorXf::Zero(logs.size());
  output.white.resize(0, output.features.cols());
  output.white_values.resize(0);
  output.values.clear();
}

void PhysicsModel::learn(const std::vector<PhysicalRun>& runs) {
  const PhysicalFit fit = fit_physics(physics_, prior_, runs, 0.02, theta_);
  theta_ = fit.theta;
  std::vector<GridPoint> all(static_cast<std::size_t>(space_.size()));
  std::iota(all.begin(), all.end(), 0);
  const auto out = physics_.at(all, theta_, true);
  const Index size = theta_.size();
  prepare(energy_, out.log_energy, out.energy_slope, fit.energy_unit, size,
          options_.energy_residual);
  prepare(time_, out.log_time, out.time_slope, fit.time_unit, size + 1, options_.time_residual);
  for (const PhysicalRun& run : runs) {
    take(energy_, run.point, run.log_energy);
    take(time_, run.point, run.log_time);
  }
  weigh();
}

void PhysicsModel::add(const PhysicalRun& run) {
  take(energy_, run.point, run.log_energy);
  take(time_, run.point, run.log_time);
  weigh();
}

// A row more of L^-1 [features, values], and what follows from it at every point.
void PhysicsModel::take(Output& output, GridPoint point, double log) {
  const double value = log - double{output.physics[point]};
  output.values.push_back(value);
  output.process->add(point, value);
  const Index n = output.white.rows();
  const VectorXd row = output.process->last_row();  // of L, n + 1 long
  VectorXd feature = output.features.row(point).cast<double>().transpose();
  feature -= output.white.transpose() * row.head(n);
  feature /= row[n];
  const double white_value = (value - row.head(n).dot(output.white_values)) / row[n];
  output.white.conservativeResize(n + 1, Eigen::NoChange);
  output.white.row(n) = feature.transpose();
  output.white_values.conservativeResize(n + 1);
  output.white_values[n] = white_value;
  const VectorXf through = output.process->weights().row(n).transpose();
  output.reach.noalias() -= through * feature.cast<float>().transpose();
  output.residual += static_cast<float>(white_value) * through;
}

MatrixXd PhysicsModel::features_at_runs(const Output& output) const {
  const auto& points = output.process->points();
  MatrixXd rows(static_cast<Index>(points.size()), output.features.cols());
  for (Index i = 0; i < rows.rows(); ++i)
    rows.row(i) = output.features.row(points[static_cast<std::size_t>(i)]).cast<double>();
  return rows;
}

// 2.41 with a proper prior: the features hold its factor, so it is the unit matrix here.
void PhysicsModel::weigh() {
  const Index size = energy_.features.cols();
  MatrixXd precision = MatrixXd::Identity(size, size);
  VectorXd slope = VectorXd::Zero(size);
  for (const Output* output : {&energy_, &time_}) {
    precision.noalias() += output->white.transpose() * output->white;
    slope.noalias() += output->white.transpose() * output->white_values;
  }
  const Eigen::LLT<MatrixXd> factor(precision);
  weights_ = factor.solve(slope);
  const MatrixXd covariance = factor.solve(MatrixXd::Identity(size, size));
  root_ = MatrixXd(covariance.llt().matrixL()).cast<float>();
}

LogView PhysicsModel::view(const Output& output) const {
  LogView view;
  view.mean = output.physics + output.residual;
  view.mean.noalias() += output.reach * weights_.cast<float>();
  const MatrixXf spread = output.reach * root_;
  view.sd = (output.process->variance() + spread.rowwise().squaredNorm()).cwiseSqrt();
  return view;
}

VectorXd PhysicsModel::left_out() const {
  const Index n = count();
  MatrixXd features(2 * n, energy_.features.cols());
  features << features_at_runs(energy_), features_at_runs(time_);
  MatrixXd covariance = features * features.transpose();
  VectorXd values(2 * n);
  for (Index half = 0; half < 2; ++half) {
    const Output& output = half == 0 ? energy_ : time_;
    covariance.block(half * n, half * n, n, n) += output.process->covariance_of_runs();
    values.segment(half * n, n) = Eigen::Map<const VectorXd>(output.values.data(), n);
  }
  const MatrixXd inverse = covariance.llt().solve(MatrixXd::Identity(2 * n, 2 * n));
  const VectorXd alpha = inverse * values;
  const Eigen::ArrayXd diagonal = inverse.diagonal().array();
  return (-0.5 * alpha.array().square() / diagonal + 0.5 * diagonal.log() -
          0.5 * std::log(2 * M_PI))
      .matrix();
}

}  // namespace isojoule

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
    energy_.values.push_back(run.log_energy - energy_.physics[run.point]);
    energy_.process->add(run.point, energy_.values.back());
    time_.values.push_back(run.log_time - time_.physics[run.point]);
    time_.process->add(run.point, time_.values.back());
  }
  weigh();
}

void PhysicsModel::add(const PhysicalRun& run) {
  energy_.values.push_back(run.log_energy - energy_.physics[run.point]);
  energy_.process->add(run.point, energy_.values.back());
  time_.values.push_back(run.log_time - time_.physics[run.point]);
  time_.process->add(run.point, time_.values.back());
  weigh();
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
    const MatrixXd white = output->process->whitened(features_at_runs(*output));
    const VectorXd values = output->process->whitened(
        VectorXd(Eigen::Map<const VectorXd>(output->values.data(), std::ssize(output->values))));
    precision += white.transpose() * white;
    slope += white.transpose() * values;
  }
  const Eigen::LLT<MatrixXd> factor(precision);
  weights_ = factor.solve(slope);
  covariance_ = factor.solve(MatrixXd::Identity(size, size));
}

LogView PhysicsModel::view(const Output& output) const {
  const PointProcess& process = *output.process;
  const MatrixXd white = process.whitened(features_at_runs(output));
  const VectorXd values = process.whitened(
      VectorXd(Eigen::Map<const VectorXd>(output.values.data(), std::ssize(output.values))));
  const auto through = process.weights();  // n x N
  const VectorXf left = (values - white * weights_).cast<float>();
  LogView view;
  view.mean = output.physics + output.features * weights_.cast<float>();
  view.mean.noalias() += through.transpose() * left;
  MatrixXf reach = output.features;  // N x K: what the residual process has not taken over
  reach.noalias() -= through.transpose() * white.cast<float>();
  const MatrixXf root = MatrixXd(covariance_.llt().matrixL()).cast<float>();
  const MatrixXf spread = reach * root;
  view.sd = (process.variance() + spread.rowwise().squaredNorm()).cwiseSqrt();
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

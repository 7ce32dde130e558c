// Energy and time of all points of a space as physics says, with a Gaussian process on what it gets
// wrong: a linear model on the physics' slopes about its most probable parameters, and a residual
// process each for log energy and log time (Rasmussen and Williams 2006, 2.7: explicit basis
// functions). The two share the parameters, so a time tells of energy, too.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "optimise/physics.h"
#include "optimise/point_process.h"

namespace isojoule {

// Means and standard deviations of logarithms, a row a point.
struct LogView {
  Eigen::VectorXf mean, sd;
};

class PhysicsModel {
 public:
  struct Options {
    double energy_residual = 0.04, time_residual = 0.05;  // standard deviations
    double length = 0.5;                                  // in SearchSpace::coordinates()
    double noise = 0.01;
  };
  PhysicsModel(const SearchSpace& space, const Physics& physics, PhysicalPrior prior,
               const Options& options);

  // Finds the parameters anew and conditions on all runs; O(n^2 N).
  void learn(const std::vector<PhysicalRun>& runs);
  // Takes one more with the parameters as they are; O(n N).
  void add(const PhysicalRun& run);

  LogView energy() const { return view(energy_); }
  LogView time() const { return view(time_); }
  // log p of each run's energy (of its time), all others known.
  Eigen::VectorXd left_out_energy() const { return left_out().head(count()); }
  Eigen::VectorXd left_out_time() const { return left_out().tail(count()); }
  Eigen::Index count() const { return energy_.process ? energy_.process->count() : 0; }
  const Eigen::VectorXd& theta() const { return theta_; }

 private:
  struct Output {
    std::optional<PointProcess> process;
    Eigen::VectorXf physics;   // of all points, at theta, with its unit
    Eigen::MatrixXf features;  // N x (K + 2), times the prior's factor
    std::vector<double> values;
    // L^-1 of the features at the runs, and of the values.
    Eigen::MatrixXd white;
    Eigen::VectorXd white_values;
    Eigen::MatrixXf reach;     // N x (K + 2): what the residual process has not taken over
    Eigen::VectorXf residual;  // the process's mean, were the weights 0
  };
  void prepare(Output& output, const Eigen::VectorXd& logs, const Eigen::MatrixXd& slopes,
               double unit, Eigen::Index unit_column, double residual);
  void take(Output& output, GridPoint point, double log);
  void weigh();
  Eigen::MatrixXd features_at_runs(const Output& output) const;
  LogView view(const Output& output) const;
  Eigen::VectorXd left_out() const;

  const SearchSpace& space_;
  const Physics& physics_;
  PhysicalPrior prior_;
  Options options_;
  Eigen::MatrixXd factor_;  // Cholesky factor of the prior's covariance
  Eigen::VectorXd theta_;
  Output energy_, time_;
  Eigen::VectorXd weights_;  // of the features
  Eigen::MatrixXf root_;     // Cholesky factor of their covariance
};

}  // namespace isojoule

// A Gaussian process over the points of a search space: C. E. Rasmussen and C. K. I. Williams,
// "Gaussian Processes for Machine Learning", MIT Press 2006; numbers of equations are theirs.
//
// Zero prior mean. The covariance is a product over the axes of Matern's 5/2 function (4.17) of the
// distance along that axis, so that each axis needs one small table instead of an exponential a
// pair; two words of an axis have one correlation, whatever they are.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "optimise/space.h"

namespace isojoule {

struct PointKernel {
  double signal = 1;            // standard deviation
  std::vector<double> lengths;  // one an axis, in SearchSpace::coordinates(); > 0
  double words = 0.5;           // correlation between two words
};

// Each axis's correlations between its values.
class KernelTables {
 public:
  // Of one axis; `length` of an axis of words is not used.
  static Eigen::MatrixXf table(const SearchAxis& axis, double length, double words);
  KernelTables(const SearchSpace& space, const PointKernel& kernel);
  double between(GridPoint a, GridPoint b) const;
  // Row of a point's covariances with all points.
  void row(GridPoint point, Eigen::Ref<Eigen::RowVectorXf> out) const;
  double variance() const { return variance_; }

 private:
  const SearchSpace& space_;
  double variance_;
  std::vector<Eigen::MatrixXf> tables_;
};

// Conditioned on values at points, and able to take further ones at O(n N).
class PointProcess {
 public:
  PointProcess(const SearchSpace& space, const PointKernel& kernel, double noise);

  void add(GridPoint point, double value);
  Eigen::Index count() const { return values_.size(); }
  // Of values: log p(y) (2.30).
  double log_likelihood() const;
  // log p(y_i | all others) of each (5.10 to 5.12).
  Eigen::VectorXd left_out() const;
  // Of all points (2.25, 2.26), without the noise.
  Eigen::VectorXf mean() const;
  Eigen::VectorXf variance() const;

  // For a model with basis functions on top (2.41, 2.42): the last row of L, and L^-1 k(X, all), a
  // row a value.
  Eigen::VectorXd last_row() const { return lower_.row(count() - 1).head(count()).transpose(); }
  auto weights() const { return weights_.topRows(count()); }
  Eigen::MatrixXd covariance_of_runs() const;  // with the noise
  const std::vector<GridPoint>& points() const { return points_; }
  double prior_variance() const { return tables_.variance(); }

 private:
  const SearchSpace& space_;
  KernelTables tables_;
  double noise_;
  std::vector<GridPoint> points_;
  Eigen::VectorXd values_;
  Eigen::MatrixXd lower_;  // n x n in a larger buffer
  Eigen::VectorXd white_;  // L^-1 y
  // L^-1 k(X, all): a row a value, row-major so that a new row is written in one go.
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> weights_;
  Eigen::VectorXf spent_;  // column sums of squares of weights_
};

// log p(y) of values at points alone: for choosing kernels; -infinity where it cannot be.
double log_likelihood(const SearchSpace& space, const PointKernel& kernel, double noise,
                      std::span<const GridPoint> points, const Eigen::VectorXd& values);

// The kernel of the greatest posterior probability, found along one parameter after another from
// `from` on, with log-normal priors: signal about the values' own spread, lengths about `length`.
PointKernel learn_kernel(const SearchSpace& space, const PointKernel& from, double noise,
                         std::span<const GridPoint> points, const Eigen::VectorXd& values,
                         double length);

}  // namespace isojoule

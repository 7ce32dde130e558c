// Joint draws of a Gaussian process over all points of a space, by what it is conditioned on: a
// draw of the prior is corrected by the difference between what was seen and what it says there
// (Matheron's rule: J. T. Wilson et al., "Efficiently sampling functions from Gaussian process
// posteriors", ICML 2020, eq. 9), which costs O(n N) instead of the O(N^3) of a factored
// covariance.
//
// The prior of a grid is a product over its axes, so a draw is made axis by axis (Y. Saatci,
// "Scalable inference for structured Gaussian process models", thesis, Cambridge 2011, ch. 5). A
// space with holes has no such form: there, a draw is of the few points that are asked for.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "optimise/point_process.h"

namespace isojoule {

bool is_full_grid(const SearchSpace& space);  // no holes

class ProcessDraw {
 public:
  // Factors the prior. The space outlives it.
  ProcessDraw(const SearchSpace& space, const PointKernel& kernel, double noise);

  void add(GridPoint point, double value);
  // Of the given points; with the noise of probes left out.
  Eigen::VectorXf draw(std::span<const GridPoint> points, Random& random) const;
  double mean(GridPoint point) const;       // (2.25) of Rasmussen and Williams
  double deviation(GridPoint point) const;  // (2.26)

 private:
  Eigen::VectorXf of_grid(std::span<const GridPoint> points, Random& random) const;
  Eigen::VectorXf of_points(std::span<const GridPoint> points, Random& random) const;
  std::size_t place_of(GridPoint point) const;  // in the grid, last axis fastest
  Eigen::VectorXd with_runs(GridPoint point) const;
  const Eigen::LLT<Eigen::MatrixXd>& factor() const;
  const Eigen::VectorXd& weights() const;

  const SearchSpace& space_;
  KernelTables tables_;
  double noise_;
  std::vector<GridPoint> runs_;
  Eigen::VectorXd values_;
  Eigen::MatrixXf rows_;                // covariances of all points with a run: a column each
  std::vector<Eigen::MatrixXf> lower_;  // of each axis's correlations; none: the space has holes
  // Of the runs' covariance, and its inverse times values_; none since the last was added.
  mutable std::optional<Eigen::LLT<Eigen::MatrixXd>> factor_;
  mutable std::optional<Eigen::VectorXd> weights_;
};

}  // namespace isojoule

#include "optimise/process_draw.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace isojoule {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;
using Eigen::VectorXf;

namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Long correlations make a matrix singular to rounding; tables are in single precision.
constexpr double kJitter = 2e-5, kRounding = 1e-6;

MatrixXd factor_of(MatrixXd covariance, double variance) {
  double jitter = kJitter * variance;
  for (int i = 0; i < 6; ++i, jitter *= 10) {
    MatrixXd tried = covariance;
    tried.diagonal().array() += jitter;
    const Eigen::LLT<MatrixXd> factor(tried);
    if (factor.info() == Eigen::Success) return factor.matrixL();
  }
  return covariance.diagonal().cwiseMax(0).cwiseSqrt().asDiagonal();  // as if independent
}

// Correlations along one axis, the first value of all others.
MatrixXd correlations(const SearchSpace& space, const KernelTables& tables, std::size_t axis) {
  const auto count = static_cast<Index>(space.axes()[axis].values.size());
  std::vector<GridPoint> line;
  std::vector<Level> levels(space.axes().size(), 0);
  for (Index i = 0; i < count; ++i) {
    levels[axis] = static_cast<Level>(i);
    line.push_back(*space.at(levels));
  }
  MatrixXd result(count, count);
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j)
      result(i, j) =
          tables.between(line[static_cast<std::size_t>(i)], line[static_cast<std::size_t>(j)]) /
          tables.variance();
  return result;
}

}  // namespace

bool is_full_grid(const SearchSpace& space) {
  double all = 1;
  for (const SearchAxis& axis : space.axes()) all *= static_cast<double>(axis.values.size());
  return all == static_cast<double>(space.size());
}

ProcessDraw::ProcessDraw(const SearchSpace& space, const PointKernel& kernel, double noise)
    : space_(space), tables_(space, kernel), noise_(noise) {
  if (!is_full_grid(space)) return;
  for (std::size_t a = 0; a < space.axes().size(); ++a)
    lower_.push_back(factor_of(correlations(space, tables_, a), 1).cast<float>());
}

void ProcessDraw::add(GridPoint point, double value) {
  const Index n = std::ssize(runs_);
  if (rows_.cols() == n) rows_.conservativeResize(space_.size(), std::max<Index>(16, 2 * n));
  Eigen::RowVectorXf fresh(space_.size());
  tables_.row(point, fresh);
  rows_.col(n) = fresh.transpose();
  runs_.push_back(point);
  values_.conservativeResize(n + 1);
  values_[n] = value;
  factor_.reset();
  weights_.reset();
}

VectorXd ProcessDraw::with_runs(GridPoint point) const {
  VectorXd result(std::ssize(runs_));
  for (Index i = 0; i < result.size(); ++i)
    result[i] = tables_.between(runs_[static_cast<std::size_t>(i)], point);
  return result;
}

const Eigen::LLT<MatrixXd>& ProcessDraw::factor() const {
  if (factor_) return *factor_;
  const Index n = std::ssize(runs_);
  MatrixXd covariance(n, n);
  for (Index i = 0; i < n; ++i) covariance.col(i) = with_runs(runs_[static_cast<std::size_t>(i)]);
  covariance.diagonal().array() += noise_ * noise_ + kRounding * tables_.variance();
  factor_.emplace(covariance);
  return *factor_;
}

const VectorXd& ProcessDraw::weights() const {
  if (!weights_) weights_ = factor().solve(values_);
  return *weights_;
}

VectorXf ProcessDraw::draw(std::span<const GridPoint> points, Random& random) const {
  return lower_.empty() ? of_points(points, random) : of_grid(points, random);
}

std::size_t ProcessDraw::place_of(GridPoint point) const {
  const auto own = space_.levels(point);
  std::size_t place = 0;
  for (std::size_t a = 0; a < own.size(); ++a)
    place = place * space_.axes()[a].values.size() + static_cast<std::size_t>(own[a]);
  return place;
}

VectorXf ProcessDraw::of_grid(std::span<const GridPoint> points, Random& random) const {
  VectorXf prior(space_.size());
  const double deviation = std::sqrt(tables_.variance());
  for (Index i = 0; i < prior.size(); ++i)
    prior[i] = static_cast<float>(deviation * random.normal());
  Index inner = prior.size();
  for (const MatrixXf& lower : lower_) {
    inner /= lower.rows();
    for (Index begin = 0; begin < prior.size(); begin += lower.rows() * inner) {
      Eigen::Map<RowMatrix> block(prior.data() + begin, lower.rows(), inner);
      block = (lower.triangularView<Eigen::Lower>() * block).eval();
    }
  }
  VectorXd apart(values_.size());
  for (Index i = 0; i < apart.size(); ++i) {
    const auto place = static_cast<Index>(place_of(runs_[static_cast<std::size_t>(i)]));
    apart[i] = values_[i] - double{prior[place]} - noise_ * random.normal();
  }
  const VectorXf weights = factor().solve(apart).cast<float>();
  const VectorXf shift = rows_.leftCols(weights.size()) * weights;
  VectorXf result(std::ssize(points));
  for (Index i = 0; i < result.size(); ++i) {
    const GridPoint point = points[static_cast<std::size_t>(i)];
    result[i] = prior[static_cast<Index>(place_of(point))] + shift[point];
  }
  return result;
}

VectorXf ProcessDraw::of_points(std::span<const GridPoint> points, Random& random) const {
  const Index count = std::ssize(points);
  MatrixXd between(std::ssize(runs_), count), covariance(count, count);
  VectorXd z(count);
  for (Index i = 0; i < count; ++i) {
    const GridPoint point = points[static_cast<std::size_t>(i)];
    between.col(i) = with_runs(point);
    for (Index j = 0; j < count; ++j)
      covariance(i, j) = tables_.between(point, points[static_cast<std::size_t>(j)]);
    z[i] = random.normal();
  }
  const VectorXd mean = between.transpose() * weights();
  factor().matrixL().solveInPlace(between);
  covariance -= between.transpose() * between;
  const MatrixXd lower = factor_of(std::move(covariance), tables_.variance());
  return (mean + lower.triangularView<Eigen::Lower>() * z).cast<float>();
}

double ProcessDraw::mean(GridPoint point) const { return with_runs(point).dot(weights()); }

double ProcessDraw::deviation(GridPoint point) const {
  const VectorXd spent = factor().matrixL().solve(with_runs(point));
  return std::sqrt(std::max(1e-12, tables_.variance() - spent.squaredNorm()));
}

}  // namespace isojoule

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
constexpr double kJitter = 2e-5;

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
    : space_(space), tables_(space, kernel), noise_(noise), process_(space, kernel, noise) {
  if (!is_full_grid(space)) return;
  for (std::size_t a = 0; a < space.axes().size(); ++a)
    lower_.push_back(factor_of(correlations(space, tables_, a), 1).cast<float>());
}

void ProcessDraw::add(GridPoint point, double value) {
  process_.add(point, value);
  values_.push_back(value);
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
  VectorXd apart(std::ssize(values_));
  for (Index i = 0; i < apart.size(); ++i) {
    const auto run = static_cast<std::size_t>(i);
    apart[i] = values_[run] - double{prior[static_cast<Index>(place_of(process_.points()[run]))]} -
               noise_ * random.normal();
  }
  const VectorXf white = process_.whitened(apart).cast<float>();
  const VectorXf shift = process_.weights().transpose() * white;
  VectorXf result(std::ssize(points));
  for (Index i = 0; i < result.size(); ++i) {
    const GridPoint point = points[static_cast<std::size_t>(i)];
    result[i] = prior[static_cast<Index>(place_of(point))] + shift[point];
  }
  return result;
}

VectorXf ProcessDraw::of_points(std::span<const GridPoint> points, Random& random) const {
  const Index count = std::ssize(points);
  MatrixXf weights(process_.count(), count);
  for (Index i = 0; i < count; ++i)
    weights.col(i) = process_.weights().col(points[static_cast<std::size_t>(i)]);
  MatrixXd covariance = -(weights.transpose() * weights).cast<double>();
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j)
      covariance(i, j) +=
          tables_.between(points[static_cast<std::size_t>(i)], points[static_cast<std::size_t>(j)]);
  const VectorXd values = Eigen::Map<const VectorXd>(values_.data(), std::ssize(values_));
  VectorXf result = weights.transpose() * process_.whitened(values).cast<float>();
  VectorXd z(count);
  for (Index i = 0; i < count; ++i) z[i] = random.normal();
  const MatrixXd lower = factor_of(std::move(covariance), tables_.variance());
  result += (lower.triangularView<Eigen::Lower>() * z).cast<float>();
  return result;
}

double ProcessDraw::mean(GridPoint point) const {
  const VectorXd values = Eigen::Map<const VectorXd>(values_.data(), std::ssize(values_));
  return process_.weights().col(point).cast<double>().dot(process_.whitened(values));
}

double ProcessDraw::deviation(GridPoint point) const {
  const double spent = process_.weights().col(point).cast<double>().squaredNorm();
  return std::sqrt(std::max(1e-12, tables_.variance() - spent));
}

}  // namespace isojoule

#include "optimise/point_process.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>

namespace isojoule {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double matern(double distance) {
  const double a = std::sqrt(5.0) * distance;
  return (1 + a + a * a / 3) * std::exp(-a);
}

// Distances along an axis, in the units of coordinates().
double place(const SearchAxis& axis, std::size_t level) {
  const auto last = static_cast<double>(axis.values.size() - 1);
  if (!axis.ordered || !(axis.number(0) > 0))
    return static_cast<double>(level) / std::max(1.0, last);
  return std::log(std::get<double>(axis.values[level]) / std::get<double>(axis.values.back()));
}

double gauss(double x, double middle, double deviation) {
  const double z = (x - middle) / deviation;
  return -0.5 * z * z;
}

}  // namespace

KernelTables::KernelTables(const SearchSpace& space, const PointKernel& kernel)
    : space_(space), variance_(kernel.signal * kernel.signal) {
  for (std::size_t a = 0; a < space.axes().size(); ++a) {
    const SearchAxis& axis = space.axes()[a];
    const auto count = static_cast<Index>(axis.values.size());
    Eigen::MatrixXf table(count, count);
    for (Index i = 0; i < count; ++i)
      for (Index j = 0; j < count; ++j) {
        const double apart = std::abs(place(axis, static_cast<std::size_t>(i)) -
                                      place(axis, static_cast<std::size_t>(j)));
        table(i, j) = static_cast<float>(!axis.ordered ? (i == j ? 1 : kernel.words)
                                                       : matern(apart / kernel.lengths[a]));
      }
    tables_.push_back(std::move(table));
  }
}

double KernelTables::between(GridPoint a, GridPoint b) const {
  const auto own = space_.levels(a), other = space_.levels(b);
  double product = variance_;
  for (std::size_t i = 0; i < tables_.size(); ++i) product *= tables_[i](own[i], other[i]);
  return product;
}

void KernelTables::row(GridPoint point, Eigen::Ref<Eigen::RowVectorXf> out) const {
  const auto own = space_.levels(point);
  const std::size_t axes = tables_.size();
  const Level* level = space_.levels(0).data();
  std::vector<const float*> columns;
  for (std::size_t a = 0; a < axes; ++a) columns.push_back(tables_[a].col(own[a]).data());
  const auto variance = static_cast<float>(variance_);
  for (Index p = 0; p < out.size(); ++p, level += axes) {
    float product = variance;
    for (std::size_t a = 0; a < axes; ++a) product *= columns[a][level[a]];
    out[p] = product;
  }
}

PointProcess::PointProcess(const SearchSpace& space, const PointKernel& kernel, double noise)
    : space_(space),
      tables_(space, kernel),
      noise_(noise),
      spent_(Eigen::VectorXf::Zero(space.size())) {}

void PointProcess::add(GridPoint point, double value) {
  const Index n = count();
  if (lower_.rows() == n) {
    const Index room = std::max<Index>(16, 2 * n);
    lower_.conservativeResize(room, room);
    weights_.conservativeResize(room, space_.size());
  }
  VectorXd own(n);
  for (Index i = 0; i < n; ++i)
    own[i] = tables_.between(points_[static_cast<std::size_t>(i)], point);
  const auto before = lower_.topLeftCorner(n, n).triangularView<Eigen::Lower>();
  if (n > 0) before.solveInPlace(own);
  // A second look at a point adds nothing but less noise; rounding must not make that negative.
  const double left = tables_.variance() + noise_ * noise_ - own.squaredNorm();
  const double corner = std::sqrt(std::max(left, 1e-6 * noise_ * noise_ + 1e-14));
  lower_.row(n).head(n) = own.transpose();
  lower_(n, n) = corner;
  Eigen::RowVectorXf fresh(space_.size());
  tables_.row(point, fresh);
  if (n > 0) fresh.noalias() -= own.cast<float>().transpose() * weights_.topRows(n);
  fresh /= static_cast<float>(corner);
  weights_.row(n) = fresh;
  spent_ += fresh.array().square().matrix().transpose();
  values_.conservativeResize(n + 1);
  values_[n] = value;
  white_.conservativeResize(n + 1);
  white_[n] = (value - (n > 0 ? own.dot(white_.head(n)) : 0.0)) / corner;
  points_.push_back(point);
}

double PointProcess::log_likelihood() const {
  const Index n = count();
  return -0.5 * white_.squaredNorm() - lower_.diagonal().head(n).array().log().sum() -
         0.5 * static_cast<double>(n) * std::log(2 * M_PI);
}

VectorXd PointProcess::left_out() const {
  const Index n = count();
  const auto lower = lower_.topLeftCorner(n, n).triangularView<Eigen::Lower>();
  const MatrixXd inverse = lower.solve(MatrixXd::Identity(n, n));
  const VectorXd diagonal = inverse.colwise().squaredNorm();  // of K^-1
  const VectorXd alpha = inverse.transpose() * white_;
  VectorXd result(n);
  for (Index i = 0; i < n; ++i)
    result[i] = -0.5 * alpha[i] * alpha[i] / diagonal[i] + 0.5 * std::log(diagonal[i]) -
                0.5 * std::log(2 * M_PI);
  return result;
}

Eigen::VectorXf PointProcess::mean() const {
  return weights_.topRows(count()).transpose() * white_.cast<float>();
}

Eigen::VectorXf PointProcess::variance() const {
  return (static_cast<float>(tables_.variance()) - spent_.array()).max(1e-12F).matrix();
}

MatrixXd PointProcess::covariance_of_runs() const {
  const MatrixXd lower = lower_.topLeftCorner(count(), count()).triangularView<Eigen::Lower>();
  return lower * lower.transpose();
}

VectorXd PointProcess::whitened(const VectorXd& y) const {
  return lower_.topLeftCorner(count(), count()).triangularView<Eigen::Lower>().solve(y);
}

MatrixXd PointProcess::whitened(const MatrixXd& y) const {
  return lower_.topLeftCorner(count(), count()).triangularView<Eigen::Lower>().solve(y);
}

double log_likelihood(const SearchSpace& space, const PointKernel& kernel, double noise,
                      std::span<const GridPoint> points, const VectorXd& values) {
  const KernelTables tables(space, kernel);
  const auto n = static_cast<Index>(points.size());
  MatrixXd covariance(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j)
      covariance(i, j) =
          tables.between(points[static_cast<std::size_t>(i)], points[static_cast<std::size_t>(j)]);
    covariance(i, i) += noise * noise;
  }
  const Eigen::LLT<Eigen::Ref<MatrixXd>> factor(covariance);
  if (factor.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
  const VectorXd white = factor.matrixL().solve(values);
  return -0.5 * white.squaredNorm() - covariance.diagonal().array().log().sum() -
         0.5 * static_cast<double>(n) * std::log(2 * M_PI);
}

PointKernel learn_kernel(const SearchSpace& space, const PointKernel& from, double noise,
                         std::span<const GridPoint> points, const VectorXd& values, double length) {
  const double spread = std::max(0.05, std::sqrt((values.array() - values.mean()).square().mean()));
  const auto score = [&](const PointKernel& kernel) {
    double prior = gauss(std::log(kernel.signal / spread), 0.35, 0.5);
    for (const double one : kernel.lengths) prior += gauss(std::log(one / length), 0, 1);
    return prior + log_likelihood(space, kernel, noise, points, values);
  };
  PointKernel best = from;
  double most = score(best);
  double step = 2;
  for (int round = 0; round < 6; ++round) {
    bool moved = false;
    for (std::size_t i = 0; i <= best.lengths.size(); ++i)
      for (const double factor : {step, 1 / step}) {
        PointKernel tried = best;
        double& parameter = i < best.lengths.size() ? tried.lengths[i] : tried.signal;
        parameter *= factor;
        if (const double value = score(tried); value > most + 1e-3) {
          best = tried;
          most = value;
          moved = true;
        }
      }
    if (!moved) {
      if (step < 1.3) break;
      step = std::sqrt(step);
    }
  }
  return best;
}

}  // namespace isojoule

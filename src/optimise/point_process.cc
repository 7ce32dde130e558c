#include "optimise/point_process.h"

#include <Eigen/Cholesky>
#include <array>
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

Eigen::MatrixXf KernelTables::table(const SearchAxis& axis, double length, double words) {
  const auto count = static_cast<Index>(axis.values.size());
  Eigen::MatrixXf table = Eigen::MatrixXf::Ones(count, count);
  std::vector<double> places;
  for (std::size_t i = 0; i < axis.values.size(); ++i) places.push_back(place(axis, i));
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < i; ++j) {
      const double apart =
          std::abs(places[static_cast<std::size_t>(i)] - places[static_cast<std::size_t>(j)]);
      table(i, j) = table(j, i) = static_cast<float>(axis.ordered ? matern(apart / length) : words);
    }
  return table;
}

KernelTables::KernelTables(const SearchSpace& space, const PointKernel& kernel)
    : space_(space), variance_(kernel.signal * kernel.signal) {
  for (std::size_t a = 0; a < space.axes().size(); ++a)
    tables_.push_back(table(space.axes()[a], kernel.lengths[a], kernel.words));
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

namespace {

// log p(y) of values at points for kernels that differ in a parameter at a time: each axis's
// correlations between the runs are kept.
class KernelScore {
 public:
  KernelScore(const SearchSpace& space, double noise, std::span<const GridPoint> points,
              const VectorXd& values)
      : space_(space), noise_(noise), points_(points), values_(values) {}

  double of(const PointKernel& kernel) {
    const auto n = static_cast<Index>(points_.size());
    kept_.resize(space_.axes().size());
    MatrixXd covariance = MatrixXd::Constant(n, n, kernel.signal * kernel.signal);
    for (std::size_t a = 0; a < kept_.size(); ++a) covariance.array() *= between(a, kernel).array();
    covariance.diagonal().array() += noise_ * noise_;
    const Eigen::LLT<Eigen::Ref<MatrixXd>> factor(covariance);
    if (factor.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
    const VectorXd white = factor.matrixL().solve(values_);
    return -0.5 * white.squaredNorm() - covariance.diagonal().array().log().sum() -
           0.5 * static_cast<double>(n) * std::log(2 * M_PI);
  }

 private:
  // Two are kept an axis: the best so far and the one being tried.
  const MatrixXd& between(std::size_t axis, const PointKernel& kernel) {
    auto& kept = kept_[axis];
    const double length = kernel.lengths[axis];
    for (Kept& one : kept)
      if (one.length == length && one.words == kernel.words && one.correlations.size() > 0) {
        one.used = ++time_;
        return one.correlations;
      }
    Kept& oldest = kept[0].used < kept[1].used ? kept[0] : kept[1];
    oldest = {length, kernel.words, ++time_, correlations(axis, kernel)};
    return oldest.correlations;
  }

  MatrixXd correlations(std::size_t axis, const PointKernel& kernel) const {
    const Eigen::MatrixXf table =
        KernelTables::table(space_.axes()[axis], kernel.lengths[axis], kernel.words);
    const auto n = static_cast<Index>(points_.size());
    MatrixXd found(n, n);
    for (Index j = 0; j < n; ++j) {
      const Level other = space_.levels(points_[static_cast<std::size_t>(j)])[axis];
      for (Index i = 0; i < n; ++i)
        found(i, j) =
            double{table(space_.levels(points_[static_cast<std::size_t>(i)])[axis], other)};
    }
    return found;
  }

  struct Kept {
    double length = 0, words = 0;
    std::int64_t used = 0;
    MatrixXd correlations;
  };
  const SearchSpace& space_;
  double noise_;
  std::span<const GridPoint> points_;
  const VectorXd& values_;
  std::vector<std::array<Kept, 2>> kept_;
  std::int64_t time_ = 0;
};

}  // namespace

double log_likelihood(const SearchSpace& space, const PointKernel& kernel, double noise,
                      std::span<const GridPoint> points, const VectorXd& values) {
  return KernelScore(space, noise, points, values).of(kernel);
}

PointKernel learn_kernel(const SearchSpace& space, const PointKernel& from, double noise,
                         std::span<const GridPoint> points, const VectorXd& values, double length) {
  const double spread = std::max(0.05, std::sqrt((values.array() - values.mean()).square().mean()));
  KernelScore likelihood(space, noise, points, values);
  const auto score = [&](const PointKernel& kernel) {
    double prior = gauss(std::log(kernel.signal / spread), 0.35, 0.5);
    for (const double one : kernel.lengths) prior += gauss(std::log(one / length), 0, 1);
    return prior + likelihood.of(kernel);
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

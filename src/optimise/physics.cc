#include "optimise/physics.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <unsupported/Eigen/AutoDiff>

namespace isojoule {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using std::exp;
using std::log;
using std::sqrt;

constexpr double kNorm = 4;  // of the soft maximum

bool has(std::string_view name, std::string_view word) {
  return name.find(word) != std::string_view::npos;
}

template <class Scalar>
Scalar logistic(const Scalar& x) {
  return 1.0 / (1.0 + exp(-x));
}

template <class Scalar>
Scalar soft_positive(const Scalar& x, double width) {
  const Scalar scaled = x / width;
  return scaled > 30.0 ? x : Scalar(width * log(1.0 + exp(scaled)));
}

// V^2 relative to that at the highest clock.
template <class Scalar>
Scalar voltage_squared(double share, const Scalar& lowest_logit, const Scalar& knee_logit) {
  constexpr double width = 0.05;
  const Scalar lowest = 0.4 + 0.6 * logistic(lowest_logit);
  const Scalar knee = logistic(knee_logit);
  const Scalar rise =
      soft_positive(Scalar(share - knee), width) / soft_positive(Scalar(1.0 - knee), width);
  const Scalar volt = lowest + (1.0 - lowest) * rise;
  return volt * volt;
}

}  // namespace

AxisRole role_of(const SearchAxis& axis) {
  const std::string& name = axis.name;
  if (!axis.ordered) return AxisRole::words;
  if (!(axis.number(0) > 0)) return AxisRole::none;
  if (has(name, "power_limit") || has(name, "power_cap")) return AxisRole::cap;
  if (has(name, "batch")) return AxisRole::batch;
  if (has(name, "cores") || has(name, "cpu_online") || has(name, "threads")) return AxisRole::cores;
  const bool clock = has(name, "freq") || has(name, "clock") || has(name, "_hz");
  if (!clock) return AxisRole::none;
  if (has(name, "emc") || has(name, "mem")) return AxisRole::memory_clock;
  if (has(name, "gpu") || has(name, "gr_") || has(name, "graphics") || has(name, "dla"))
    return AxisRole::gpu_clock;
  if (has(name, "cpu")) return AxisRole::cpu_clock;
  return AxisRole::none;
}

Physics::Physics(const SearchSpace& space) : inputs_(static_cast<std::size_t>(space.size())) {
  int first_word = 0;
  for (std::size_t a = 0; a < space.axes().size(); ++a) {
    const SearchAxis& axis = space.axes()[a];
    const AxisRole role = role_of(axis);
    says_anything_ = says_anything_ || (role != AxisRole::none && role != AxisRole::words);
    has_batches_ = has_batches_ || role == AxisRole::batch;
    const double most = axis.ordered ? std::get<double>(axis.values.back()) : 1;
    for (auto [clock, shares] : {std::pair(AxisRole::cpu_clock, &cpu_shares_),
                                 std::pair(AxisRole::gpu_clock, &gpu_shares_)}) {
      if (role != clock) continue;
      shares->clear();
      for (const Value& value : axis.values)
        shares->push_back(static_cast<float>(std::get<double>(value) / most));
    }
    for (GridPoint p = 0; p < space.size(); ++p) {
      Inputs& inputs = inputs_[static_cast<std::size_t>(p)];
      const Level level = space.levels(p)[a];
      const auto share = static_cast<float>(axis.ordered ? axis.number(level) / most : 1);
      switch (role) {
        case AxisRole::cpu_clock:
          inputs.cpu = share;
          inputs.cpu_place = static_cast<std::size_t>(level);
          break;
        case AxisRole::gpu_clock:
          inputs.gpu = share;
          inputs.gpu_place = static_cast<std::size_t>(level);
          break;
        case AxisRole::memory_clock: inputs.memory = share; break;
        case AxisRole::cores: inputs.cores = share; break;
        case AxisRole::cap: inputs.cap = share; break;
        case AxisRole::batch: inputs.batch = static_cast<float>(axis.number(level)); break;
        case AxisRole::words:
          if (level > 0) inputs.words.push_back(first_word + level - 1);
          break;
        case AxisRole::none: break;
      }
    }
    if (role == AxisRole::words) first_word += static_cast<int>(axis.values.size()) - 1;
  }
  words_ = first_word;
}

// What is the same at many points: computed once for a theta.
template <class Scalar>
struct Physics::Terms {
  Terms(const std::array<Scalar, kShifted>& theta, const std::vector<float>& cpu_shares,
        const std::vector<float>& gpu_shares) {
    const auto raw = [&](Physical which) -> const Scalar& {
      return theta[static_cast<std::size_t>(which)];
    };
    for (std::size_t i = 0; i < kCosts; ++i) costs[i] = exp(theta[i]);
    for (const float share : cpu_shares)
      cpu_volts.push_back(
          voltage_squared(double{share}, raw(Physical::cpu_lowest), raw(Physical::cpu_knee)));
    for (const float share : gpu_shares)
      gpu_volts.push_back(
          voltage_squared(double{share}, raw(Physical::gpu_lowest), raw(Physical::gpu_knee)));
    core_scaling = logistic(raw(Physical::core_scaling));
    cap_floor = logistic(raw(Physical::cap_floor));
    cap_slope = logistic(raw(Physical::cap_slope));
  }
  const Scalar& cost(Physical which) const { return costs[static_cast<std::size_t>(which)]; }

  static constexpr std::size_t kCosts = static_cast<std::size_t>(Physical::cpu_lowest);
  std::array<Scalar, kCosts> costs;
  std::vector<Scalar> cpu_volts, gpu_volts;  // V^2 by place
  Scalar core_scaling, cap_floor, cap_slope;
};

template <class Scalar>
Physics::Pair<Scalar> Physics::evaluate(const Terms<Scalar>& terms, const Scalar* shifts,
                                        const Inputs& in) {
  const auto cost = [&](Physical which) -> const Scalar& { return terms.cost(which); };
  Scalar gpu(double{in.gpu});
  if (in.cap < 1) {
    // Under a cap of power the clock settles where f V^2, about f^3, meets what is left over.
    const Scalar left =
        soft_positive(Scalar((double{in.cap} - terms.cap_floor) / (1.0 - terms.cap_floor)), 0.05);
    gpu = gpu * exp(log(left + 1e-3) * terms.cap_slope);
  }
  Scalar host = cost(Physical::host) / double{in.cpu};
  if (in.cores < 1)
    host = host * exp(-std::log(double{std::max(1e-3F, in.cores)}) * terms.core_scaling);
  Scalar launch = cost(Physical::launch) / (double{in.cpu} * double{in.batch});
  Scalar compute = cost(Physical::compute) * (1.0 + cost(Physical::fill) / double{in.batch}) / gpu;
  if (!in.words.empty()) {
    compute = compute * exp(shifts[0]);
    launch = launch * exp(shifts[1]);
  }
  const Scalar memory = cost(Physical::memory) / double{in.memory};
  const auto squared = [](const Scalar& x) -> Scalar { return x * x; };
  const Scalar device = sqrt(sqrt(Scalar(squared(squared(compute)) + squared(squared(memory)) +
                                         squared(squared(launch)))));  // the 4-norm
  const Scalar time = cost(Physical::fixed) + host + device;
  const Scalar& cpu_volt = terms.cpu_volts[in.cpu_place];
  const Scalar& gpu_volt = terms.gpu_volts[in.gpu_place];
  const Scalar power = cost(Physical::idle) +
                       cost(Physical::cpu_power) * cpu_volt * (double{in.cpu} * double{in.cores}) +
                       cost(Physical::gpu_power) * gpu_volt * gpu +
                       cost(Physical::memory_power) * double{in.memory};
  const Scalar work = cost(Physical::cpu_work) * cpu_volt + cost(Physical::gpu_work) * gpu_volt +
                      cost(Physical::memory_work);
  Pair<Scalar> pair{log(time), log(Scalar(time * power + work))};
  if (!in.words.empty()) pair.log_energy = pair.log_energy + shifts[2];
  return pair;
}

// The basic parameters, then the sums of the shifts of a point's words.
std::array<double, 3> Physics::shifts_at(const Inputs& in, const VectorXd& theta) {
  std::array<double, 3> sums{};
  for (const int word : in.words)
    for (int shift = 0; shift < 3; ++shift)
      sums[static_cast<std::size_t>(shift)] += theta[kPhysical + 3 * word + shift];
  return sums;
}

Physics::Outcome Physics::at(std::span<const GridPoint> points, const VectorXd& theta,
                             bool slopes) const {
  return slopes ? sloped(points, theta) : plain(points, theta);
}

Physics::Outcome Physics::plain(std::span<const GridPoint> points, const VectorXd& theta) const {
  const auto n = static_cast<Index>(points.size());
  Outcome out{VectorXd(n), VectorXd(n), {}, {}};
  std::array<double, kShifted> own{};
  std::copy_n(theta.data(), kPhysical, own.begin());
  const Terms<double> terms(own, cpu_shares_, gpu_shares_);
  for (Index i = 0; i < n; ++i) {
    const Inputs& in = inputs_[static_cast<std::size_t>(points[static_cast<std::size_t>(i)])];
    const auto shifts = shifts_at(in, theta);
    const auto pair = evaluate(terms, shifts.data(), in);
    out.log_time[i] = pair.log_time;
    out.log_energy[i] = pair.log_energy;
  }
  return out;
}

Physics::Outcome Physics::sloped(std::span<const GridPoint> points, const VectorXd& theta) const {
  const auto n = static_cast<Index>(points.size());
  Outcome out{VectorXd(n), VectorXd(n), MatrixXd::Zero(theta.size(), n),
              MatrixXd::Zero(theta.size(), n)};
  using Slope = Eigen::Matrix<double, kShifted, 1>;  // of a fixed size: a great many are made
  using Dual = Eigen::AutoDiffScalar<Slope>;
  std::array<Dual, kShifted> duals;
  for (Index j = 0; j < kShifted; ++j)
    duals[static_cast<std::size_t>(j)] =
        Dual(j < kPhysical ? theta[j] : 0.0, static_cast<int>(kShifted), static_cast<int>(j));
  const Terms<Dual> terms(duals, cpu_shares_, gpu_shares_);
  for (Index i = 0; i < n; ++i) {
    const Inputs& in = inputs_[static_cast<std::size_t>(points[static_cast<std::size_t>(i)])];
    const auto shifts = shifts_at(in, theta);
    for (std::size_t j = 0; j < 3; ++j) duals[kPhysical + j].value() = shifts[j];
    const auto pair = evaluate(terms, &duals[kPhysical], in);
    out.log_time[i] = pair.log_time.value();
    out.log_energy[i] = pair.log_energy.value();
    const auto scatter = [&](const Slope& slope, MatrixXd& all) {
      all.col(i).head(kPhysical) = slope.head<kPhysical>();
      for (const int word : in.words)
        all.col(i).segment<3>(kPhysical + 3 * word) += slope.tail<3>();
    };
    scatter(pair.log_time.derivatives(), out.time_slope);
    scatter(pair.log_energy.derivatives(), out.energy_slope);
  }
  out.time_slope.transposeInPlace();
  out.energy_slope.transposeInPlace();
  return out;
}

PhysicalPrior vague_physics() {
  PhysicalPrior prior{VectorXd::Zero(kPhysical), MatrixXd::Zero(kPhysical, kPhysical)};
  prior.mean << -3, -1.5, -0.7, -1.5, -1.5, -1,  // times
      -0.5, -1.5, -1, -1.5, -3, -2, -2,          // powers and works
      0, 0, -0.5, -0.5, 0, 0, 0;                 // shapes
  prior.covariance.diagonal().setConstant(1.5 * 1.5);
  prior.covariance.diagonal().tail(7).setConstant(1);
  return prior;
}

PhysicalPrior prior_of(std::span<const double> mean, std::span<const double> triangle) {
  PhysicalPrior prior{Eigen::Map<const VectorXd>(mean.data(), std::ssize(mean)), {}};
  prior.covariance.resize(kPhysical, kPhysical);
  std::size_t next = 0;
  for (Index i = 0; i < kPhysical; ++i)
    for (Index j = 0; j <= i; ++j)
      prior.covariance(i, j) = prior.covariance(j, i) = triangle[next++];
  return prior;
}

PhysicalPrior extended(const PhysicalPrior& basic, Index words) {
  const Index size = kPhysical + 3 * words;
  PhysicalPrior prior{VectorXd::Zero(size), MatrixXd::Zero(size, size)};
  prior.mean.head(kPhysical) = basic.mean;
  prior.covariance.topLeftCorner(kPhysical, kPhysical) = basic.covariance;
  prior.covariance.diagonal().tail(3 * words).setConstant(0.5);
  return prior;
}

namespace {

class PhysicsSolver {
 public:
  PhysicsSolver(const Physics& physics, const PhysicalPrior& prior,
                std::span<const PhysicalRun> runs, double scatter)
      : physics_(physics), prior_(prior), scatter_(scatter), size_(prior.mean.size()) {
    const auto n = static_cast<Index>(runs.size());
    time_.resize(n);
    energy_.resize(n);
    for (Index i = 0; i < n; ++i) {
      points_.push_back(runs[static_cast<std::size_t>(i)].point);
      time_[i] = runs[static_cast<std::size_t>(i)].log_time;
      energy_[i] = runs[static_cast<std::size_t>(i)].log_energy;
    }
    precision_ = prior.covariance.llt().solve(MatrixXd::Identity(size_, size_));
  }

  PhysicalFit solve(const VectorXd& start) {
    VectorXd theta = start;
    units(theta);
    double least = objective(theta);
    double damping = 1e-2;
    for (int round = 0; round < 15; ++round) {
      const double before = least;
      if (!step(theta, least, damping) || before - least < 0.05) break;
    }
    return {theta, time_unit_, energy_unit_, least};
  }

 private:
  // The best units for these parameters: means of what is left over.
  void units(const VectorXd& theta) {
    const auto out = physics_.at(points_, theta, false);
    time_unit_ = (time_ - out.log_time).mean();
    energy_unit_ = (energy_ - out.log_energy).mean();
  }

  double objective(const VectorXd& theta) {
    const auto out = physics_.at(points_, theta, false);
    const VectorXd time = time_ - out.log_time, energy = energy_ - out.log_energy;
    const double scale = 1 / (scatter_ * scatter_);
    return scale * ((time.array() - time.mean()).square().sum() +
                    (energy.array() - energy.mean()).square().sum()) +
           (theta - prior_.mean).dot(precision_ * (theta - prior_.mean));
  }

  // Units are taken out of the problem: residuals and slopes without their means.
  bool step(VectorXd& theta, double& least, double& damping) {
    auto out = physics_.at(points_, theta, true);
    out.time_slope.rowwise() -= out.time_slope.colwise().mean().eval();
    out.energy_slope.rowwise() -= out.energy_slope.colwise().mean().eval();
    VectorXd time = time_ - out.log_time, energy = energy_ - out.log_energy;
    time.array() -= time.mean();
    energy.array() -= energy.mean();
    const double scale = 1 / (scatter_ * scatter_);
    const MatrixXd hessian = scale * (out.time_slope.transpose() * out.time_slope +
                                      out.energy_slope.transpose() * out.energy_slope) +
                             precision_;
    const VectorXd slope =
        scale * (out.time_slope.transpose() * time + out.energy_slope.transpose() * energy) -
        precision_ * (theta - prior_.mean);
    for (int attempt = 0; attempt < 8; ++attempt, damping *= 5) {
      MatrixXd damped = hessian;
      damped.diagonal() += damping * hessian.diagonal();
      VectorXd moved = damped.llt().solve(slope).cwiseMin(1.5).cwiseMax(-1.5);
      moved += theta;
      const double value = objective(moved);
      if (!(value < least)) continue;
      theta = moved;
      least = value;
      damping = std::max(damping / 5, 1e-6);
      units(theta);
      return true;
    }
    return false;
  }

  const Physics& physics_;
  const PhysicalPrior& prior_;
  double scatter_;
  Index size_;
  std::vector<GridPoint> points_;
  VectorXd time_, energy_;
  MatrixXd precision_;
  double time_unit_ = 0, energy_unit_ = 0;
};

}  // namespace

PhysicalFit fit_physics(const Physics& physics, const PhysicalPrior& prior,
                        std::span<const PhysicalRun> runs, double scatter, const VectorXd& start) {
  return PhysicsSolver(physics, prior, runs, scatter).solve(start);
}

}  // namespace isojoule

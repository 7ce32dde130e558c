#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "predict/roofline/fit.h"
#include "trace/statistic.h"

namespace isojoule::roofline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct PowerRow {
  Load load;
  std::size_t place = 0;  // of its clocks
  bool idle = false;      // watts with nothing to do, not joules
};

// Clocks that many rows share: their powers are the same.
struct PowerPlace {
  Relative at;
  double speed_up = 1;
};

// What the modelled batch does, its times stretched to the measured one: where the time's model
// errs on a network, that must not bend the power.
Load measured_load(const Observation& one, const CostModel& costs, const Frame& frame,
                   const Relative& at) {
  const Work work = merged_work(*one.work, frame);
  Load load;
  Times times;
  for (const Kernel& kernel : work.kernels) {
    const KernelTime time = costs.kernel(kernel, at);
    costs.add(time, kernel.count, at, times);
    load.macs[static_cast<std::size_t>(kernel.work_class)] +=
        kernel.count * kernel.macs * time.share;
    load.operations += kernel.count * kernel.operations * time.share;
    load.bytes += kernel.count * time.bytes;
  }
  costs.finish(work.batch, work.input_bytes, at, times);
  const double stretch = one.time_s ? *one.time_s / times.total() : 1;
  load.device = stretch * times.device;
  load.running = stretch * times.running();
  load.launching = std::min(stretch * times.launching(), load.running);
  load.cpu = stretch * times.cpu();
  load.input = stretch * times.input;
  return load;
}

class PowerProblem {
 public:
  PowerProblem(Observations observations, const CostFit& cost)
      : supplies_{cost.compute.high, cost.cpu.high} {
    const CostModel costs(cost.frame, cost.fitted.theta);
    problem_.groups = group_numbers(observations);
    std::vector<double> values;
    for (const Observation& one : observations) {
      const Relative at = relative(one.point, cost.frame);
      rows_.push_back({measured_load(one, costs, cost.frame, at),
                       place_of({at, costs.speed(at) / at.compute})});
      values.push_back(std::log(one.energy_j));
      problem_.kinds.push_back(one.single_layer ? RowKind::layer : RowKind::network);
    }
    add_idle(observations, cost.frame, values);
    problem_.log_measured =
        Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
    problem_.model = [this](const VectorXd& theta, VectorXd& model, MatrixXd* jacobian) {
      evaluate(theta, model);
      if (jacobian != nullptr)
        differentiate([this](const VectorXd& t, VectorXd& m) { evaluate(t, m); }, theta,
                      problem_.priors, *jacobian);
    };
  }
  PowerProblem(const PowerProblem&) = delete;
  PowerProblem& operator=(const PowerProblem&) = delete;

  LogProblem& problem() { return problem_; }
  const Supplies& supplies() const { return supplies_; }

  template <typename Amount>
  double energy_per(Amount amount) const {
    std::vector<double> values;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (const double units = rows_[i].idle ? 0 : amount(rows_[i].load); units > 0)
        values.push_back(problem_.log_measured[static_cast<Index>(i)] - std::log(units));
    return values.empty() ? 0 : std::exp(median_of(values));
  }
  double lowest_idle_w() const {
    double lowest = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (const double watts = std::exp(problem_.log_measured[static_cast<Index>(i)]);
          rows_[i].idle && (lowest == 0 || watts < lowest))
        lowest = watts;
    return lowest;
  }

 private:
  // One row for each operating point: the median of its runs.
  void add_idle(Observations observations, const Frame& frame, std::vector<double>& values) {
    std::map<std::array<long, 3>, std::pair<Relative, std::vector<double>>> points;
    for (const Observation& one : observations) {
      if (!one.idle_power_w || !(*one.idle_power_w > 0)) continue;
      const Relative at = relative(one.point, frame);
      const auto step = [](double x) { return std::lround(100 * std::log(x)); };
      auto& [relative_at, watts] = points[{step(at.compute), step(at.cpu), step(at.memory)}];
      relative_at = at;
      watts.push_back(*one.idle_power_w);
    }
    for (const auto& [step, point] : points) {
      rows_.push_back({{}, place_of({point.first, 1}), true});
      values.push_back(std::log(median_of(point.second)));
      problem_.kinds.push_back(RowKind::idle);
      problem_.groups.push_back(-1);  // the meter's and the board's, all together
    }
  }

  std::size_t place_of(const PowerPlace& place) {
    const auto key = [](const PowerPlace& p) {
      return std::array{p.at.compute, p.at.cpu, p.at.memory, p.at.cores, p.speed_up};
    };
    const auto [at, is_new] = place_numbers_.try_emplace(key(place), places_.size());
    if (is_new) places_.push_back(place);
    return at->second;
  }

  void evaluate(const VectorXd& theta, VectorXd& model) const {
    std::vector<PowerModel> powers;
    powers.reserve(places_.size());
    for (const PowerPlace& place : places_)
      powers.emplace_back(theta, supplies_, place.at, place.speed_up);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const PowerRow& row = rows_[i];
      const PowerModel& power = powers[row.place];
      model[static_cast<Index>(i)] = std::log(row.idle ? power.idle() : power.energy(row.load));
    }
  }

  Supplies supplies_;
  std::vector<PowerRow> rows_;
  std::vector<PowerPlace> places_;
  std::map<std::array<double, 5>, std::size_t> place_numbers_;
  LogProblem problem_;
};

std::vector<Prior> priors_of(const CostFit& cost, const PowerProblem& problem) {
  std::vector<Prior> priors(kPowerSlots, Prior{kAbsent, 0});
  const double watts = problem.energy_per([](const Load& load) { return load.total(); });
  const double idle = problem.lowest_idle_w();
  const auto watt = [&](PowerSlot slot, double share, double deviation) {
    priors[slot] = {std::log(watts * share), deviation};
  };
  watt(kBase, 0.4, 1);
  if (idle > 0) priors[kBase] = {std::log(idle), 1};
  watt(kClock, 0.2, 1.5);
  const double per_mac = problem.energy_per([](const Load& load) {
    double sum = 0;
    for (const double macs : load.macs) sum += macs;
    return sum;
  });
  const double per_byte = problem.energy_per([](const Load& load) { return load.bytes; });
  priors[kMac] = {std::log((per_mac > 0 ? per_mac : watts * 1e-10) * 0.2), 2};
  if (per_byte > 0) priors[kByteEnergy] = {std::log(per_byte * 0.1), 2};
  priors[kMacPointwise] = priors[kMacProduct] = {0, 0.5};
  priors[kMacDepthwise] = priors[kOperation] = {0, 1};
  if (cost.compute.varies(1.5)) {
    priors[kClockIdle] = {-1.5, 1};
    priors[kDrop] = {logit(0.15), 0.7};
    priors[kKnee] = {logit(0.6), 1};
  }
  if (cost.cpu.varies(1.2) && cost.frame.clock != ComputeClock::cpu) {
    watt(kCore, 0.15, 1.5);
    watt(kUncore, 0.02, 1.5);
    priors[kSpin] = {-0.4, 1};
    if (cost.cpu.varies(1.5)) {
      priors[kCpuDrop] = {logit(0.15), 0.7};
      priors[kCpuKnee] = {logit(0.4), 1};
    }
  }
  if (cost.memory.varies(1.1)) watt(kMemoryIdle, 0.1, 1.5);
  return priors;
}

}  // namespace

PowerFit fit_power(Observations observations, const CostFit& cost) {
  PowerProblem problem(observations, cost);
  problem.problem().priors = priors_of(cost, problem);
  const VectorXd middle = prior_start(problem.problem().priors);
  VectorXd still = middle, moving = middle;  // mostly standing power; mostly work
  still[kMac] -= 1;
  still[kByteEnergy] -= 1;
  moving[kMac] += 1;
  moving[kClock] -= 1;
  PowerFit fit;
  fit.supplies = problem.supplies();
  fit.fitted = FittedVector(fit_logs(problem.problem(), {middle, still, moving}));
  return fit;
}

}  // namespace isojoule::roofline

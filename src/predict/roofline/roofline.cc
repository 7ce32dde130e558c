#include <cmath>
#include <nlohmann/json.hpp>

#include "predict/roofline/predictor.h"

namespace isojoule {
namespace roofline {
namespace {

using Eigen::VectorXd;

// How much less sure the model is beyond what it was fitted on: relative, an e-fold of clock or of
// MACs away; a layer whose operations nobody counts may cost as much again as it seems to.
constexpr double kClockDoubt = 0.3, kSizeDoubt = 0.05, kUnknownDoubt = 0.5;

// What of a batch's stream of kernels is one layer's: a launch-bound stream's time goes by
// launches.
Load load_of_kernel(const Kernel& kernel, const KernelTime& time, const Times& times) {
  const double share = times.kernels > 0 ? time.share / times.kernels : 0;
  Load load;
  load.device = time.seconds;
  load.running = time.seconds + share * (times.running() - times.device);
  load.launching = share * times.launching();
  load.macs[static_cast<std::size_t>(kernel.work_class)] = kernel.macs * time.share;
  load.operations = kernel.operations * time.share;
  load.bytes = time.bytes;
  return load;
}

VectorXd log_gradient(const PowerFit& fit, const Relative& at, double speed_up, const Load& load,
                      double energy_j) {
  constexpr double step = 1e-4;
  VectorXd theta = fit.fitted.theta, gradient = VectorXd::Zero(kPowerSlots);
  for (Eigen::Index j = 0; j < kPowerSlots; ++j) {
    if (fit.fitted.covariance(j, j) <= 0) continue;
    const double value = theta[j];
    theta[j] = value + step;
    const double up = PowerModel(theta, fit.supplies, at, speed_up).energy(load);
    theta[j] = value;
    gradient[j] = (up / energy_j - 1) / step;
  }
  return gradient;
}

}  // namespace

double RooflinePredictor::extrapolation(const NetworkWork& work, const Relative& at) const {
  double unknown = 0, kernels = 0;
  for (const LayerWork& layer : work.layers) {
    if (layer.work_class == WorkClass::view) continue;
    kernels += 1;
    unknown += layer.known ? 0 : 1;
  }
  const double clocks = std::hypot(cost_.compute.outside(at.compute), cost_.cpu.outside(at.cpu),
                                   cost_.memory.outside(at.memory));
  const double size = cost_.macs.outside(std::max(1.0, work.macs()));
  return std::hypot(kClockDoubt * clocks, kSizeDoubt * size,
                    kernels > 0 ? kUnknownDoubt * unknown / kernels : 0);
}

Load RooflinePredictor::load_of(const NetworkWork& work, const Relative& at) const {
  Times times;
  Load load;
  for (const LayerWork& layer : work.layers) {
    if (layer.work_class == WorkClass::view) continue;
    const Kernel kernel = kernel_of(layer, cost_.frame);
    const KernelTime time = costs_.kernel(kernel, at);
    costs_.add(time, 1, at, times);
    load.macs[static_cast<std::size_t>(kernel.work_class)] += kernel.macs * time.share;
    load.operations += kernel.operations * time.share;
    load.bytes += time.bytes;
  }
  costs_.finish(work.batch, work.input_bytes, at, times);
  load.device = times.device;
  load.running = times.running();
  load.launching = times.launching();
  load.cpu = times.cpu();
  load.input = times.input;
  return load;
}

Prediction RooflinePredictor::do_batch(const NetworkWork& work, const OperatingPoint& point) const {
  const Relative at = relative(point, cost_.frame);
  VectorXd gradient(kSlots);
  const Work merged = merged_work(work, cost_.frame);
  const double total = std::exp(costs_.log_total(merged, at, gradient));
  const double doubt = extrapolation(work, at);
  const double log_sd = std::hypot(cost_.fitted.deviation(gradient), doubt);
  Prediction prediction;
  if (!power_) {
    prediction.energy_j = total;
    prediction.energy_log_sd = log_sd;
    return prediction;
  }
  const Load load = load_of(work, at);
  const double speed_up = costs_.speed(at) / at.compute;
  prediction.time_s = total;
  prediction.time_log_sd = log_sd;
  const PowerModel power(power_->fitted.theta, power_->supplies, at, speed_up);
  prediction.energy_j = power.energy(load);
  // The part of the energy that grows with time errs with it.
  Load timeless = load;
  timeless.device = timeless.running = timeless.launching = timeless.cpu = timeless.input = 0;
  const double timed = 1 - power.energy(timeless) / prediction.energy_j;
  const VectorXd slopes = log_gradient(*power_, at, speed_up, load, prediction.energy_j);
  prediction.energy_log_sd = std::hypot(power_->fitted.deviation(slopes), timed * log_sd, doubt);
  return prediction;
}

LayerPrediction RooflinePredictor::do_layers(const NetworkWork& work, const OperatingPoint& point,
                                             std::span<LayerPrediction> layers) const {
  const Relative at = relative(point, cost_.frame);
  std::vector<Kernel> kernels(work.layers.size());
  std::vector<KernelTime> kernel_times(work.layers.size());
  Times times;
  for (std::size_t i = 0; i < work.layers.size(); ++i) {
    if (work.layers[i].work_class == WorkClass::view) continue;
    kernels[i] = kernel_of(work.layers[i], cost_.frame);
    kernel_times[i] = costs_.kernel(kernels[i], at);
    costs_.add(kernel_times[i], 1, at, times);
  }
  costs_.finish(work.batch, work.input_bytes, at, times);
  std::optional<PowerModel> power;
  if (power_)
    power.emplace(power_->fitted.theta, power_->supplies, at, costs_.speed(at) / at.compute);
  for (std::size_t i = 0; i < work.layers.size() && i < layers.size(); ++i) {
    layers[i] = {};
    if (work.layers[i].work_class == WorkClass::view) continue;
    if (!power) {
      layers[i].energy_j = kernel_times[i].seconds;
      continue;
    }
    const Load load = load_of_kernel(kernels[i], kernel_times[i], times);
    layers[i] = {power->energy(load), load.total()};
  }
  if (!power) return {times.cpu() + times.input, 0};
  Load rest;
  rest.cpu = times.cpu();
  rest.input = times.input;
  return {power->energy(rest), rest.total()};
}

std::vector<Parameter> RooflinePredictor::do_parameters() const {
  std::vector<Parameter> all = cost_parameters(cost_);
  if (power_) {
    const std::vector<Parameter> power = power_parameters(*power_, cost_);
    all.insert(all.end(), power.begin(), power.end());
  }
  return all;
}

nlohmann::json RooflinePredictor::do_state() const { return state_of(cost_, power_); }

namespace {

Result<std::unique_ptr<const Predictor>> fit(Observations observations, const FitOptions& options) {
  ISOJOULE_CHECK(check_observations(observations));
  ISOJOULE_TRY(CostFit cost, fit_cost(observations, options));
  std::optional<PowerFit> power;
  if (!cost.frame.energies) power = fit_power(observations, cost);
  return std::make_unique<const RooflinePredictor>(std::move(cost), std::move(power));
}

}  // namespace
}  // namespace roofline

const PredictorKind& predictor_kind_roofline() {
  static const PredictorKind kind{
      "roofline",
      "kernel by kernel: compute and memory at the clocks, launches; then power by component",
      "Williams, Waterman, Patterson (2009), Roofline",
      3,
      &roofline::fit,
      &roofline::load_state};
  return kind;
}

}  // namespace isojoule

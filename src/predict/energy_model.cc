#include "predict/energy_model.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace isojoule {
namespace {

// Beyond the measured range by more than this share: a clock is read back a little off.
constexpr double kTolerance = 0.01;

std::string in_unit(const std::string& name, double value) {
  if (unit_of_axis(name) == Unit::hertz) {
    if (value >= 1e9) return fmt::format("{:.4g} GHz", value / 1e9);
    return fmt::format("{:.4g} MHz", value / 1e6);
  }
  if (name == "macs" && value >= 1e9) return fmt::format("{:.3g} G", value / 1e9);
  if (name == "macs") return fmt::format("{:.3g} M", value / 1e6);
  return fmt::format("{:.6g}", value);
}

void check_range(const EnergyModel& model, const std::string& name, double value,
                 std::vector<std::string>& cautions) {
  const auto found = model.ranges.find(name);
  if (found == model.ranges.end()) return;
  const auto [least, most] = found->second;
  const std::string fitted =
      least == most ? "fitted on " + in_unit(name, least) + " alone"
                    : "fitted on " + in_unit(name, least) + " to " + in_unit(name, most);
  if (!(value > 0))
    cautions.push_back(name + " not given: " + fitted);
  else if (value < least * (1 - kTolerance) || value > most * (1 + kTolerance))
    cautions.push_back(name + " " + in_unit(name, value) + ": " + fitted);
}

std::vector<std::string> cautions_of(const EnergyModel& model, const NetworkWork& work,
                                     const OperatingPoint& point) {
  std::vector<std::string> cautions;
  const std::array<std::pair<const char*, double>, 6> values = {
      {{"cpu_frequency", point.cpu_hz},
       {"gpu_frequency", point.gpu_hz},
       {"memory_frequency", point.memory_hz},
       {"cores", point.cores},
       {"batch", work.batch},
       {"macs", work.macs() / work.batch}}};
  for (const auto& [name, value] : values) check_range(model, name, value, cautions);
  std::int64_t unknown = 0;
  for (const LayerWork& layer : work.layers) unknown += layer.known ? 0 : 1;
  if (unknown > 0)
    cautions.push_back(fmt::format("{} layers have operators that are not counted", unknown));
  if (!model.why_no_interval.empty())
    cautions.push_back("no tested interval: " + model.why_no_interval);
  else if (model.network_groups < kLeastGroups)
    cautions.push_back("the interval is that of single layers: too few networks were measured");
  return cautions;
}

bool matches(const Setting& job, const Setting& asked) {
  for (const auto& [axis, value] : asked.values()) {
    const Value* of_job = job.find(axis);
    if (of_job != nullptr && *of_job != value) return false;
  }
  return true;
}

}  // namespace

std::optional<double> PredictedBatch::power_w() const {
  if (!time_s || !(*time_s > 0)) return std::nullopt;
  return energy_j / *time_s;
}

PredictedBatch EnergyModel::predict(const NetworkWork& work, const OperatingPoint& point) const {
  const Prediction one = predictor->batch(work, point);
  PredictedBatch batch;
  batch.energy_j = one.energy_j;
  batch.time_s = one.time_s;
  batch.energy_90 = network_energy.around(one.energy_j, one.energy_log_sd);
  if (one.time_s) batch.time_90 = network_time.around(*one.time_s, one.time_log_sd);
  batch.cautions = cautions_of(*this, work, point);
  return batch;
}

PredictedLayer EnergyModel::predict_layers(const NetworkWork& work, const OperatingPoint& point,
                                           std::vector<PredictedLayer>& layers) const {
  std::vector<LayerPrediction> parts(work.layers.size());
  const LayerPrediction rest = predictor->layers(work, point, parts);
  // A layer is no surer than the whole: the predictor's own doubt about this network and point.
  const Prediction whole = predictor->batch(work, point);
  const auto with_interval = [&](const LayerPrediction& part) {
    return PredictedLayer{part.energy_j, part.time_s,
                          layer_energy.around(part.energy_j, whole.energy_log_sd),
                          layer_time.around(part.time_s, whole.time_log_sd)};
  };
  layers.clear();
  layers.reserve(parts.size());
  for (const LayerPrediction& part : parts) layers.push_back(with_interval(part));
  return with_interval(rest);
}

Result<const EnergyModel*> EnergyModelFile::find(const Setting& job) const {
  std::string jobs;
  for (const EnergyModel& model : models) {
    if (matches(model.job, job)) return &model;
    jobs += (jobs.empty() ? "" : "; ") + to_string(model.job);
  }
  if (models.empty())
    return fail(ErrorKind::not_found, "the file holds no model", "Fit one: isojoule fit");
  return fail(ErrorKind::not_found, "no model was fitted for " + to_string(job),
              "Fitted for: " + jobs);
}

}  // namespace isojoule

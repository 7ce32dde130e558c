// Predictor `residual`: a Gaussian process on log(measured / base) over the roofline model.
//
// The prior's mean is 0, so that far from the measured networks, or with few of them, it is the
// base; near them it takes over what the base gets wrong in common. One process for energy and one
// for time (predict/gaussian_process.h, with the source).
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "predict/gaussian_process.h"
#include "predict/json_at.h"
#include "predict/predictor.h"
#include "predict/residual/feature.h"

namespace isojoule {
namespace residual {
namespace {

constexpr std::string_view kBase = "roofline";
// Below this a kernel's parameters are those of their priors, and cross-validation has nothing to
// choose.
constexpr std::size_t kLeastRuns = 20;
constexpr std::size_t kLeastGroups = 3;

class ResidualPredictor final : public Predictor {
 public:
  ResidualPredictor(std::unique_ptr<const Predictor> base, FeatureScale scale,
                    GaussianProcess energy, std::optional<GaussianProcess> time)
      : base_(std::move(base)),
        scale_(std::move(scale)),
        energy_(std::move(energy)),
        time_(std::move(time)) {}

 private:
  std::string_view do_kind() const override { return "residual"; }

  Prediction do_batch(const NetworkWork& work, const OperatingPoint& point) const override {
    const std::vector<double> input = scale_.of(work, point);
    Prediction prediction = base_->batch(work, point);
    prediction.energy_j *= std::exp(energy_.mean(input));
    prediction.energy_log_sd = std::hypot(prediction.energy_log_sd, energy_.deviation(input));
    if (!prediction.time_s || !time_) return prediction;
    *prediction.time_s *= std::exp(time_->mean(input));
    prediction.time_log_sd = std::hypot(prediction.time_log_sd, time_->deviation(input));
    return prediction;
  }

  // The base says how a batch is divided, the processes how much it is: two means, O(rows), for a
  // whole network.
  LayerPrediction do_layers(const NetworkWork& work, const OperatingPoint& point,
                            std::span<LayerPrediction> layers) const override {
    const std::vector<double> input = scale_.of(work, point);
    const double energy = std::exp(energy_.mean(input));
    const double time = time_ ? std::exp(time_->mean(input)) : 1;
    LayerPrediction rest = base_->layers(work, point, layers);
    for (LayerPrediction& layer : layers) {
      layer.energy_j *= energy;
      layer.time_s *= time;
    }
    return {rest.energy_j * energy, rest.time_s * time};
  }

  std::vector<Parameter> do_parameters() const override;
  nlohmann::json do_state() const override;

  std::unique_ptr<const Predictor> base_;
  FeatureScale scale_;
  GaussianProcess energy_;
  std::optional<GaussianProcess> time_;
};

void add_kernel(std::vector<Parameter>& parameters, const std::string& of,
                const GaussianProcess& process, const FeatureScale& scale) {
  const auto add = [&](const std::string& name, double value, const std::string& meaning) {
    parameters.push_back({of + "." + name, "", value, {}, {}, "the most probable one", meaning});
  };
  const GaussianKernel& kernel = process.kernel();
  add("signal", kernel.signal, "how far the correction goes, 1 standard deviation of the log");
  add("group", kernel.group, "what runs of one network err in common");
  add("noise", kernel.noise, "what each run errs by itself");
  for (std::size_t i = 0; i < kernel.lengths.size(); ++i)
    add("length." + std::string(feature_names()[scale.index[i]]), kernel.lengths[i],
        "of standard deviations of this feature: the longer the less it matters");
}

std::vector<Parameter> ResidualPredictor::do_parameters() const {
  std::vector<Parameter> parameters = base_->parameters();
  for (Parameter& one : parameters) one.name = std::string(kBase) + "." + one.name;
  add_kernel(parameters, "energy", energy_, scale_);
  if (time_) add_kernel(parameters, "time", *time_, scale_);
  return parameters;
}

nlohmann::json ResidualPredictor::do_state() const {
  nlohmann::json features = nlohmann::json::array();
  for (const std::size_t i : scale_.index) features.push_back(feature_names()[i]);
  return {{"base", {{"kind", base_->kind()}, {"state", base_->state()}}},
          {"features", std::move(features)},
          {"centre", scale_.centre},
          {"scale", scale_.scale},
          {"energy", energy_.state()},
          {"time", time_ ? time_->state() : nlohmann::json()}};
}

Status check_enough(Observations observations) {
  std::set<std::string> groups;
  for (const Observation& one : observations) groups.insert(one.group);
  if (observations.size() >= kLeastRuns && groups.size() >= kLeastGroups) return {};
  return fail(ErrorKind::invalid,
              "residual: " + std::to_string(observations.size()) + " runs of " +
                  std::to_string(groups.size()) +
                  " groups: the correction cannot be told from chance",
              "Measure at least " + std::to_string(kLeastRuns) + " runs of " +
                  std::to_string(kLeastGroups) + " networks, or fit the roofline model alone");
}

struct Corrections {
  GaussianData energy, time;
};

// log(measured / base), with its inputs. Runs without a time are left out of the process of time.
Corrections corrections(Observations observations, const Predictor& base,
                        const FeatureScale& scale) {
  std::map<std::string, int> groups;
  std::vector<std::vector<double>> energy_rows, time_rows;
  std::vector<double> energy, time;
  Corrections all;
  for (const Observation& one : observations) {
    const int group = groups.try_emplace(one.group, static_cast<int>(groups.size())).first->second;
    const Prediction predicted = base.batch(*one.work, one.point);
    const std::vector<double> input = scale.of(*one.work, one.point);
    energy_rows.push_back(input);
    energy.push_back(std::log(one.energy_j / predicted.energy_j));
    all.energy.groups.push_back(group);
    if (!one.time_s || !predicted.time_s) continue;
    time_rows.push_back(input);
    time.push_back(std::log(*one.time_s / *predicted.time_s));
    all.time.groups.push_back(group);
  }
  const auto fill = [&](GaussianData& data, const auto& rows, const std::vector<double>& outputs) {
    const auto count = static_cast<Eigen::Index>(rows.size());
    data.inputs.resize(count, static_cast<Eigen::Index>(scale.index.size()));
    for (Eigen::Index i = 0; i < count; ++i)
      for (Eigen::Index d = 0; d < data.inputs.cols(); ++d)
        data.inputs(i, d) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(d)];
    data.outputs = Eigen::Map<const Eigen::VectorXd>(outputs.data(), count);
  };
  fill(all.energy, energy_rows, energy);
  fill(all.time, time_rows, time);
  return all;
}

Result<std::unique_ptr<const Predictor>> fit(Observations observations, const FitOptions& options) {
  ISOJOULE_CHECK(check_observations(observations));
  ISOJOULE_CHECK(check_enough(observations));
  ISOJOULE_TRY(const PredictorKind* kind, find_predictor(kBase));
  ISOJOULE_TRY(auto base, kind->fit(observations, options));
  FeatureScale scale = feature_scale(observations);
  const Corrections data = corrections(observations, *base, scale);
  if (!data.energy.outputs.allFinite() || !data.time.outputs.allFinite())
    return fail(ErrorKind::internal, "residual: the roofline model predicts no positive number");
  ISOJOULE_TRY(GaussianProcess energy, GaussianProcess::fit(data.energy));
  std::optional<GaussianProcess> time;
  if (data.time.size() >= static_cast<Eigen::Index>(kLeastRuns)) {
    ISOJOULE_TRY(time, GaussianProcess::fit(data.time));
  }
  return std::make_unique<const ResidualPredictor>(std::move(base), std::move(scale),
                                                   std::move(energy), std::move(time));
}

Result<FeatureScale> scale_from(const JsonAt& state) {
  FeatureScale scale;
  ISOJOULE_TRY(const std::vector<JsonAt> features, state.list("features"));
  ISOJOULE_TRY(scale.centre, state.numbers("centre"));
  ISOJOULE_TRY(scale.scale, state.numbers("scale"));
  if (features.size() > kMostFeatures || scale.centre.size() != features.size() ||
      scale.scale.size() != features.size())
    return state.bad("features, centre and scale differ in number, or are too many");
  for (const JsonAt& feature : features) {
    const auto names = feature_names();
    const auto found = feature.json().is_string() ? std::find(names.begin(), names.end(),
                                                              feature.json().get<std::string>())
                                                  : names.end();
    if (found == names.end()) return feature.bad("not the name of a feature");
    scale.index.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  for (const double one : scale.scale)
    if (!(one > 1e-6)) return state.bad("a scale is not positive");
  return scale;
}

Result<std::unique_ptr<const Predictor>> load(const nlohmann::json& json) {
  const JsonAt state(json, "residual");
  ISOJOULE_TRY(const JsonAt base, state.object("base"));
  ISOJOULE_TRY(const std::string name, base.text("kind"));
  if (name != kBase) return base.bad("its kind is not " + std::string(kBase));
  ISOJOULE_TRY(const PredictorKind* kind, find_predictor(kBase));
  ISOJOULE_TRY(const JsonAt base_state, base.at("state"));
  ISOJOULE_TRY(auto predictor, kind->load(base_state.json()));
  ISOJOULE_TRY(FeatureScale scale, scale_from(state));
  ISOJOULE_TRY(const JsonAt energy_state, state.object("energy"));
  ISOJOULE_TRY(GaussianProcess energy, GaussianProcess::load(energy_state, scale.index.size()));
  std::optional<GaussianProcess> time;
  if (state.has("time")) {
    ISOJOULE_TRY(const JsonAt time_state, state.object("time"));
    ISOJOULE_TRY(time, GaussianProcess::load(time_state, scale.index.size()));
  }
  return std::make_unique<const ResidualPredictor>(std::move(predictor), std::move(scale),
                                                   std::move(energy), std::move(time));
}

}  // namespace
}  // namespace residual

const PredictorKind& predictor_kind_residual() {
  static const PredictorKind kind = {
      "residual",
      "a Gaussian process on what the roofline model gets wrong",
      "C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press "
      "2006, 2.25, 2.26, 5.1, 5.8",
      40,
      residual::fit,
      residual::load};
  return kind;
}

}  // namespace isojoule

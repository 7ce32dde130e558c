// The model of M. Lahmer, F. Khoshsirat, M. Rossi and A. Zanella, "Energy Consumption of Neural
// Networks on NVIDIA Edge Boards: an Empirical Model" (WiOpt 2022, arXiv 2210.01625), as far as the
// statements that are at hand go; docs/predictors.md says what is ours.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "predict/mac/model.h"

namespace isojoule {
namespace mac {
namespace {

using Eigen::VectorXd;

constexpr double kClockDoubt = 0.5, kSizeDoubt = 0.05;  // of the logarithm, an e-fold away

// Fits of the neighbours, logarithms of costs mixed: `share` of b.
struct Mix {
  const PointFit* a = nullptr;
  const PointFit* b = nullptr;
  double share = 0;
  double away = 0;  // distance in logarithms of clocks from what lies between them

  VectorXd theta(const FittedVector& of_a, const FittedVector& of_b) const {
    return (1 - share) * of_a.theta + share * of_b.theta;
  }
};

Eigen::Vector4d coordinates(const OperatingPoint& point, const OperatingPoint& from) {
  const auto step = [](double x, double reference) {
    return x > 0 && reference > 0 ? std::log(x / reference) : 0.0;
  };
  return {step(point.cpu_hz, from.cpu_hz), step(point.gpu_hz, from.gpu_hz),
          step(point.memory_hz, from.memory_hz), step(point.cores, from.cores)};
}

class MacPredictor final : public Predictor {
 public:
  explicit MacPredictor(Model model) : model_(std::move(model)) {}

 private:
  std::string_view do_kind() const override { return "mac"; }
  Prediction do_batch(const NetworkWork& work, const OperatingPoint& point) const override;
  LayerPrediction do_layers(const NetworkWork& work, const OperatingPoint& point,
                            std::span<LayerPrediction> layers) const override;
  std::vector<Parameter> do_parameters() const override;
  nlohmann::json do_state() const override { return state_of(model_); }

  Mix mix_at(const OperatingPoint& point) const;

  Model model_;
};

// The nearest point, and of those in the wanted direction the one whose line comes nearest.
Mix MacPredictor::mix_at(const OperatingPoint& point) const {
  Mix mix;
  mix.a = mix.b = &model_.points.front();
  double nearest = coordinates(point, mix.a->point).norm();
  for (const PointFit& one : model_.points)
    if (const double d = coordinates(point, one.point).norm(); d < nearest) {
      nearest = d;
      mix.a = mix.b = &one;
    }
  mix.away = nearest;
  const Eigen::Vector4d to = coordinates(point, mix.a->point);
  for (const PointFit& one : model_.points) {
    const Eigen::Vector4d line = coordinates(one.point, mix.a->point);
    const double length = line.squaredNorm();
    if (length == 0 || to.dot(line) <= 0) continue;
    const double share = std::min(1.0, to.dot(line) / length);
    const double away = (to - share * line).norm();
    if (away > mix.away - 1e-12 && mix.b != mix.a) continue;
    if (away > mix.away) continue;
    mix.b = &one;
    mix.share = share;
    mix.away = away;
  }
  return mix;
}

double log_sd_of(const Mix& mix, const FittedVector& a, const FittedVector& b,
                 const Amounts& amounts, double total) {
  const VectorXd theta = mix.theta(a, b);
  VectorXd gradient(kSlots);
  for (Eigen::Index k = 0; k < kSlots; ++k)
    gradient[k] = amounts[static_cast<std::size_t>(k)] * std::exp(theta[k]) / total;
  return std::hypot((1 - mix.share) * a.deviation(gradient), mix.share * b.deviation(gradient),
                    kClockDoubt * mix.away);
}

Prediction MacPredictor::do_batch(const NetworkWork& work, const OperatingPoint& point) const {
  const Mix mix = mix_at(point);
  const Amounts amounts = amounts_of(work, model_.modes);
  const double macs = std::max(1.0, work.macs());
  const double size = kSizeDoubt * std::max({0.0, std::log(macs / model_.macs_high),
                                             std::log(std::max(1.0, model_.macs_low) / macs)});
  Prediction prediction;
  prediction.energy_j = cost_of(amounts, mix.theta(mix.a->energy, mix.b->energy));
  prediction.energy_log_sd =
      std::hypot(size, log_sd_of(mix, mix.a->energy, mix.b->energy, amounts, prediction.energy_j));
  if (!mix.a->time) return prediction;
  prediction.time_s = cost_of(amounts, mix.theta(*mix.a->time, *mix.b->time));
  prediction.time_log_sd =
      std::hypot(size, log_sd_of(mix, *mix.a->time, *mix.b->time, amounts, *prediction.time_s));
  return prediction;
}

LayerPrediction MacPredictor::do_layers(const NetworkWork& work, const OperatingPoint& point,
                                        std::span<LayerPrediction> layers) const {
  const Mix mix = mix_at(point);
  const VectorXd energy = mix.theta(mix.a->energy, mix.b->energy);
  const VectorXd time = mix.a->time ? mix.theta(*mix.a->time, *mix.b->time) : VectorXd{};
  const auto both = [&](const Amounts& amounts) {
    return LayerPrediction{cost_of(amounts, energy), time.size() > 0 ? cost_of(amounts, time) : 0};
  };
  for (std::size_t i = 0; i < work.layers.size() && i < layers.size(); ++i)
    layers[i] = both(amounts_of(work.layers[i], work.batch, model_.modes));
  Amounts rest{};
  rest[kInference] = work.batch;
  return both(rest);
}

Parameter parameter_of(const FittedVector& fitted, Slot slot, const std::string& where,
                       double unit) {
  constexpr const char* names[] = {"convolution_mac_energy", "product_mac_energy", "byte_energy",
                                   "inference_energy"};
  constexpr const char* meanings[] = {
      "a MAC of a convolution, mode 1", "a MAC of a fully connected layer",
      "a byte of a layer without MACs", "an inference besides its layers"};
  Parameter one;
  one.name = names[slot] + where;
  one.unit = slot == kInference ? "mJ" : "pJ";
  one.meaning = meanings[slot];
  const double theta = fitted.theta[slot];
  if (theta <= -80) {
    one.note = "no run has such a layer, and no other layer stands for it";
    return one;
  }
  one.value = std::exp(theta) / unit;
  const double half = fitted.half_width(slot);
  if (std::isfinite(half)) {
    one.low = std::exp(theta - half) / unit;
    one.high = std::exp(theta + half) / unit;
  } else {
    one.note = "the runs do not tell it: what is known beforehand";
  }
  return one;
}

std::string place(const OperatingPoint& point) {
  std::string text;
  const auto add = [&](const char* name, double hz) {
    if (hz > 0) text += fmt::format("{}{} {:.0f} MHz", text.empty() ? "" : ", ", name, hz / 1e6);
  };
  add("CPU", point.cpu_hz);
  add("GPU", point.gpu_hz);
  add("memory", point.memory_hz);
  if (point.cores > 0) text += fmt::format("{}{:.0f} cores", text.empty() ? "" : ", ", point.cores);
  return text;
}

// The table of modes: each range of kernel numbers with its factor, or each padding of the tile.
std::vector<Parameter> mode_parameters(const Model& model) {
  std::vector<Parameter> all;
  const Modes& modes = model.modes;
  if (modes.factors.empty()) {
    Parameter tile{"kernel_tile",
                   "",
                   modes.tile,
                   model.tile_low,
                   model.tile_high,
                   "",
                   "number of kernels that is padded to a multiple"};
    if (!model.kernels_known) {
      tile.low = tile.high = std::nullopt;
      tile.note = "no layer's number of kernels is known";
    }
    all.push_back(tile);
    return all;
  }
  for (std::size_t i = 0; i < modes.factors.size(); ++i) {
    const double from = i == 0 ? 1 : modes.bounds[i - 1];
    const std::string range =
        i < modes.bounds.size() ? fmt::format("{:.0f} to {:.0f} kernels", from, modes.bounds[i] - 1)
                                : fmt::format("{:.0f} kernels or more", from);
    all.push_back({fmt::format("mode_{}", i + 1),
                   "",
                   modes.factors[i],
                   {},
                   {},
                   "its range is chosen, not estimated",
                   "factor on a MAC: " + range});
  }
  return all;
}

std::vector<Parameter> MacPredictor::do_parameters() const {
  std::vector<Parameter> all = mode_parameters(model_);
  for (const PointFit& point : model_.points) {
    const std::string where = model_.points.size() > 1 ? " (" + place(point.point) + ")" : "";
    for (const Slot slot : {kConvolution, kProduct, kByte, kInference})
      all.push_back(parameter_of(point.energy, slot, where, slot == kInference ? 1e-3 : 1e-12));
  }
  return all;
}

Result<std::unique_ptr<const Predictor>> fit(Observations observations, const FitOptions&) {
  ISOJOULE_CHECK(check_observations(observations));
  ISOJOULE_TRY(Model model, fit_model(observations));
  return std::make_unique<const MacPredictor>(std::move(model));
}

Result<std::unique_ptr<const Predictor>> load(const nlohmann::json& state) {
  ISOJOULE_TRY(Model model, model_of(state));
  return std::make_unique<const MacPredictor>(std::move(model));
}

}  // namespace
}  // namespace mac

const PredictorKind& predictor_kind_mac() {
  static const PredictorKind kind{
      "mac",
      "energy of a MAC, in modes by the number of kernels, at each operating point by itself",
      "Lahmer, Khoshsirat, Rossi, Zanella (2022), arXiv 2210.01625",
      1,
      &mac::fit,
      &mac::load};
  return kind;
}

}  // namespace isojoule

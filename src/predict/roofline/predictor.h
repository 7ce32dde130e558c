// The fitted roofline as a Predictor.
#pragma once

#include <optional>

#include "predict/roofline/fit.h"

namespace isojoule::roofline {

class RooflinePredictor final : public Predictor {
 public:
  RooflinePredictor(CostFit cost, std::optional<PowerFit> power)
      : cost_(std::move(cost)), power_(std::move(power)), costs_(cost_.frame, cost_.fitted.theta) {}

 private:
  std::string_view do_kind() const override { return "roofline"; }
  Prediction do_batch(const NetworkWork& work, const OperatingPoint& point) const override;
  LayerPrediction do_layers(const NetworkWork& work, const OperatingPoint& point,
                            std::span<LayerPrediction> layers) const override;
  std::vector<Parameter> do_parameters() const override;
  nlohmann::json do_state() const override;

  double extrapolation(const NetworkWork& work, const Relative& at) const;
  Load load_of(const NetworkWork& work, const Relative& at) const;

  CostFit cost_;
  std::optional<PowerFit> power_;  // absent: fitted without times
  CostModel costs_;
};

std::vector<Parameter> cost_parameters(const CostFit& fit);
std::vector<Parameter> power_parameters(const PowerFit& fit, const CostFit& cost);

nlohmann::json state_of(const CostFit& cost, const std::optional<PowerFit>& power);
Result<std::unique_ptr<const Predictor>> load_state(const nlohmann::json& state);

}  // namespace isojoule::roofline

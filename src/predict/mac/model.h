// Energy (and, alike, time) of a network as a sum over its layers: convolutions by MACs and mode,
// fully connected layers by MACs, the rest by bytes, and a constant an inference.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "predict/mac/modes.h"
#include "predict/predictor.h"
#include "predict/regression.h"

namespace isojoule::mac {

enum Slot : std::uint8_t { kConvolution, kProduct, kByte, kInference, kSlots };

// What one layer or network has of each slot's unit.
using Amounts = std::array<double, kSlots>;
// A product of more rows than the batch (attention, a sequence's positions) is what a convolution
// of one position is, and counts as one; with one row an input it is fully connected.
Amounts amounts_of(const LayerWork& layer, double batch, const Modes& modes);
Amounts amounts_of(const NetworkWork& work, const Modes& modes);  // with its inferences
// `log_costs`: of a unit of each slot.
double cost_of(const Amounts& amounts, const Eigen::VectorXd& log_costs);

struct PointFit {
  OperatingPoint point;
  FittedVector energy;
  std::optional<FittedVector> time;
  std::int64_t runs = 0;
};

struct Model {
  Modes modes;
  double tile_low = 1, tile_high = 1;  // 90 %: tiles that fit as well
  bool kernels_known = false;
  std::vector<PointFit> points;
  double macs_low = 0, macs_high = 0;
};

// Errors: invalid (no operating point with enough different runs, MACs that do not vary).
Result<Model> fit_model(Observations observations);

nlohmann::json state_of(const Model& model);
Result<Model> model_of(const nlohmann::json& state);

}  // namespace isojoule::mac

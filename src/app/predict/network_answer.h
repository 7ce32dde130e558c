// What is expected of one network at one operating point.
#pragma once

#include <string>
#include <vector>

#include "cost/cost.h"
#include "predict/energy_model.h"

namespace isojoule {

struct LayerAnswer {
  std::string name;
  std::string operation;
  std::vector<std::int64_t> output_shape;
  bool known = true;
  double macs = 0;   // of the batch, as all that follows
  double share = 0;  // of the batch's energy
  PredictedLayer predicted;
};

// Everything of a batch; per_inference() divides.
struct NetworkAnswer {
  std::string network;
  std::int64_t batch = 1;
  double macs = 0, parameters = 0;
  PredictedBatch total;
  PredictedLayer rest;  // what belongs to no layer
  std::vector<LayerAnswer> layers;
  std::vector<std::string> cautions;  // unknown operators, and what the model was not fitted on
  double inferences() const { return static_cast<double>(batch); }
};

NetworkAnswer answer_of(const EnergyModel& model, const NetworkCost& cost,
                        const OperatingPoint& point);

// Half of the 90 % interval as a factor on the logarithm: the interval is value * exp(+- it), as
// predict/interval.h makes it. Infinite where nothing is known.
double log_half_width(double value, const Interval& interval);

}  // namespace isojoule

// What a predictor learns from: one measured setting of one network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "predict/work.h"

namespace isojoule {

// The clocks at which a batch ran: where a governor moved them, the mean over the phase. 0: not
// known, or the board has no such clock; a predictor then takes that clock for constant.
struct OperatingPoint {
  double cpu_hz = 0;
  double gpu_hz = 0;
  double memory_hz = 0;
  double cores = 0;
  bool operator==(const OperatingPoint&) const = default;
};

struct Observation {
  std::string network;  // for people
  std::string group;    // cross-validation leaves groups out whole: the network, or its family
  std::shared_ptr<const NetworkWork> work;  // of one batch; never null
  OperatingPoint point;
  double energy_j = 0;                 // of one batch, > 0, finite
  double energy_u_j = 0;               // standard uncertainty (k = 1); 0: not known
  std::optional<double> time_s;        // of one batch, > 0
  std::optional<double> idle_power_w;  // of the board at this setting with nothing to do
  bool single_layer = false;  // an experiment with one layer (or a sequence), not a network
  std::string source;         // "tx2.study, run 12", "runs.csv, line 7"
};

}  // namespace isojoule

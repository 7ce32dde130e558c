// The plan of an experiment with single layers: S. Lahmer et al., "Energy consumption of neural
// networks on NVIDIA edge boards: an empirical model", arXiv:2210.01625, section III. Convolutions
// and fully connected layers over their sizes, the other layers of networks, a few layers in a row
// (does energy add up?), and a network that does next to nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/plan.h"
#include "workload/layer_name.h"

namespace isojoule {

// The clocks that a board's knob offers.
struct ClockTable {
  std::string axis;           // "gpu_frequency"
  std::vector<double> hertz;  // in any order
};
// Clocks of one grid of the plan.
struct ClockGrid {
  std::string name;            // "GPU clock"
  std::vector<PlanAxis> axes;  // numbers in hertz
  Setting fixed;
};
// "cross": along each axis the lowest, middle and highest, the others at their highest; a number N:
// so many along each; "corners": lowest and highest of each with each; "highest"; "none": clocks
// are left as they are. Errors: invalid (none of these), out_of_range (N < 1).
Result<std::vector<ClockGrid>> clock_grids(std::vector<ClockTable> tables,
                                           const std::string& choice);

struct LayerStudyOptions {
  std::string board;         // for which the plan is; "": any
  std::int64_t count = 240;  // convolutions, depthwise ones and fully connected layers together
  std::uint64_t seed = 1;
  std::vector<std::int64_t> batches = {1};
  // Of layer_kinds(), and "sequence"; empty: all. "identity" is always there.
  std::vector<std::string> kinds = {};
  std::vector<ClockGrid> clocks = {};  // empty: one grid that leaves the clocks alone
  double memory_limit_mb = 256;        // of weights and activations at the largest batch
  std::int64_t repeats = 2;
};

struct LayerStudy {
  std::string toml;                              // for parse_plan()
  std::map<std::string, std::int64_t> networks;  // by kind, "sequence" among them
  std::int64_t runs = 0;
  double hours = 0;  // a rough estimate of a real board's time
};
// The same options give the same plan. Errors: invalid, out_of_range: an option; limits that leave
// too few layers.
Result<LayerStudy> layer_study(const LayerStudyOptions& options);

// The networks alone, by kind; each is one layer or several in a row (layer_choice.cc).
using LayerNetworks = std::vector<std::vector<LayerSpec>>;
Result<std::map<std::string, LayerNetworks>> choose_layers(const LayerStudyOptions& options);

}  // namespace isojoule

// Power of a board in one state, by component: switching C V^2 f, leakage, and energy per MAC and
// per byte. All at the module's input, so regulators' losses are inside the constants.
#pragma once

#include <array>

#include "twin/constants.h"

namespace isojoule::twin {

// Volts that a domain's rail has at f; `governed` adds the guard band of a clock that may move.
double voltage_at(const VoltageCurve& curve, double f, double highest_f, bool governed,
                  double guard_band);

struct PowerState {
  double cpu_hz = 0, gpu_hz = 0;
  bool cpu_governed = false, gpu_governed = false;
  int online_cores = 4;
  double cpu_activity = 0;  // cores' worth of work: 0 idle, 1 one core computes
  double gpu_busy = 0;      // share of time with a kernel running
  double macs_per_s = 0;    // with padding, and the CUDA cores' operations
  double bytes_per_s = 0;
  double temperature_c = 45;
};

using ComponentPower = std::array<double, component_count>;  // W, by Component
ComponentPower component_power(const Constants& constants, const PowerState& state);
double total(const ComponentPower& power);

}  // namespace isojoule::twin

// Power of a board in one state, by component: switching C V^2 f, leakage, and energy per MAC and
// per byte. All at the module's input, so regulators' losses are inside the constants.
//
// Memory: pj_per_byte x bytes/s, whatever its clock, and memory.idle_w (a part of soc_w) in
// proportion to its clock: clock tree, interface and refresh logic run at that clock at a voltage
// that the BPMP and the DRAM's standard hold fixed.
// A DLA that runs adds C V^2 f, leakage and its MACs to what the vision accelerators draw idle; one
// that does not is switched off.
// CPU clusters at different clocks: uncore and leakage are shared out by their online cores, each
// at its own clock and voltage; the work's activity is the working cluster's.
#pragma once

#include <array>

#include "twin/constants.h"

namespace isojoule::twin {

// Volts that a domain's rail has at f; `governed` adds the guard band of a clock that may move.
double voltage_at(const VoltageCurve& curve, double f, double highest_f, bool governed,
                  double guard_band);

// The CPU clusters that run at another clock than the one that does the work. Their cores idle.
struct IdleClusters {
  static constexpr std::size_t most = 8;
  struct One {
    double hz = 0;
    bool governed = false;
    int online_cores = 0;
  };
  std::array<One, most> clusters{};
  std::size_t count = 0;
};

struct PowerState {
  double cpu_hz = 0, gpu_hz = 0;
  bool cpu_governed = false, gpu_governed = false;
  int online_cores = 4;
  double cpu_activity = 0;  // cores' worth of work: 0 idle, 1 one core computes
  double gpu_busy = 0;      // share of time with a kernel running
  double macs_per_s = 0;    // with padding, and the CUDA cores' operations
  double bytes_per_s = 0;
  double temperature_c = 45;
  double memory_share = 1;   // of the memory's highest clock
  bool gpu_gated = false;    // railgated: its rail is off
  IdleClusters others = {};  // online_cores counts their cores too
  double dla_hz = 0;         // of the one that runs
  double dla_busy = 0;
  double dla_macs_per_s = 0;
};

using ComponentPower = std::array<double, component_count>;  // W, by Component
ComponentPower component_power(const Constants& constants, const PowerState& state);
double total(const ComponentPower& power);

}  // namespace isojoule::twin

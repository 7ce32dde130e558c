// What each layer's share of the inference phase's energy is.
//
// A power chip averages over milliseconds, a layer takes microseconds: no rail can be read layer by
// layer. So the phase's energy per batch is divided by the layers' shares of time, which the
// engine's own profiler gives, as if power were the same in all of them. How wrong that can be is
// in the uncertainty.
//
// Standard uncertainties (k = 1, JCGM 100:2008), for a layer with the share s of the batch's time:
//   energy       s x that of the batch's energy
//   share        the batch's energy x that of s: the profiled batches' spread over sqrt(batches)
//   even_power   s x the batch's energy net of idle / sqrt(3): a layer's power above idle may be
//                anything between nothing and twice the mean, each as likely
// The time that no layer accounts for (between two kernels, in the engine's own code) is a row of
// its own, as far as the batches of the inference phase are longer than the layers' sum.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/run.h"

namespace isojoule {

inline constexpr const char* kBetweenLayers = "(between layers)";

struct LayerEnergy {
  LayerTime layer;       // as it was profiled
  double share = 0;      // of the batch's time, 0..1; all rows add up to 1
  MeasuredEnergy gross;  // of one batch
  std::map<std::string, double> budget_j;
};

struct LayerEnergies {
  std::vector<LayerEnergy> rows;  // in the order of execution, kBetweenLayers last
  // Profiled batch over measured batch: well above 1, the profiler disturbs what it looks at.
  double profiler_slowdown = 1;
  std::string why_absent;  // of all energies; "" where they are there
};

// Empty rows for a run without layers.
LayerEnergies layer_energies(const Run& run);

}  // namespace isojoule

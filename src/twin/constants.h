// The constants of one twin, from boards/<name>/twin.toml. Each has a physical meaning, a unit and a
// source (a data sheet, a kernel file, or "fitted to claim ...").
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::twin {

// At most two a network: how well its kernels use the GPU, and what the CPU does an inference.
struct NetworkConstants {
  double kernel_efficiency = 0.4;     // share of the GPU's peak MAC rate in full tiles
  double cpu_cycles_per_inference = 1e6;  // pre- and post-processing, Python
};

// T1 (physics) owns this struct: fields are added as the model needs them.
struct Constants {
  std::string board;
  std::vector<Hertz> cpu_frequencies;  // ascending
  std::vector<Hertz> gpu_frequencies;
  std::vector<std::string> cpu_governors;
  std::vector<std::string> gpu_governors;
  std::string default_cpu_governor;
  std::string default_gpu_governor;
  int cores = 4;
  std::vector<std::string> rails;          // names, the order of rail indexes
  std::vector<std::string> thermal_zones;  // names
  double supply_voltage_v = 5;
  std::map<std::string, NetworkConstants> networks;
  NetworkConstants other_networks;  // for a network that is not in the table
};

Result<Constants> parse_constants(const std::string& toml, const std::string& path);

}  // namespace isojoule::twin

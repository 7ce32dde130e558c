// Thermal zones, cooling devices, the fan and the throttle counters.
//
// The simulation has few temperatures; a zone that it lacks shows what the board makes of them:
// "tj" the highest, "thermal-fan-est" and the others the mean, PMIC-Die its fixed 100000. The fan
// can be set and read, but cools nothing: the simulated heat sink has one resistance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "twin/board_shape.h"
#include "twin/constants.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class ThermalNodes {
 public:
  // hwmon numbers for the fan, the tachometer and the throttle counters.
  struct Numbers {
    int fan = 0;
    int tachometer = 1;
    int soctherm = 2;
  };
  ThermalNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
               Simulation& simulation, Numbers numbers);
  ThermalNodes(const ThermalNodes&) = delete;
  ThermalNodes& operator=(const ThermalNodes&) = delete;

 private:
  void add_zone(std::size_t number, const std::string& type);
  void add_cooling(std::size_t number, const CoolingShape& cooling);
  void add_fan(const std::string& kind, Numbers numbers);
  void add_pwm(const std::string& path);
  void add_soctherm(const std::string& kind, int number);
  std::int64_t millidegrees(const std::string& type) const;

  MemoryTree& tree_;
  Simulation& simulation_;
  ThermalShape shape_;
  std::vector<std::string> simulated_;  // stems of the simulation's zones, "" = a fixed one
  std::int64_t pwm_ = 0;                // 0..255
  bool fan_control_ = true;
};

}  // namespace isojoule::twin

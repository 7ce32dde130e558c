// Thermal zones and cooling devices.
//
// The simulation has few temperatures; a zone that it lacks shows what the board makes of them:
// "tj" the highest, "thermal-fan-est" and the others the mean, PMIC-Die its fixed 100000.
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
  ThermalNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
               const Simulation& simulation);
  ThermalNodes(const ThermalNodes&) = delete;
  ThermalNodes& operator=(const ThermalNodes&) = delete;

 private:
  void add_zone(std::size_t number, const std::string& type);
  void add_cooling(std::size_t number, const CoolingShape& cooling);
  std::int64_t millidegrees(const std::string& type) const;

  MemoryTree& tree_;
  const Simulation& simulation_;
  ThermalShape shape_;
  std::vector<std::string> simulated_;  // stems of the simulation's zones, "" = a fixed one
};

}  // namespace isojoule::twin

// The whole tree of one simulated board: what its kernel shows, in front of the simulation.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_tree.h"
#include "twin/board_shape.h"
#include "twin/clock_cap_nodes.h"
#include "twin/constants.h"
#include "twin/cpu_nodes.h"
#include "twin/cpuidle_nodes.h"
#include "twin/dla_nodes.h"
#include "twin/emc_nodes.h"
#include "twin/fan_nodes.h"
#include "twin/gpu_device_nodes.h"
#include "twin/gpu_nodes.h"
#include "twin/ina3221.h"
#include "twin/ina_nodes.h"
#include "twin/machine_nodes.h"
#include "twin/nvpmodel.h"
#include "twin/simulation.h"
#include "twin/thermal_nodes.h"

namespace isojoule::twin {

class SimulationPower final : public PowerSource {
 public:
  explicit SimulationPower(const Simulation& simulation) : simulation_(simulation) {}

 private:
  Instant do_now() const override { return simulation_.now(); }
  Joule do_energy(std::size_t rail, Instant t) const override {
    return simulation_.rail_energy(rail, t);
  }
  Volt do_voltage(std::size_t rail) const override { return simulation_.rail_voltage(rail); }
  const Simulation& simulation_;
};

// Of the devices that are no power chip; which has which differs from boot to boot.
struct HwmonNumbers {
  int fan = 0;
  int tachometer = 1;
  int throttle = 2;
};

class BoardTree {
 public:
  struct Options {
    std::uint64_t seed = 1;
    bool noise = true;
    bool root = true;           // false: what another user may read and write
    std::uint64_t silicon = 0;  // which piece; 0: the chips' own errors follow the seed
  };
  // Keeps a reference to the simulation. Errors: invalid (a rail of a chip that the constants
  // lack).
  static Result<std::unique_ptr<BoardTree>> make(const BoardShape& shape,
                                                 const Constants& constants, Simulation& simulation,
                                                 const Options& options);
  BoardTree(const BoardTree&) = delete;
  BoardTree& operator=(const BoardTree&) = delete;

  MemoryTree& tree() { return tree_; }
  // In the order of the shape's chips.
  Ina3221& chip(std::size_t index) { return *chips_.at(index); }
  // Null where the board has none.
  Battery* battery() { return machine_->battery(); }
  void begin_run(std::uint64_t seed);

 private:
  BoardTree(const BoardShape& shape, const Constants& constants, Simulation& simulation,
            const Options& options);
  Status add_chip(const ChipShape& shape, const Constants& constants, const BoardShape& board,
                  const Options& options, int number);

  MemoryTree tree_;
  SimulationPower power_;
  HwmonNumbers numbers_;
  CpuNodes cpu_;
  CpuIdleNodes idle_;
  std::unique_ptr<GpuNodes> gpu_;  // null: the board has no GPU
  std::unique_ptr<GpuDeviceNodes> gpu_device_;
  ClockCapNodes caps_;
  EmcNodes emc_;
  DlaNodes dla_;
  ThermalNodes thermal_;
  FanNodes fan_;
  Nvpmodel nvpmodel_;  // last: a mode writes what the others have made
  std::vector<std::unique_ptr<Ina3221>> chips_;
  std::vector<std::unique_ptr<InaNodes>> chip_nodes_;
  std::unique_ptr<MachineNodes> machine_;
};

}  // namespace isojoule::twin

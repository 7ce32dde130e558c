// The nodes and programs of a machine_shape: DMI, RAPL, battery, hwmon, vcgencmd.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_tree.h"
#include "twin/battery.h"
#include "twin/constants.h"
#include "twin/machine_shape.h"
#include "twin/rapl.h"
#include "twin/simulation.h"
#include "twin/vcgencmd.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class MachineNodes {
 public:
  // Errors: invalid (a rail or a zone that the constants lack).
  static Result<std::unique_ptr<MachineNodes>> make(MemoryTree& tree, const MachineShape& shape,
                                                    const Constants& constants,
                                                    const Simulation& simulation,
                                                    std::uint64_t seed);
  MachineNodes(const MachineNodes&) = delete;
  MachineNodes& operator=(const MachineNodes&) = delete;

  void begin_run(std::uint64_t seed);
  // Null where the machine has none.
  Battery* battery() { return battery_.get(); }

 private:
  MachineNodes() = default;
  std::vector<std::unique_ptr<RaplZone>> rapl_;
  std::unique_ptr<Battery> battery_;
  std::unique_ptr<Vcgencmd> vcgencmd_;
};

// The index of a rail of twin.toml. Errors: invalid, with the known ones; `what` names who asks.
Result<std::size_t> rail_index(const Constants& constants, const std::string& rail,
                               const std::string& what);

}  // namespace isojoule::twin

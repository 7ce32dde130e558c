// One zone of /sys/class/powercap as the intel_rapl driver shows it.
//
// Source: Documentation/power/powercap/powercap.rst and drivers/powercap/powercap_sys.c (names,
// modes; energy_uj is 0400 since Linux 5.10, CVE-2020-8694). The counter stands still between the
// MSR's updates and counts in the processor's energy unit; it begins anywhere in its range, drawn
// from the seed, and wraps at max_energy_range_uj. The long-term limit is shown and not obeyed:
// writing it is refused.
#pragma once

#include <cstdint>

#include "base/memory_tree.h"
#include "twin/machine_shape.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it and to the simulation.
class RaplZone {
 public:
  // `rail`: index into the constants' rails.
  RaplZone(MemoryTree& tree, const RaplShape& shape, std::size_t rail, const Simulation& simulation,
           std::uint64_t seed);
  RaplZone(const RaplZone&) = delete;
  RaplZone& operator=(const RaplZone&) = delete;

  // The rail's energy begins at zero; the counter where this seed has it.
  void begin_run(std::uint64_t seed);
  std::int64_t energy_uj() const;

 private:
  const RaplShape shape_;
  std::size_t rail_;
  const Simulation& simulation_;
  std::int64_t start_uj_ = 0;
};

}  // namespace isojoule::twin

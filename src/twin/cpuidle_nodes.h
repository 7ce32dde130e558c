// The CPUs' idle states: cpuN/cpuidle/stateM/{name,disable,...}. They can be read and switched off;
// the simulation's idle power does not depend on them (its leakage stands for what an idle core
// draws on average). Entry counts and times are not there: nothing enters a state.
//
// Source: drivers/cpuidle/sysfs.c (names and modes of the files). State 0 is the wait for
// interrupts; "c7" is the Tegras' power-gated core.
#pragma once

#include <deque>
#include <string>

#include "base/memory_tree.h"
#include "twin/board_shape.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class CpuIdleNodes {
 public:
  CpuIdleNodes(MemoryTree& tree, const BoardShape& shape);
  CpuIdleNodes(const CpuIdleNodes&) = delete;
  CpuIdleNodes& operator=(const CpuIdleNodes&) = delete;

 private:
  std::deque<bool> disabled_;  // the nodes hold references
};

}  // namespace isojoule::twin

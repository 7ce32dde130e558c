// The counters of hardware throttling, hwmon "soctherm_oc".
//
// Orin ("tegra23x", drivers/thermal/tegra's tegra23x_oc_event): oc{1,2,3}_{throt_en,event_cnt}; OC1
// under-voltage, OC2 average over-current, OC3 instantaneous over-current. Xavier ("tegra19x"):
// oc{1..6}_{irq_cnt,priority,cpu_throttle_ctrl,gpu_throttle_ctrl}; which of the six is which is not
// known here, so all that the simulation counts is in OC1.
//
// OC2 and OC3 count the times that the module's power rose above the limits of tree.toml
// ([soctherm] average_limit_w, instantaneous_limit_w: what nvpower.sh sets in the power chip). The
// Orin's own power governance (docs/twins.md) stays far below them, moves only governors, and is
// not counted. Thermal throttling is no over-current; a board without cooling devices in its tree
// would throttle unseen, so it is counted in OC2 (Xavier: OC1) too.
#pragma once

#include <string>

#include "base/memory_tree.h"
#include "twin/board_shape.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to the simulation, which must outlive every use of the tree. Also sets
// the simulation's power limits.
void add_throttle_counters(MemoryTree& tree, const BoardShape& shape, Simulation& simulation,
                           int number);

}  // namespace isojoule::twin

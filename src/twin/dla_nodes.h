// The deep-learning accelerators: their device folders and clocks. They have no devfreq folder, and
// nothing of the simulation runs on them: the clocks stand still at their highest rate, or at the
// cap that nvpmodel has put on them.
//
// Clocks: /sys/kernel/debug/clk/NAME/{clk_rate,clk_min_rate,clk_max_rate,clk_enable_count}
// (drivers/clk/clk.c; a clock without a limit shows 2^64 - 1 as its highest rate); nafll_... in the
// BPMP's own folder.
#pragma once

#include <memory>
#include <vector>

#include "base/memory_tree.h"
#include "twin/bpmp_clock.h"
#include "twin/clock_cap_nodes.h"

namespace isojoule::twin {

// Its nodes hold references to it and to the caps: both must outlive every use of the tree.
class DlaNodes {
 public:
  DlaNodes(MemoryTree& tree, const DlaShape& shape, const ClockCapNodes& caps);
  DlaNodes(const DlaNodes&) = delete;
  DlaNodes& operator=(const DlaNodes&) = delete;

 private:
  void add_device(const std::string& folder);
  void add_clock(const std::string& name, std::int64_t rate);

  MemoryTree& tree_;
  const ClockCapNodes& caps_;
  std::vector<std::unique_ptr<BpmpClock>> bpmp_;
};

}  // namespace isojoule::twin

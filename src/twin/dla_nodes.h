// The deep-learning accelerators: their device folders and clocks. They have no devfreq folder: a
// clock stands at its highest rate, or at the cap that nvpmodel or somebody else has put on it, and
// that is the clock that the simulation's DLA runs at. nafll_dla is the clock of both.
//
// Clocks: /sys/kernel/debug/clk/NAME/{clk_rate,clk_min_rate,clk_max_rate,clk_enable_count}
// (drivers/clk/clk.c; a clock without a limit shows 2^64 - 1 as its highest rate); nafll_... in the
// BPMP's own folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_tree.h"
#include "twin/bpmp_clock.h"
#include "twin/clock_cap_nodes.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it and to the caps: both must outlive every use of the tree.
class DlaNodes {
 public:
  DlaNodes(MemoryTree& tree, const DlaShape& shape, ClockCapNodes& caps, Simulation& simulation);
  DlaNodes(const DlaNodes&) = delete;
  DlaNodes& operator=(const DlaNodes&) = delete;

 private:
  void add_device(const std::string& folder);
  void add_clock(const std::string& name, std::int64_t rate);
  void follow_caps();

  MemoryTree& tree_;
  const ClockCapNodes& caps_;
  Simulation& simulation_;
  std::vector<std::pair<std::string, std::int64_t>> clocks_;  // name, highest rate in Hz
  std::vector<std::unique_ptr<BpmpClock>> bpmp_;
};

}  // namespace isojoule::twin

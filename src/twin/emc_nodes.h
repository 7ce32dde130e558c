// The memory clock: its debugfs nodes, nvpmodel's cap on it, and the memory controller's activity.
//
// bpmp (tegra186 and later): /sys/kernel/debug/bpmp/debug/clk/emc/ (twin/bpmp_clock.h) and
// .../emc/possible_rates ("204000 665600 2133000 (kHz)"). tegra210: clk/override.emc/{clk_rate,
// clk_update_rate,clk_state} of debugfs, where clk_state 1 holds the rate, and tegra_bwmgr/.
// Activity: /sys/kernel/actmon_avg_activity/mc_all, kHz of the memory clock in use (so that mc_all
// over the clock in kHz is the utilisation); an idle Nano shows 4235.
//
// Physics: the clock that these nodes set is a share of default_khz, which the peak bandwidth of
// twin.toml belongs to. The bandwidth that kernels reach
// and the memory's idle power are in proportion to it; the energy of a byte is constant. Unlocked
// and without a cap the memory stands at default_khz, as if its DVFS always saw a load: that is
// the state in which the published figures are reproduced.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "twin/bpmp_clock.h"
#include "twin/clock_cap_nodes.h"
#include "twin/constants.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it, to the caps and to the simulation: they must outlive every use
// of the tree.
class EmcNodes {
 public:
  EmcNodes(MemoryTree& tree, const EmcShape& shape, const Constants& constants, ClockCapNodes& caps,
           Simulation& simulation);
  EmcNodes(const EmcNodes&) = delete;
  EmcNodes& operator=(const EmcNodes&) = delete;

  std::int64_t rate() const;  // Hz

 private:
  void add_bpmp();
  void add_tegra210();
  void add_activity(double peak_bytes_per_s);
  Status write_override(std::string_view text);
  Status write_state(std::string_view text);
  std::int64_t unlocked_rate() const;
  std::int64_t rounded(std::int64_t wanted) const;
  void apply();

  MemoryTree& tree_;
  ClockCapNodes& caps_;
  Simulation& simulation_;
  std::vector<std::int64_t> rates_;  // Hz
  std::int64_t default_ = 0;         // Hz
  std::unique_ptr<BpmpClock> bpmp_;
  bool overridden_ = false;    // tegra210: clk_state
  std::int64_t override_ = 0;  // Hz
};

}  // namespace isojoule::twin

// /sys/devices/system/cpu: cpufreq policies and hotplug, with the refusals of each kernel.
//
// Sources: drivers/cpufreq/cpufreq.c and freq_table.c of Linux 4.9 and 5.10 (order of the checks,
// clamping), Documentation/cpu-freq/user-guide.rst (texts).
//
// The work runs on one core of the first policy with an online CPU, at that policy's clock. The
// other policies' cores idle: each policy shows what its own governor and limits would make of the
// same load, and its uncore power and leakage are those of that clock. Which CPUs share a policy is
// the board's (on a board without a GPU the kernels run on every online core, at that one clock):
// pairs on Xavier, fours on Orin, one each on the TX2 (per-CPU folders).
#pragma once

#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "twin/board_shape.h"
#include "twin/clock_table.h"
#include "twin/constants.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every read and write of the tree.
class CpuNodes {
 public:
  CpuNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
           Simulation& simulation);
  CpuNodes(const CpuNodes&) = delete;
  CpuNodes& operator=(const CpuNodes&) = delete;

 private:
  struct Policy {
    std::vector<int> cpus;
    std::string path;
    std::string governor;
    std::int64_t user_min = 0, user_max = 0;  // kHz, as written
    std::int64_t min = 0, max = 0;            // kHz, in force
    std::int64_t set_speed = 0;               // kHz, of governor userspace
    bool present = false;                     // its nodes are in the tree
  };
  void add_cpus();
  void add_policy(Policy& policy);
  void add_limits(Policy& policy);
  void add_governor(Policy& policy);
  void add_texts(const Policy& policy);
  void remove_policy(Policy& policy);

  Status write_limit(Policy& policy, bool is_minimum, std::string_view text);
  Status write_governor(Policy& policy, std::string_view text);
  Status write_set_speed(Policy& policy, std::string_view text);
  Status write_online(int cpu, std::string_view text);

  void apply_limits(Policy& policy);
  void apply(const Policy& policy);
  void apply_to_simulation();
  std::vector<ClusterLimits> idle_clusters() const;
  // The simulation's governor behind a name of the tree.
  const std::string& simulated(const std::string& governor) const;
  bool rules(const Policy& policy) const { return &policy == ruling_; }
  Policy* find_ruling();
  std::int64_t current(const Policy& policy) const;
  std::vector<int> online_of(const std::vector<int>& cpus) const;
  std::string time_in_state() const;
  bool is_online(int cpu) const { return online_[static_cast<std::size_t>(cpu)]; }

  MemoryTree& tree_;
  Simulation& simulation_;
  Kernel kernel_;
  std::string driver_;
  std::string table_order_;  // of CpuShape
  bool first_stays_;
  std::string powersave_is_;
  ClockTable table_;
  std::vector<std::string> governors_;
  std::vector<Policy> policies_;
  Policy* ruling_ = nullptr;
  std::vector<bool> online_;
};

// "0-3,5" for the CPUs that are set.
std::string cpu_list(const std::vector<int>& cpus);

}  // namespace isojoule::twin

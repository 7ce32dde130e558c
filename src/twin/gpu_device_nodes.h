// The GPU's device folder as the nvgpu driver shows it: load, power switch, masks of its units.
//
// Source: nvgpu's sysfs (drivers/gpu/nvgpu/os/linux/sysfs.c of L4T 32 and 35): load in per mille
// and 0 while the GPU is railgated; railgate_delay in ms; tpc_pg_mask is EBUSY once the golden
// context exists, which the desktop makes at boot, so that here it can never change; fbp_pg_mask
// and gpc_pg_mask are ENODEV there.
#pragma once

#include <deque>
#include <string>

#include "base/memory_tree.h"
#include "twin/board_shape.h"
#include "twin/simulation.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class GpuDeviceNodes {
 public:
  GpuDeviceNodes(MemoryTree& tree, const BoardShape& shape, Simulation& simulation);
  GpuDeviceNodes(const GpuDeviceNodes&) = delete;
  GpuDeviceNodes& operator=(const GpuDeviceNodes&) = delete;

  const std::string& folder() const { return folder_; }
  std::int64_t tpc_mask() const { return tpc_mask_; }

 private:
  void add_power();
  void add_masks();
  Status write_railgate(std::string_view text);
  Status write_delay(std::string_view text);
  Status write_control(std::string_view text);
  Status write_tpc_mask(std::string_view text);
  void apply();

  MemoryTree& tree_;
  Simulation& simulation_;
  std::string folder_;
  bool railgate_ = true;
  bool automatic_ = true;  // power/control: runtime power management may switch it off
  std::int64_t delay_ms_ = 500;
  std::int64_t tpc_mask_ = 0;
  std::deque<bool> switches_ = {};  // the nodes hold references
};

}  // namespace isojoule::twin

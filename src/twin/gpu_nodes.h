// The GPU's devfreq folder, with the refusals of each kernel. Its clock answers also while the GPU
// is railgated (the last one it ran at).
//
// Sources: drivers/devfreq/devfreq.c and governor_userspace.c of Linux 4.9 and 5.10.
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
class GpuNodes {
 public:
  GpuNodes(MemoryTree& tree, const BoardShape& shape, const Constants& constants,
           Simulation& simulation);
  GpuNodes(const GpuNodes&) = delete;
  GpuNodes& operator=(const GpuNodes&) = delete;

 private:
  void add_device(const GpuShape& shape);
  void add_texts();
  void add_limits();
  void add_governor();
  void add_userspace();

  Status write_minimum(std::string_view text);
  Status write_maximum(std::string_view text);
  Status write_governor(std::string_view text);
  Status write_frequency(std::string_view text);
  std::int64_t minimum_in_force() const;
  std::int64_t maximum_in_force() const;
  void apply_limits();
  std::string transition_text() const;

  MemoryTree& tree_;
  Simulation& simulation_;
  Kernel kernel_;
  std::string folder_;
  ClockTable table_;
  std::vector<std::string> governors_;
  std::int64_t minimum_;  // Hz, as written (from 5.10 on in whole kHz); maximum 0 = no limit
  std::int64_t maximum_;
  std::int64_t wanted_ = 0;  // Hz, of userspace/set_freq; 0 = not yet
  std::int64_t polling_ms_ = 25;
};

}  // namespace isojoule::twin

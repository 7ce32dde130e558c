// One clock in the BPMP's debugfs (tegra186 and later): rate, min_rate, max_rate, mrq_rate_locked,
// state, all in hertz. While mrq_rate_locked is 1 the kernel's own requests do not move the clock
// and what is written to `rate` does; while it is 0 a written rate is overridden by the kernel's
// next request, which the twin makes at once. A rate that the clock does not have is silently
// rounded up to the next that it has, and one beyond the limits goes to the limit.
//
// Sources: drivers/firmware/tegra/bpmp-debugfs.c (files are the firmware's own), jetson_clocks of
// L4T 32 to 36 (the order lock, rate, state). The lock goes before nvpmodel's cap: jetson_clocks
// reads the cap and limits itself.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/memory_tree.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class BpmpClock {
 public:
  // `rates`: Hz, ascending; a single one means that every rate up to it is possible. `unlocked`:
  // the rate that the kernel asks for, Hz. `changed` is called after every write.
  BpmpClock(MemoryTree& tree, const std::string& folder, std::vector<std::int64_t> rates,
            std::function<std::int64_t()> unlocked, std::function<void()> changed);
  BpmpClock(const BpmpClock&) = delete;
  BpmpClock& operator=(const BpmpClock&) = delete;

  std::int64_t rate() const;  // as the clock stands, Hz

 private:
  Status write_rate(std::string_view text);
  Status write_lock(std::string_view text);
  std::int64_t rounded(std::int64_t wanted) const;

  std::string folder_;
  std::vector<std::int64_t> rates_;
  std::function<std::int64_t()> unlocked_;
  std::function<void()> changed_;
  bool locked_ = false;
  bool state_ = true;
  std::int64_t locked_rate_ = 0;
  std::int64_t minimum_ = 0, maximum_ = 0;  // Hz, as written
};

}  // namespace isojoule::twin

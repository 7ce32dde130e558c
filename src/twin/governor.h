// The kernel's frequency governors as control loops over virtual time. Each decides from the load
// of its sampling window (and the scheduler's utilisation) which entry of the table comes next;
// limits clip every decision, as the kernel's core does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "twin/constants.h"

namespace isojoule::twin {

struct GovernorInput {
  std::size_t current = 0;              // index into the table
  std::size_t lowest = 0, highest = 0;  // limits
  double load = 0;         // busy share of the window, 0..1, of the busiest core or of the GPU
  double utilisation = 0;  // PELT, 0..1 of the highest capacity (CPU only)
  bool io_wake = false;    // the task has just come back from waiting for I/O
};

class Governor {
 public:
  virtual ~Governor() = default;
  // The next entry, within the limits.
  std::size_t decide(const GovernorInput& input);
  // Whether every further decision is the same as the last while the load stays `busy` (0 or 1), so
  // that its samples need not be played.
  bool settled(std::size_t current, std::size_t lowest, std::size_t highest, double busy) const {
    return do_settled(current, lowest, highest, busy);
  }
  // Between two decisions; 0: only when a limit or the wish changes.
  Duration period() const { return period_; }

 protected:
  Governor(const std::vector<Hertz>& table, Duration period) : table_(table), period_(period) {}
  // First entry at or above f (CPUFREQ_RELATION_L), the last if none.
  std::size_t at_least(double f) const;
  // Last entry at or below f (CPUFREQ_RELATION_H), the first if none.
  std::size_t at_most(double f) const;
  double hertz(std::size_t index) const { return table_[index].value(); }

 private:
  virtual std::size_t do_decide(const GovernorInput& input) = 0;
  virtual bool do_settled(std::size_t, std::size_t, std::size_t, double) const { return false; }
  const std::vector<Hertz>& table_;
  Duration period_;
};

// performance, powersave and userspace over a table that outlives them; null for another name.
std::unique_ptr<Governor> make_fixed(const std::string& name, const std::vector<Hertz>& table);
// Null for a name that is none. `userspace` keeps the current entry: Simulation sets it.
std::unique_ptr<Governor> make_cpu_governor(const std::string& name, const Constants& constants);
std::unique_ptr<Governor> make_gpu_governor(const std::string& name, const Constants& constants);

}  // namespace isojoule::twin

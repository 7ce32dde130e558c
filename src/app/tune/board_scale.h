// Probes of several boards made alike. Boards differ by more than the best settings do, so an
// energy counts as its ratio to the governors' of its own block, times that of the first block.
#pragma once

#include <optional>
#include <string>

#include "data/run.h"
#include "optimise/goal.h"
#include "optimise/optimiser.h"

namespace isojoule {

class BoardScale {
 public:
  explicit BoardScale(const Goal& goal) : goal_(goal) {}  // which must outlive it

  // `governors`: the first run of the same block. The first good one ever given is what all others
  // are compared with. Without one the probe failed, where the goal needs its energy.
  Probe probe(const Run& run, const Run& governors, GridPoint point);
  // Of a run of the governors themselves; nothing where it failed.
  std::optional<Metrics> governors(const Run& run, const Run& first);

 private:
  std::optional<double> scale_of(const Run& governors);
  bool needs_scale() const;

  const Goal& goal_;
  std::optional<double> reference_;  // energy of the governors of the first block
};

}  // namespace isojoule

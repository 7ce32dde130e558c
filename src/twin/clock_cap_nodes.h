// The caps that nvpmodel puts on clocks which have no devfreq: memory, DLA, PVA.
//
// JetPack 4 and 5: /sys/kernel/nvpmodel_emc_cap/emc_iso_cap (0660) and <device>/acm/clk_cap/NAME;
// JetPack 6: /sys/kernel/nvpmodel_clk_cap/NAME and <device>/clk_cap/NAME. Hertz as text; a text of
// its own means 'no cap' ("0", on JetPack 6 "-1"). A cap is kept as it was written, whether the
// clock has such a rate or not.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "twin/jetson_shape.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree.
class ClockCapNodes {
 public:
  ClockCapNodes(MemoryTree& tree, const std::vector<ClockCapShape>& caps);
  ClockCapNodes(const ClockCapNodes&) = delete;
  ClockCapNodes& operator=(const ClockCapNodes&) = delete;

  // The lowest cap in force on the clock of this name (the last part of the path), Hz; `otherwise`
  // where there is none. The memory's is called emc_iso_cap or emc.
  std::int64_t limit(const std::string& name, std::int64_t otherwise) const;
  // Without a cap, of the shape's maximum_hz; 0 = not known.
  std::int64_t maximum(const std::string& name) const;
  // Called after every write.
  void when_written(std::function<void()> call) { listeners_.push_back(std::move(call)); }

 private:
  struct Cap {
    ClockCapShape shape;
    std::int64_t value = 0;  // Hz; 0 = none
  };
  void add(Cap& cap);
  Status write(Cap& cap, std::string_view text);

  MemoryTree& tree_;
  std::deque<Cap> caps_;  // the nodes hold references
  std::vector<std::function<void()>> listeners_;
};

}  // namespace isojoule::twin

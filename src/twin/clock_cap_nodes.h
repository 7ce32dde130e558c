// The caps that nvpmodel puts on clocks which have no devfreq: memory, DLA, PVA.
//
// /sys/kernel/nvpmodel_emc_cap/NAME (0660, JetPack 4 and 5) shows what was written; a text of its
// own
// ("0") means 'no cap'. The files of a clk_cap folder (<device>/acm/clk_cap/NAME on JetPack 5,
// <device>/clk_cap/NAME and /sys/kernel/nvpmodel_clk_cap/NAME on JetPack 6) show what their clock
// may reach, without a cap its highest rate; they take unsigned numbers only, so that "-1" is
// EINVAL.
//
// Sources: drivers/nvpmodel of L4T 35 (nvpmodel_emc_cap); nvpmodel-clk-cap.c of nvidia-oot r36
// (kstrtoul, clk_round_rate). The rounding to the rates of a clock without a table is left out.
#pragma once

#include <deque>
#include <functional>
#include <optional>
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

  // The lowest cap in force on the clock of this name (the last part of the path), Hz, or
  // `otherwise` where that is less or there is none. The memory's is called emc_iso_cap or emc.
  std::int64_t limit(const std::string& name, std::int64_t otherwise) const;
  // Without a cap, of the shape's maximum_hz; 0 = not known.
  std::int64_t maximum(const std::string& name) const;
  // Called after every write.
  void when_written(std::function<void()> call) { listeners_.push_back(std::move(call)); }

 private:
  struct Cap {
    ClockCapShape shape;
    std::optional<std::int64_t> value = {};  // Hz
  };
  void add(Cap& cap);
  static Result<std::size_t> read(const Cap& cap, std::span<char> buffer);
  Status write(Cap& cap, std::string_view text);

  MemoryTree& tree_;
  std::deque<Cap> caps_;  // the nodes hold references
  std::vector<std::function<void()>> listeners_;
};

}  // namespace isojoule::twin

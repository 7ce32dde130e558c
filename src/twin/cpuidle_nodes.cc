#include "twin/cpuidle_nodes.h"

#include <algorithm>

#include "twin/node.h"

namespace isojoule::twin {
namespace {

std::string state_name(const CpuIdleShape& shape, int state) {
  const auto index = static_cast<std::size_t>(state);
  if (index < shape.names.size() && !shape.names[index].empty()) return shape.names[index];
  return state == 0 ? "WFI" : fmt::format("c{}", 6 + state);
}

}  // namespace

CpuIdleNodes::CpuIdleNodes(MemoryTree& tree, const BoardShape& shape) {
  const CpuIdleShape& idle = shape.jetson.idle;
  if (idle.states < 1) return;
  tree.add_text("/sys/devices/system/cpu/cpuidle/current_driver", "psci_idle\n", 0444);  // [I]
  tree.add_text("/sys/devices/system/cpu/cpuidle/current_governor", "menu\n", 0444);
  for (const auto& policy : shape.cpu.policies)
    for (const int cpu : policy)
      for (int state = 0; state < idle.states; ++state) {
        const std::string at =
            fmt::format("/sys/devices/system/cpu/cpu{}/cpuidle/state{}", cpu, state);
        const bool off =
            std::find(idle.disable.begin(), idle.disable.end(), state) != idle.disable.end();
        disabled_.push_back(off);
        tree.add_text(at + "/name", state_name(idle, state) + "\n", 0444);
        add_switch(tree, at + "/disable", disabled_.back());
      }
}

}  // namespace isojoule::twin

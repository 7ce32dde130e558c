#include "twin/throttle_nodes.h"

#include "twin/node.h"

namespace isojoule::twin {
namespace {

std::int64_t events(const Simulation& simulation, bool orin, int counter) {
  const ThrottleCounts counts = simulation.throttle_counts();
  std::uint64_t count = 0;
  if (orin && counter == 2) count = counts.thermal + counts.average_power;
  if (orin && counter == 3) count = counts.instantaneous_power;
  if (!orin && counter == 1)
    count = counts.thermal + counts.average_power + counts.instantaneous_power;
  return static_cast<std::int64_t>(count);
}

}  // namespace

void add_throttle_counters(MemoryTree& tree, const BoardShape& shape, Simulation& simulation,
                           int number) {
  if (shape.soctherm.empty()) return;
  simulation.set_power_limits(Watt(shape.average_limit_w), Watt(shape.instantaneous_limit_w));
  const std::string folder =
      fmt::format("/sys/devices/platform/soctherm-oc-event/hwmon/hwmon{}", number);
  tree.add_text(folder + "/name", "soctherm_oc\n", 0444);
  tree.add_link(fmt::format("/sys/class/hwmon/hwmon{}", number), folder);
  const bool orin = shape.soctherm == "tegra23x";
  for (int i = 1; i <= (orin ? 3 : 6); ++i) {
    const std::string at = fmt::format("{}/oc{}_", folder, i);
    tree.add_integer(
        at + (orin ? "event_cnt" : "irq_cnt"),
        [&simulation, orin, i] { return events(simulation, orin, i); }, {}, 0444);
    if (orin) {
      tree.add_text(at + "throt_en", "1\n", 0444);
    } else {
      for (const char* name : {"priority", "cpu_throttle_ctrl", "gpu_throttle_ctrl"})
        tree.add_text(at + name, "0\n", 0444);
    }
  }
}

}  // namespace isojoule::twin

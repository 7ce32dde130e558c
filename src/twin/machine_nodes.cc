#include "twin/machine_nodes.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/random.h"
#include "base/text.h"
#include "twin/hwmon_nodes.h"

namespace isojoule::twin {
namespace {

// drivers/firmware/dmi-id.c: serial numbers and UUIDs are 0400.
void add_dmi(MemoryTree& tree, const std::map<std::string, std::string>& dmi) {
  constexpr std::string_view kRootOnly = "root:";
  if (dmi.empty()) return;
  for (const auto& [name, text] : dmi) {
    const bool hidden = text.starts_with(kRootOnly);
    tree.add_text("/sys/devices/virtual/dmi/id/" + name,
                  (hidden ? text.substr(kRootOnly.size()) : text) + "\n", hidden ? 0400 : 0444);
  }
  tree.add_link("/sys/class/dmi/id", "/sys/devices/virtual/dmi/id");
}

}  // namespace

Result<std::size_t> rail_index(const Constants& constants, const std::string& rail,
                               const std::string& what) {
  const auto found = std::find(constants.rails.begin(), constants.rails.end(), rail);
  if (found == constants.rails.end())
    return fail(ErrorKind::invalid, what + ": rail '" + rail + "' is not in twin.toml",
                "Known rails: " + join(constants.rails, ", "));
  return static_cast<std::size_t>(found - constants.rails.begin());
}

Result<std::unique_ptr<MachineNodes>> MachineNodes::make(MemoryTree& tree,
                                                         const MachineShape& shape,
                                                         const Constants& constants,
                                                         const Simulation& simulation,
                                                         std::uint64_t seed) {
  std::unique_ptr<MachineNodes> made(new MachineNodes);
  add_dmi(tree, shape.dmi);
  for (const RaplShape& one : shape.rapl) {
    ISOJOULE_TRY(const std::size_t rail, rail_index(constants, one.rail, "rapl " + one.zone));
    made->rapl_.push_back(std::make_unique<RaplZone>(tree, one, rail, simulation, seed));
  }
  if (!shape.battery.name.empty()) {
    ISOJOULE_TRY(const std::size_t rail, rail_index(constants, shape.battery.rail, "battery"));
    made->battery_ = std::make_unique<Battery>(tree, shape.battery, rail, simulation);
  }
  // Numbers are handed out in the order in which drivers come up, which differs from boot to boot.
  const auto first = static_cast<int>(seed_for(seed, "hwmon numbers") % 3);
  for (std::size_t i = 0; i < shape.hwmon.size(); ++i)
    ISOJOULE_CHECK(
        add_hwmon(tree, shape.hwmon[i], constants, simulation, first + static_cast<int>(i)));
  if (shape.vcgencmd) {
    ISOJOULE_TRY(made->vcgencmd_, Vcgencmd::make(tree, shape, constants, simulation));
  }
  return made;
}

void MachineNodes::begin_run(std::uint64_t seed) {
  for (const auto& zone : rapl_) zone->begin_run(seed);
  if (battery_) battery_->begin_run();
}

}  // namespace isojoule::twin

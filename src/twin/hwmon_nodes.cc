#include "twin/hwmon_nodes.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "twin/machine_nodes.h"
#include "twin/node.h"

namespace isojoule::twin {
namespace {

// Power as the chip's last conversion gave it.
double watts(const Simulation& simulation, std::size_t rail, Duration conversion) {
  const Instant end{simulation.now().ns / conversion.ns * conversion.ns};
  const double joules = simulation.rail_energy(rail, end).value() -
                        simulation.rail_energy(rail, end - conversion).value();
  return joules / conversion.seconds().value();
}

void add_power(MemoryTree& tree, const std::string& at, std::size_t rail, Duration conversion,
               const Simulation& simulation) {
  const auto power = [&simulation, rail, conversion] {
    return watts(simulation, rail, conversion);
  };
  const auto volts = [&simulation, rail] { return simulation.rail_voltage(rail).value(); };
  tree.add_integer(
      at + "/power1_input", [power] { return std::llround(power() * 1e6); }, {}, 0444);
  tree.add_integer(
      at + "/curr1_input", [power, volts] { return std::llround(power() / volts() * 1e3); }, {},
      0444);
  tree.add_integer(
      at + "/in1_input", [volts] { return std::llround(volts() * 1e3); }, {}, 0444);
}

Status add_temperatures(MemoryTree& tree, const std::string& at, const HwmonShape& shape,
                        const Constants& constants, const Simulation& simulation) {
  for (std::size_t i = 0; i < shape.temperatures.size(); ++i) {
    const auto& [label, zone] = shape.temperatures[i];
    const auto& zones = constants.thermal_zones;
    const auto found = std::find(zones.begin(), zones.end(), zone);
    if (found == zones.end())
      return fail(ErrorKind::invalid,
                  "hwmon " + shape.name + ": zone '" + zone + "' is not in twin.toml",
                  "Known zones: " + join(zones, ", "));
    const auto index = static_cast<std::size_t>(found - zones.begin());
    const std::string name = fmt::format("{}/temp{}_", at, i + 1);
    if (!label.empty()) tree.add_text(name + "label", label + "\n", 0444);
    tree.add_integer(
        name + "input",
        [&simulation, index] {  // these drivers show whole degrees
          return std::llround(std::floor(simulation.temperature(index).value())) * 1000;
        },
        {}, 0444);
    for (const auto& [file, celsius] :
         {std::pair("max", shape.maximum_c), std::pair("crit", shape.critical_c)})
      if (celsius > 0)
        tree.add_text(name + file, fmt::format("{}\n", std::llround(celsius * 1e3)), 0444);
  }
  return {};
}

}  // namespace

Status add_hwmon(MemoryTree& tree, const HwmonShape& shape, const Constants& constants,
                 const Simulation& simulation, int number) {
  const std::string at = fmt::format("{}/hwmon/hwmon{}", shape.device, number);
  tree.add_text(at + "/name", shape.name + "\n", 0444);
  tree.add_link(at + "/device", shape.device);
  tree.add_link(fmt::format("/sys/class/hwmon/hwmon{}", number), at);
  ISOJOULE_CHECK(add_temperatures(tree, at, shape, constants, simulation));
  if (!shape.rail.empty()) {
    ISOJOULE_TRY(const std::size_t rail, rail_index(constants, shape.rail, "hwmon " + shape.name));
    add_power(tree, at, rail, Duration::from(Second(shape.update_ms * 1e-3)), simulation);
  }
  if (!shape.alarm.empty()) tree.add_text(at + "/" + shape.alarm, "0\n", 0444);
  return {};
}

}  // namespace isojoule::twin

#include "twin/machine_shape.h"

#include <fmt/format.h>

namespace isojoule::twin {
namespace {

using View = toml::node_view<const toml::node>;

tl::unexpected<Error> wrong(std::string what) {
  return fail(ErrorKind::invalid, std::move(what),
              "Compare with the tree.toml of another board and src/twin/machine_shape.h");
}

std::string text_of(View node) { return node.value_or<std::string>(""); }
double number_of(View node, double otherwise = 0) { return node.value_or(otherwise); }
int integer_of(View node, int otherwise) { return node.value_or(otherwise); }

std::vector<View> tables_of(View node) {
  std::vector<View> tables;
  if (const toml::array* list = node.as_array())
    for (const auto& item : *list)
      if (item.is_table()) tables.emplace_back(item);
  return tables;
}

Result<RaplShape> rapl_of(View node) {
  RaplShape rapl;
  rapl.zone = text_of(node["zone"]);
  rapl.name = text_of(node["name"]);
  rapl.rail = text_of(node["rail"]);
  rapl.range_uj = node["range_uj"].value_or(std::int64_t{0});
  rapl.step_uj = number_of(node["step_uj"], rapl.step_uj);
  rapl.update_us = number_of(node["update_us"], rapl.update_us);
  rapl.limit_w = number_of(node["limit_w"]);
  rapl.window_us = node["window_us"].value_or(std::int64_t{0});
  if (rapl.zone.rfind("intel-rapl:", 0) != 0 || rapl.name.empty() || rapl.rail.empty())
    return wrong("a [[rapl]] needs zone (intel-rapl:N or intel-rapl:N:M), name and rail");
  if (rapl.range_uj <= 0 || !(rapl.step_uj > 0) || !(rapl.update_us > 0))
    return wrong("rapl " + rapl.zone + ": range_uj, step_uj and update_us must be above 0");
  return rapl;
}

Result<BatteryShape> battery_of(View node) {
  BatteryShape battery;
  if (!node.is_table()) return battery;
  battery.name = node["name"].value_or<std::string>("BAT0");
  battery.adapter = text_of(node["adapter"]);
  battery.rail = text_of(node["rail"]);
  battery.cells = integer_of(node["cells"], battery.cells);
  battery.capacity_mah = number_of(node["capacity_mah"]);
  battery.empty_v = number_of(node["empty_v"]);
  battery.full_v = number_of(node["full_v"]);
  battery.resistance_ohm = number_of(node["resistance_ohm"]);
  battery.start = number_of(node["start"], 1);
  battery.plugged = node["plugged"].value_or(false);
  battery.charger_w = number_of(node["charger_w"]);
  battery.update_s = number_of(node["update_s"], battery.update_s);
  battery.is_signed = node["signed"].value_or(false);
  if (battery.rail.empty() || !(battery.capacity_mah > 0) || !(battery.empty_v > 0) ||
      !(battery.full_v > battery.empty_v))
    return wrong("[battery] needs rail, capacity_mah, empty_v and a higher full_v");
  if (!(battery.start >= 0 && battery.start <= 1) || !(battery.charger_w >= 0))
    return wrong("[battery]: start is 0 to 1, charger_w is 0 or more");
  // The simulation remembers 3 s: the last update's window may begin two periods ago.
  if (!(battery.update_s > 0 && battery.update_s <= 1.5))
    return wrong("[battery]: update_s is above 0 and at most 1.5");
  return battery;
}

Result<HwmonShape> hwmon_of(View node) {
  HwmonShape hwmon;
  hwmon.name = text_of(node["name"]);
  hwmon.device = text_of(node["device"]);
  hwmon.maximum_c = number_of(node["maximum_c"]);
  hwmon.critical_c = number_of(node["critical_c"]);
  hwmon.rail = text_of(node["rail"]);
  hwmon.update_ms = number_of(node["update_ms"], hwmon.update_ms);
  hwmon.alarm = text_of(node["alarm"]);
  if (hwmon.name.empty() || hwmon.device.rfind("/sys/", 0) != 0)
    return wrong("a [[hwmon]] needs name and device");
  if (!(hwmon.update_ms > 0 && hwmon.update_ms <= 1500))  // as the battery's
    return wrong("hwmon " + hwmon.name + ": update_ms is above 0 and at most 1500");
  if (const toml::array* list = node["temperatures"].as_array())
    for (const auto& item : *list) {
      const View pair(item);
      hwmon.temperatures.emplace_back(text_of(pair[0]), text_of(pair[1]));
      if (hwmon.temperatures.back().second.empty())
        return wrong("hwmon " + hwmon.name + ": a temperature is [\"label\", \"zone\"]");
    }
  return hwmon;
}

Result<PmicShape> pmic_of(View node) {
  PmicShape pmic;
  pmic.name = text_of(node["name"]);
  pmic.rail = text_of(node["rail"]);
  pmic.voltage_v = number_of(node["voltage_v"]);
  pmic.current_index = integer_of(node["current_index"], -1);
  pmic.voltage_index = integer_of(node["voltage_index"], -1);
  pmic.step_a = number_of(node["step_a"]);
  pmic.step_v = number_of(node["step_v"]);
  if (pmic.name.empty() || pmic.rail.empty() || pmic.current_index < 0 || pmic.voltage_index < 0)
    return wrong("a [[pmic]] needs name, rail, current_index and voltage_index");
  return pmic;
}

template <typename Shape>
Status read_list(View node, Result<Shape> (*read)(View), std::vector<Shape>& out) {
  for (const View table : tables_of(node)) {
    ISOJOULE_TRY(Shape shape, read(table));
    out.push_back(std::move(shape));
  }
  return {};
}

}  // namespace

Result<MachineShape> machine_shape_of(const toml::table& table) {
  MachineShape machine;
  if (const toml::table* dmi = table["dmi"].as_table())
    for (const auto& [name, text] : *dmi)
      machine.dmi[std::string(name.str())] = text.value_or<std::string>("");
  ISOJOULE_CHECK(read_list(View(table["rapl"]), rapl_of, machine.rapl));
  ISOJOULE_TRY(machine.battery, battery_of(View(table["battery"])));
  ISOJOULE_CHECK(read_list(View(table["hwmon"]), hwmon_of, machine.hwmon));
  ISOJOULE_CHECK(read_list(View(table["pmic"]), pmic_of, machine.pmic));
  const View vcgencmd(table["vcgencmd"]);
  if (vcgencmd.is_table())
    machine.vcgencmd =
        VcgencmdShape{number_of(vcgencmd["supply_v"]), integer_of(vcgencmd["supply_index"], 24),
                      integer_of(vcgencmd["battery_index"], 25)};
  return machine;
}

}  // namespace isojoule::twin

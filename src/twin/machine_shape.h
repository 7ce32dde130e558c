// What the kernel of a machine that is no Jetson shows beside CPU and thermal zones, from
// boards/<name>/tree.toml. Everything is optional; what is not named is not in the tree.
//
//   [dmi]          NAME = "text": files of /sys/class/dmi/id; "root:text" is readable by root only
//   [[rapl]]       zone = "intel-rapl:0", name = "package-0", rail, range_uj, step_uj, update_us,
//                  limit_w, window_us (its long-term limit, shown and not obeyed)
//   [battery]      rail (what the machine draws), cells, capacity_mah, empty_v, full_v (open
//                  circuit), resistance_ohm, start (charge, 0..1), plugged, charger_w, update_s,
//                  signed (current_now is negative while it discharges), adapter = "AC"
//   [[hwmon]]      name, device (folder); temperatures = [["label", "zone"], ...]; maximum_c,
//                  critical_c; rail and update_ms (power1_input, curr1_input, in1_input);
//                  alarm = "in0_lcrit_alarm" (always 0)
//   [[pmic]]       name = "VDD_CORE", rail, voltage_v (absent: the CPU's), current_index,
//                  voltage_index (absent: that line is not printed), step_a, step_v
//   [vcgencmd]     supply_v, supply_index, battery_index: the lines without a current; without
//                  this table the program is not there
//
// A `rail` is one of twin.toml's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "base/error.h"

namespace isojoule::twin {

struct RaplShape {
  std::string zone;  // "intel-rapl:0:1"
  std::string name;
  std::string rail;
  std::int64_t range_uj = 0;
  double step_uj = 61.03515625;  // 2^-14 J
  double update_us = 1000;
  double limit_w = 0;
  std::int64_t window_us = 0;
};

struct BatteryShape {
  std::string name;  // "BAT0"; "" = none
  std::string adapter;
  std::string rail;
  int cells = 3;
  double capacity_mah = 0;
  double empty_v = 0, full_v = 0;  // of the pack
  double resistance_ohm = 0;
  double start = 1;
  bool plugged = false;
  double charger_w = 0;
  double update_s = 1;
  bool is_signed = false;
};

struct HwmonShape {
  std::string name;
  std::string device;
  std::vector<std::pair<std::string, std::string>> temperatures;  // label, zone of twin.toml
  double maximum_c = 0, critical_c = 0;                           // 0 = not shown
  std::string rail;
  double update_ms = 1;
  std::string alarm;
};

struct PmicShape {
  std::string name;
  std::string rail;
  double voltage_v = 0;  // 0: the CPU's
  int current_index = -1, voltage_index = -1;
  double step_a = 0, step_v = 0;
};

struct VcgencmdShape {
  double supply_v = 0;
  int supply_index = 0, battery_index = 0;
};

struct MachineShape {
  std::map<std::string, std::string> dmi;
  std::vector<RaplShape> rapl;
  BatteryShape battery;
  std::vector<HwmonShape> hwmon;
  std::vector<PmicShape> pmic;
  std::optional<VcgencmdShape> vcgencmd;
};

// From a table that the release and the variant are merged into. Errors: invalid (what, for people;
// without the path).
Result<MachineShape> machine_shape_of(const toml::table& table);

}  // namespace isojoule::twin

#include "sensor/ina3221/ina3221.h"

#include <cmath>
#include <cstdlib>

namespace isojoule::ina3221 {

const Layout& iio_layout() {
  // Modes: industrialio-core.c and ina3221.c of L4T 32.4.4 (0444, 0644) and 32.5.1 (0400, 0600).
  static const Layout layout{"iio", "/sys/bus/i2c/drivers/ina3221x",
                             "since L4T 32.5 rail_name_* is 0600 and in_*_input 0400"};
  return layout;
}

const Layout& hwmon_layout() {
  // Modes: is_visible of ina3221.c in L4T 34.1, 35.1, 35.3.1, 35.5.0 (0400) and 36 (0444).
  static const Layout layout{"hwmon", "/sys/bus/i2c/drivers/ina3221",
                             "in*_label, in*_input and curr*_input are 0400 on L4T 34 and 35"};
  return layout;
}

ChannelNodes nodes_of(const Layout& layout, const std::string& folder, int index) {
  ChannelNodes nodes;
  if (&layout == &iio_layout()) {
    const std::string c = std::to_string(index);
    nodes.label = folder + "/rail_name_" + c;
    nodes.voltage = folder + "/in_voltage" + c + "_input";
    nodes.current = folder + "/in_current" + c + "_input";
    return nodes;
  }
  const std::string c = std::to_string(index + 1);
  nodes.label = folder + "/in" + c + "_label";
  nodes.voltage = folder + "/in" + c + "_input";
  nodes.current = folder + "/curr" + c + "_input";
  nodes.enable = folder + "/in" + c + "_enable";
  nodes.shunt = folder + "/shunt" + c + "_resistor";
  return nodes;
}

namespace {

bool is_device_folder(const Layout& layout, const std::string& name) {
  if (&layout == &hwmon_layout()) return name.rfind("hwmon", 0) == 0;
  return name.rfind("iio:device", 0) == 0 || name == "iio_device";  // the latter: kernel 4.4
}

}  // namespace

Result<std::string> find_folder(const Layout& layout, const std::string& bus_address,
                                FileTree& tree, std::vector<std::string>& tried) {
  for (const std::string_view base :
       {layout.driver_folder, std::string_view("/sys/bus/i2c/devices")}) {
    std::string parent = std::string(base) + "/" + bus_address;
    if (&layout == &hwmon_layout()) parent += "/hwmon";
    tried.push_back(parent + (&layout == &hwmon_layout() ? "/hwmon*" : "/iio:device*"));
    const auto names = tree.list(parent);
    if (!names) {
      if (names.error().kind == ErrorKind::not_found) continue;
      return tl::unexpected<Error>(names.error());
    }
    for (const auto& name : *names) {
      const std::string folder = parent + "/" + name;
      if (is_device_folder(layout, name) && tree.exists(nodes_of(layout, folder, 0).voltage))
        return folder;
    }
  }
  return fail(ErrorKind::not_found, "INA3221 at " + bus_address + ": no " +
                                        std::string(layout.driver) + " device with this address");
}

std::optional<Second> window_from_nodes(std::int64_t samples, std::int64_t update_interval_ms,
                                        int enabled_channels, Second expected) {
  constexpr double kMicro = 1e-6;
  std::optional<Second> best;
  for (const bool averages_are_in : {false, true}) {
    for (const int conversion : kConversionTimes_us) {
      const std::int64_t cycle_us = std::int64_t{2} * conversion * enabled_channels;
      const std::int64_t shown_us = averages_are_in ? cycle_us * samples : cycle_us;
      if ((shown_us + 500) / 1000 != update_interval_ms) continue;  // DIV_ROUND_CLOSEST
      const Second window(static_cast<double>(cycle_us * samples) * kMicro);
      const auto distance = [&](Second s) { return std::abs(s.value() - expected.value()); };
      if (!best || distance(window) < distance(*best)) best = window;
    }
    // The kernels of the boards come first; mainline's reading is only asked where theirs fails.
    if (best) return best;
  }
  return best;
}

double gain_uncertainty(double shunt_tolerance) {
  return std::sqrt((2 * kGainError * kGainError + shunt_tolerance * shunt_tolerance) / 3);
}

Ampere offset_uncertainty(double shunt_ohm) {
  return Ampere(kShuntOffset.value() / shunt_ohm / std::sqrt(3.0));
}

}  // namespace isojoule::ina3221

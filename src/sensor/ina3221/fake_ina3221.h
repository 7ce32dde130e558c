// For tests: the nodes of one INA3221 in a MemoryTree, as either driver shows them.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/memory_tree.h"

namespace isojoule::fake {

struct Ina3221Nodes {
  std::string address;
  std::array<std::string, 3> labels;  // "" is a disabled channel
  std::array<std::int64_t, 3> voltage_mv{5000, 5000, 5000};
  std::array<std::int64_t, 3> current_ma{400, 160, 80};
  int mode = 0444;  // of the readings
};

// L4T 32. `device` is the iio device's folder name. Returns the folder.
inline std::string add_iio(MemoryTree& tree, const Ina3221Nodes& chip,
                           const std::string& device = "iio:device0") {
  const std::string folder = "/sys/bus/i2c/drivers/ina3221x/" + chip.address + "/" + device;
  tree.add_text(folder + "/name", "ina3221x\n", 0444);
  const int label_mode = chip.mode == 0444 ? 0644 : 0600;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string c = std::to_string(i);
    tree.add_text(folder + "/rail_name_" + c, chip.labels[i] + "\n", label_mode);
    tree.add_text(folder + "/in_voltage" + c + "_input", std::to_string(chip.voltage_mv[i]) + "\n",
                  chip.mode);
    tree.add_text(folder + "/in_current" + c + "_input", std::to_string(chip.current_ma[i]) + "\n",
                  chip.mode);
  }
  return folder;
}

// L4T 34 and later. A disabled channel has no label and answers ENODATA.
inline std::string add_hwmon(MemoryTree& tree, const Ina3221Nodes& chip, int number,
                             std::int64_t samples = 512, std::int64_t update_interval_ms = 1) {
  const std::string folder =
      "/sys/bus/i2c/drivers/ina3221/" + chip.address + "/hwmon/hwmon" + std::to_string(number);
  tree.add_text(folder + "/name", "ina3221\n", 0444);
  tree.add_text(folder + "/samples", std::to_string(samples) + "\n");
  tree.add_text(folder + "/update_interval", std::to_string(update_interval_ms) + "\n");
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string c = std::to_string(i + 1);
    const bool enabled = !chip.labels[i].empty();
    tree.add_text(folder + "/in" + c + "_enable", enabled ? "1\n" : "0\n");
    tree.add_text(folder + "/shunt" + c + "_resistor", "5000\n");
    if (enabled) tree.add_text(folder + "/in" + c + "_label", chip.labels[i] + "\n", chip.mode);
    for (const auto& [name, value] :
         {std::pair("/in", chip.voltage_mv[i]), std::pair("/curr", chip.current_ma[i])}) {
      const std::string path = folder + name + c + "_input";
      if (enabled) {
        tree.add_text(path, std::to_string(value) + "\n", chip.mode);
        continue;
      }
      tree.add_node(
          path,
          [path](std::span<char>) -> Result<std::size_t> {
            return fail(ErrorKind::no_data, path + ": No data available", {}, "read");
          },
          {}, chip.mode);
    }
  }
  return folder;
}

}  // namespace isojoule::fake

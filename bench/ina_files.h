// An INA3221 of three rails as plain files, for benches: the nodes of Linux's own driver (hwmon).
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace isojoule::bench {

inline constexpr int kRails = 3;

inline std::string chip_folder(const std::string& root) {
  return root + "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1";
}

inline void write_ina_files(const std::string& root) {
  const std::string folder = chip_folder(root);
  std::filesystem::create_directories(folder);
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text << "\n";
  };
  put("name", "ina3221");
  put("samples", "1");
  put("update_interval", "7");
  for (int i = 1; i <= kRails; ++i) {
    const std::string n = std::to_string(i);
    put("in" + n + "_label", "RAIL" + n);
    put("in" + n + "_enable", "1");
    put("in" + n + "_input", "5024");
    put("curr" + n + "_input", "1328");
    put("shunt" + n + "_resistor", "5000");
  }
}

}  // namespace isojoule::bench

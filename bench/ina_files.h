// An INA3221 of three rails as plain files, for benches: the nodes of Linux's own driver (hwmon).
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "board/board.h"

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

// A board of these files alone, its first rail the total. Ends the bench where they cannot be read.
inline Board ina_board(FileTree& tree, Clock& clock) {
  ChipSpec chip;
  chip.type = "ina3221";
  chip.bus_address = "1-0040";
  chip.driver = "hwmon";
  for (int i = 0; i < kRails; ++i)
    chip.channels.push_back({i, "RAIL" + std::to_string(i + 1), 0.005});
  Board board;
  board.file.total = "RAIL1";
  board.tree = &tree;
  board.clock = &clock;
  auto sensor = open_sensor(chip, tree);
  if (!sensor) {
    fmt::print(stderr, "{}\n", to_string(sensor.error()));
    std::exit(1);
  }
  board.sensors.push_back(std::move(*sensor));
  return board;
}

}  // namespace isojoule::bench

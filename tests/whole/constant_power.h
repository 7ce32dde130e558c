// A machine that draws the same power always.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "whole/program.h"

namespace isojoule::test {

constexpr double kPower_w = 5;

// Its tree, with one power source.
inline std::string constant_power(const Workplace& place) {
  const std::filesystem::path chip =
      std::filesystem::path(place.path("machine")) / "sys/class/hwmon/hwmon0";
  std::filesystem::create_directories(chip);
  std::ofstream(chip / "name") << "bench\n";
  std::ofstream(chip / "power1_label") << "input\n";
  std::ofstream(chip / "power1_input") << "5000000\n";
  std::ofstream(chip / "update_interval") << "10\n";
  return place.path("machine");
}

}  // namespace isojoule::test

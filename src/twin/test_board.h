// What the tests of this room share: small constants, and the boards' shapes from boards/.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "board/board.h"
#include "twin/board_shape.h"
#include "twin/constants.h"

namespace isojoule::twin {

// The Nano's tables and rails over default physics.
inline Constants small_constants() {
  Constants constants;
  constants.board = "jetson-nano";
  for (const double khz : {102000, 204000, 307200, 403200, 518400, 614400, 710400, 825600, 921600,
                           1036800, 1132800, 1224000, 1326000, 1428000, 1479000})
    constants.cpu_frequencies.push_back(Hertz(khz * 1e3));
  for (int i = 1; i <= 12; ++i) constants.gpu_frequencies.push_back(Hertz(76.8e6 * i));
  constants.cpu_governors = {"conservative", "ondemand",    "userspace",
                             "powersave",    "performance", "schedutil"};
  constants.gpu_governors = {"nvhost_podgov", "userspace", "performance", "simple_ondemand"};
  constants.default_cpu_governor = "schedutil";
  constants.default_gpu_governor = "nvhost_podgov";
  constants.rails = {"POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"};
  constants.rail_components = {{true, true, true, true, true},
                               {false, true, false, false, false},
                               {true, false, false, false, false}};
  constants.thermal_zones = {"CPU-therm", "GPU-therm"};
  return constants;
}

// The same as the constants of another board, as far as its nodes need it.
inline Constants constants_for(const BoardShape& shape) {
  Constants constants = small_constants();
  constants.board = shape.board;
  if (!shape.chips.empty()) constants.rails.clear();
  for (const ChipShape& chip : shape.chips)
    for (const auto& rail : chip.rails)
      if (!rail.empty()) constants.rails.push_back(rail);
  constants.rail_components.resize(constants.rails.size(), {1, 1, 1, 1, 1, 1});
  constants.cores = 0;
  for (const auto& policy : shape.cpu.policies) constants.cores += static_cast<int>(policy.size());
  return constants;
}

// As far as make_twin() needs it.
inline BoardFile board_named(const std::string& name) {
  BoardFile board;
  board.name = name;
  board.directory = std::string(ISOJOULE_SOURCE_DIR) + "/boards/" + name;
  return board;
}

inline BoardShape shape_of(const std::string& board, const std::string& release,
                           const std::string& variant = {}) {
  const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/" + board + "/tree.toml";
  auto shape = load_shape(path, release, variant);
  EXPECT_TRUE(shape.has_value()) << (shape ? "" : to_string(shape.error()));
  return shape ? *shape : BoardShape{};
}

}  // namespace isojoule::twin

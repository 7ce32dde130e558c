// What the tests of the nodes share: a board's whole tree over a simulation with small constants.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "twin/board_tree.h"
#include "twin/test_board.h"

namespace isojoule::twin {

inline constexpr char kNanoGpu[] = "/sys/devices/57000000.gpu/devfreq/57000000.gpu/";
inline constexpr char kXavierGpu[] = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b/";
inline constexpr char kPolicy[] = "/sys/devices/system/cpu/cpufreq/policy0/";
inline constexpr char kNanoIna[] = "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/";

// A board's tree over a simulation with small constants.
struct Rig {
  explicit Rig(const std::string& board, const std::string& release, bool root = true,
               std::uint64_t seed = 1, const std::string& variant = {})
      : Rig(shape_of(board, release, variant), root, seed) {}
  explicit Rig(BoardShape of, bool root = true, std::uint64_t seed = 1)
      : shape(std::move(of)),
        constants(constants_for(shape)),
        simulation(constants, seed, false),
        made(BoardTree::make(shape, constants, simulation, {seed, false, root})) {
    EXPECT_TRUE(made.has_value()) << (made ? "" : to_string(made.error()));
    advance(2000);
  }
  FileTree& tree() { return (*made)->tree(); }
  void advance(std::int64_t ms) {
    simulation.advance_to(simulation.now() + Duration::milliseconds(ms));
  }
  std::string read(const std::string& path) {
    const auto text = tree().read(path);
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }
  std::string write(const std::string& path, const std::string& text) {
    const auto done = tree().write(path, text);
    return done ? "ok" : std::string(name_of(done.error().kind));
  }
  // The hwmon folder behind an i2c address.
  std::string hwmon(const std::string& address) {
    const std::string folder = "/sys/bus/i2c/drivers/ina3221/" + address + "/hwmon";
    const auto names = tree().list(folder);
    EXPECT_TRUE(names && names->size() == 1);
    return folder + "/" + names->front() + "/";
  }

  BoardShape shape;
  Constants constants;
  Simulation simulation;
  Result<std::unique_ptr<BoardTree>> made;
};

}  // namespace isojoule::twin

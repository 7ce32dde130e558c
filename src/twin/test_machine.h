// A board without a GPU for the tests of its nodes: shape, physics and tree, without noise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text_file.h"
#include "twin/board_tree.h"
#include "twin/test_board.h"

namespace isojoule::twin {

inline Constants constants_of(const std::string& board) {
  const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/" + board + "/twin.toml";
  auto constants = parse_constants(*read_text_file(path), path);
  EXPECT_TRUE(constants.has_value()) << (constants ? "" : to_string(constants.error()));
  return constants ? *constants : Constants{};
}

struct Machine {
  explicit Machine(const std::string& board, const std::string& release, bool root = true)
      : Machine(shape_of(board, release), root) {}
  explicit Machine(BoardShape own, bool root = true)
      : shape(std::move(own)),
        constants(constants_of(shape.board)),
        simulation(constants, 1, false),
        made(BoardTree::make(shape, constants, simulation, {1, false, root})) {
    EXPECT_TRUE(made.has_value()) << (made ? "" : to_string(made.error()));
    advance(2.5);
  }
  MemoryTree& tree() { return (*made)->tree(); }
  void advance(double seconds) {
    simulation.advance_to(simulation.now() + Duration::from(Second(seconds)));
  }
  std::string read(const std::string& path) {
    const auto text = tree().read(path);
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }
  std::int64_t integer(const std::string& path) {
    const auto value = read_integer(tree(), path);
    EXPECT_TRUE(value.has_value()) << path;
    return value.value_or(-1);
  }
  double watts(const std::string& rail) {
    const auto found = std::find(constants.rails.begin(), constants.rails.end(), rail);
    EXPECT_NE(found, constants.rails.end()) << rail;
    return simulation.rail_power(static_cast<std::size_t>(found - constants.rails.begin())).value();
  }
  // Every core computes for some minutes.
  void load() {
    SimulatedJob job;
    LayerCost layer;
    layer.operation = "Gemm";
    layer.rows = layer.columns = layer.depth = 2048;
    layer.groups = 1;
    layer.macs = layer.rows * layer.columns * layer.depth;
    layer.bytes_written = layer.bytes_weights = 2048 * 2048 * 4;  // no inputs to wait for
    job.cost.batch = 1;
    job.cost.layers = {layer};
    job.batches = 100'000;
    job.network_constants = {0.5, 0};
    simulation.start(job);
    advance(5);
  }
  std::string run(const std::vector<std::string>& command) {
    const auto text = tree().run(command, Duration::milliseconds(1000));
    return text ? *text : "!" + std::string(name_of(text.error().kind));
  }

  BoardShape shape;
  Constants constants;
  Simulation simulation;
  Result<std::unique_ptr<BoardTree>> made;
};

}  // namespace isojoule::twin

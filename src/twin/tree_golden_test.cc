// The whole tree of each board and release as a user and as root find it at the start, held against
// src/twin/golden: a node that appears, vanishes or changes its text is seen in a review.
// ISOJOULE_UPDATE_GOLDEN=1 writes the files anew; look at the difference then.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text_file.h"
#include "twin/board_tree.h"
#include "twin/test_board.h"

namespace isojoule::twin {
namespace {

namespace fs = std::filesystem;

// Texts that depend on the small constants' physics or are long tables of it.
bool is_measured(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const char* measured : {"temp", "trans_stat", "time_in_state", "total_trans", "boot_id"})
    if (name == measured) return true;
  const bool chip = name.starts_with("curr") || name.starts_with("in");
  return (chip && name.ends_with("_input")) || name.starts_with("ui_input");
}

std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\0')
      line += "\\0";
    else
      line += c;
  }
  return line;
}

// A board with its own constants, as a twin has it.
struct Board {
  Board(const std::string& name, const std::string& release, bool root)
      : shape(shape_of(name, release)),
        constants(constants_of(name)),
        simulation(constants, 1, false),
        made(*BoardTree::make(shape, constants, simulation, {1, false, root})) {
    simulation.advance_to(Instant{2'000'000'000});
  }
  static Constants constants_of(const std::string& name) {
    const std::string path = std::string(ISOJOULE_SOURCE_DIR) + "/boards/" + name + "/twin.toml";
    return *parse_constants(*read_text_file(path), path);
  }
  BoardShape shape;
  Constants constants;
  Simulation simulation;
  std::unique_ptr<BoardTree> made;
};

// "PATH r TEXT" or "PATH - TEXT": whether a user may read it, then what root reads.
std::string tree_text(const std::string& name, const std::string& release) {
  Board root(name, release, true);
  Board user(name, release, false);
  std::string out;
  for (const auto& [path, text] : root.made->tree().snapshot()) {
    const bool link = text.starts_with("-> ");
    const bool may_read = link || user.made->tree().open(path).has_value();
    const bool shown = !is_measured(path) && !path.ends_with(".conf");
    out += path + (may_read ? " r " : " - ") + (shown || link ? one_line(text) : "...") + "\n";
  }
  return out;
}

struct Row {
  const char* board;
  const char* release;
};

class TreeGolden : public ::testing::TestWithParam<Row> {};

TEST_P(TreeGolden, IsAsItWas) {
  const auto [board, release] = GetParam();
  const fs::path path = fs::path(ISOJOULE_SOURCE_DIR) / "src/twin/golden" /
                        (std::string(board) + "_" + release + ".txt");
  const std::string text = tree_text(board, release);
  if (std::getenv("ISOJOULE_UPDATE_GOLDEN") != nullptr) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

INSTANTIATE_TEST_SUITE_P(
    Boards, TreeGolden,
    ::testing::Values(Row{"jetson-nano", "32.7"}, Row{"jetson-tx2", "32.7"},
                      Row{"jetson-xavier-nx", "32.7"}, Row{"jetson-xavier-nx", "35.5"},
                      Row{"jetson-agx-xavier", "32.7"}, Row{"jetson-agx-orin", "36.4"},
                      Row{"jetson-orin-nx", "35.5"}, Row{"jetson-orin-nx", "36.4"}));

}  // namespace
}  // namespace isojoule::twin

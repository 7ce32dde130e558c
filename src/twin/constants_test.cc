#include "twin/constants.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace isojoule::twin {
namespace {

constexpr const char* boards[] = {"jetson-nano", "jetson-xavier-nx", "jetson-orin-nx"};

std::string text_of(const std::string& board) {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/boards/" + board + "/twin.toml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Constants, EveryBoardReadsAndWritesBackToTheSameText) {
  for (const char* board : boards) {
    const std::string text = text_of(board);
    const auto constants = parse_constants(text, board);
    ASSERT_TRUE(constants) << to_string(constants.error());
    EXPECT_EQ(constants->board, board);
    EXPECT_EQ(format_constants(*constants, constant_notes(text)), text);
  }
}

TEST(Constants, TablesAreThoseOfTheGrids) {
  const std::size_t cpu[] = {15, 25, 26}, gpu[] = {12, 15, 7};
  for (int i = 0; i < 3; ++i) {
    const auto constants = parse_constants(text_of(boards[i]), boards[i]);
    ASSERT_TRUE(constants);
    EXPECT_EQ(constants->cpu_frequencies.size(), cpu[i]);
    EXPECT_EQ(constants->gpu_frequencies.size(), gpu[i]);
  }
}

TEST(Constants, SaysWhichKeyIsWrong) {
  const std::string text = text_of("jetson-nano");
  struct Case {
    const char *from, *to, *says;
  };
  for (const Case& one : {Case{"idle_share = ", "idle_share = 7 #", "gpu.idle_share"},
                          Case{"overlap = ", "overlop = ", "gpu.overlap"},
                          Case{"102000, 204000", "204000, 102000", "must rise"},
                          Case{"default_governor = \"schedutil\"", "default_governor = \"fast\"",
                               "cpu.default_governor"},
                          Case{"feeds = [\"gpu\"]", "feeds = [\"fan\"]", "POM_5V_GPU"}}) {
    const auto parsed = parse_constants(with(text, one.from, one.to), "twin.toml");
    ASSERT_FALSE(parsed) << one.to;
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid);
    EXPECT_NE(parsed.error().what.find(one.says), std::string::npos) << parsed.error().what;
  }
}

TEST(Constants, SharesVoltagesAndOptionalFieldsAreReadAndKept) {
  std::string text = text_of("jetson-nano");
  text = with(text, "feeds = [\"gpu\"]\n",
              "feeds = [\"soc\", \"ddr\"]\nshares = [1, 0.4]\nvoltage_v = 20\n");
  text = with(text, "feeds = [\"cpu\"]\n", "feeds = [\"cpu\", \"cv\"]\nshare = 0.5\n");
  text += "\n[variant.fast.cpu]\ncores = 2\n";
  const auto constants = parse_constants(text, "twin.toml");
  ASSERT_TRUE(constants) << to_string(constants.error());
  EXPECT_EQ(constants->rail_components[1], (Shares{0, 0, 0.4, 1, 0, 0}));
  EXPECT_EQ(constants->rail_components[2], (Shares{0.5, 0, 0, 0, 0, 0.5}));
  EXPECT_EQ(constants->rail_voltages[1], 20);
  EXPECT_EQ(constants->cv_w, 0);  // optional
  const std::string again = format_constants(*constants, constant_notes(text));
  const auto second = parse_constants(again, "twin.toml", "fast");
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(second->rail_components, constants->rail_components);
  EXPECT_EQ(second->rail_voltages, constants->rail_voltages);
  EXPECT_EQ(second->cores, 2);  // the variants' text is kept
  for (const std::string wrong :
       {"shares = [1, 1]\n", "share = 0\n", "share = 1.5\n", "voltage_v = -5\n"})
    EXPECT_FALSE(parse_constants(
        with(text_of("jetson-nano"), "feeds = [\"gpu\"]\n", "feeds = [\"gpu\"]\n" + wrong),
        "twin.toml"))
        << wrong;
}

TEST(Constants, ASyntaxErrorHasLineAndColumn) {
  const auto parsed = parse_constants("board = \"x\"\n[gpu\n", "twin.toml");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::parse);
  EXPECT_NE(parsed.error().what.find("twin.toml:2:"), std::string::npos) << parsed.error().what;
}

}  // namespace
}  // namespace isojoule::twin

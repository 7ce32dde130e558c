#include "app/helper/rehearsal.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/target.h"

namespace isojoule::helper {
namespace {

Result<Permissions> rehearsed(const std::string& board, const std::string& release = {}) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  TargetOptions options;
  options.board = "twin:" + board;
  options.release = release;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  const Board& twin = target->board;
  return rehearse(
      [&](FileTree& tree, Clock& clock) {
        return open_board(twin.file, twin.release.name, tree, clock);
      },
      *twin.tree);
}

TEST(TextRule, TakesWhatWasWrittenAndTheNumbersBetween) {
  TextRule rule;
  rule.add_text("schedutil");
  rule.add_text("0");
  rule.add_number("204000");
  rule.add_number("1479000");
  for (const char* good : {"schedutil", "schedutil\n", "0", "204000", "700000\n", "1479000"})
    EXPECT_TRUE(rule.takes(good)) << good;
  for (const char* bad : {"", "\n", "schedutil\n\n", "203999", "1479001", "-204000", "+204000",
                          "0204000", "2.04e5", " 204000", "204000 ", "99999999999999999999"})
    EXPECT_FALSE(rule.takes(bad)) << bad;
}

TEST(Rehearsal, GivesTheClocksInRangeAndTheGovernorsThatAreOffered) {
  const auto all = rehearsed("jetson-orin-nx");
  ASSERT_TRUE(all) << to_string(all.error());
  EXPECT_EQ(all->board, "jetson-orin-nx");
  const auto maximum =
      all->writable.find("/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq");
  ASSERT_NE(maximum, all->writable.end());
  EXPECT_TRUE(maximum->second.takes("729600"));
  EXPECT_FALSE(maximum->second.takes("5000000"));
  EXPECT_FALSE(maximum->second.takes("1"));
  const auto governor =
      all->writable.find("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor");
  ASSERT_NE(governor, all->writable.end());
  EXPECT_TRUE(governor->second.takes("performance"));
  EXPECT_FALSE(governor->second.takes("warp"));
}

TEST(Rehearsal, NothingOfTheMachineIsWritten) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  TargetOptions options;
  options.board = "twin:jetson-nano";
  const auto target = open_target(*paths, options);
  ASSERT_TRUE(target);
  Board& twin = (*target)->board;
  const auto texts = [&] {
    std::vector<std::string> all;
    for (const auto& knob : twin.knobs) {
      const auto saved = knob->save();
      if (!saved) continue;
      for (const auto& node : *saved) all.push_back(node.path + " " + node.text);
    }
    return all;
  };
  const auto before = texts();
  ASSERT_TRUE(
      rehearse([&](FileTree& tree,
                   Clock& clock) { return open_board(twin.file, twin.release.name, tree, clock); },
               *twin.tree));
  EXPECT_GT(before.size(), 5U);
  EXPECT_EQ(texts(), before);
}

// Every knob of every board and release can be turned by one who holds the permissions.
TEST(Rehearsal, EveryBoardsKnobsAreInTheList) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  for (const auto& name : board_names(paths->boards)) {
    const auto file = load_board(paths->boards, name);
    ASSERT_TRUE(file);
    if (!std::filesystem::exists(file->directory + "/twin.toml")) continue;
    for (const auto& release : file->releases) {
      SCOPED_TRACE(name + " " + release.name);
      const auto all = rehearsed(name, release.name);
      ASSERT_TRUE(all) << to_string(all.error());
      EXPECT_FALSE(all->readable.empty());
      EXPECT_FALSE(all->writable.empty());
      for (const auto& [path, rule] : all->writable) {
        EXPECT_TRUE(path.starts_with("/sys/") || path.starts_with("/var/lib/nvpmodel/")) << path;
        EXPECT_FALSE(rule.takes("")) << path;
      }
    }
  }
}

}  // namespace
}  // namespace isojoule::helper

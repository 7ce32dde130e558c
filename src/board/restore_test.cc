// Writing nodes back: what settles, what does not, what outlives a restart, and who left it so.
#include "board/restore.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/memory_tree.h"
#include "board/journal_file.h"
#include "board/keeper.h"

namespace isojoule {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Lasts = SavedNode::Lasts;

constexpr const char* kSpeed = "/sys/fan/target_pwm";
constexpr const char* kControl = "/sys/fan/temp_control";
constexpr const char* kStatus = "/var/lib/nvpmodel/status";
constexpr const char* kCap = "/sys/gpu/max_freq";
constexpr const char* kGovernor = "/sys/gpu/governor";
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

// The kernel steers the fan: the speed follows the control.
std::vector<SavedNode> steered_fan() {
  return {{.path = kSpeed, .text = "0", .settles = false, .follows = kControl},
          {.path = kControl, .text = "1"}};
}

TEST(Restore, AFanThatNobodyTookIsNotTouched) {
  MemoryTree tree;
  tree.add_text(kSpeed, "150\n");  // it is hot by now
  tree.add_text(kControl, "1\n");
  const auto written = restore_nodes(tree, steered_fan());
  ASSERT_TRUE(written) << to_string(written.error());
  EXPECT_THAT(*written, IsEmpty());
  EXPECT_EQ(*tree.read(kSpeed), "150\n");
}

TEST(Restore, AFanThatWasTakenIsHandedBackWithItsSpeedFirst) {
  MemoryTree tree;
  std::vector<std::string> order;
  for (const char* path : {kSpeed, kControl})
    tree.add_node(
        path, [](std::span<char> out) -> Result<std::size_t> { return out[0] = '0', 1; },
        [&order, path](std::string_view) -> Status { return order.emplace_back(path), Status(); });
  (void)restore_nodes(tree, steered_fan());
  ASSERT_GE(order.size(), 2U);
  EXPECT_EQ(order[0], kSpeed);
  EXPECT_EQ(order[1], kControl);
}

TEST(Restore, ARefusalOfWhatDoesNotSettleIsSaidInTheEnd) {
  MemoryTree tree;
  tree.add_node(
      kSpeed, [](std::span<char> out) -> Result<std::size_t> { return out[0] = '9', 1; },
      [](std::string_view) -> Status { return fail(ErrorKind::io, "the fan is gone"); });
  tree.add_text(kControl, "0\n");
  const auto written = restore_nodes(tree, steered_fan());
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().what, HasSubstr("the fan is gone"));
  EXPECT_EQ(trimmed(*tree.read(kControl)), "1");  // the others went back
}

TEST(Restore, ANodeIsComparedWhereItIsShown) {
  MemoryTree tree;
  std::string rate = "204000000";
  bool ignores = false;
  tree.add_text("/sys/emc/clk_rate", "0");
  tree.add_node("/sys/emc/clk_rate", [&](std::span<char> out) -> Result<std::size_t> {
    return rate.copy(out.data(), out.size());
  });
  tree.add_node(
      "/sys/emc/clk_update_rate",
      [](std::span<char>) -> Result<std::size_t> { return fail(ErrorKind::io, "write only"); },
      [&](std::string_view text) -> Status {
        if (!ignores) rate = trimmed(text);
        return {};
      });
  const std::vector<SavedNode> nodes = {
      {.path = "/sys/emc/clk_update_rate", .text = "1600000000", .shown = "/sys/emc/clk_rate"}};
  EXPECT_TRUE(restore_nodes(tree, nodes));
  EXPECT_EQ(rate, "1600000000");
  rate = "204000000";
  ignores = true;
  const auto written = restore_nodes(tree, nodes);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::not_reached);
}

class AfterRestart : public ::testing::Test {
 protected:
  AfterRestart() {
    tree.add_text(kBootId, "new\n");
    tree.add_text(kStatus, "pmode:0001\n");
    tree.add_text(kCap, "510000000\n");
    tree.add_text(kGovernor, "userspace\n");
    folder =
        std::filesystem::temp_directory_path() / ("isojoule-restore-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    path = (folder / "machine.journal").string();
    journal.board = "jetson-x";
    journal.boot_id = "old";
    journal.command = "isojoule sweep";
    journal.nodes = {{.path = kGovernor, .text = "nvhost_podgov"},
                     {.path = kCap, .text = "918000000", .lasts = Lasts::from_disk},
                     {.path = kStatus, .text = "pmode:0000", .lasts = Lasts::disk}};
  }
  ~AfterRestart() override { std::filesystem::remove_all(folder); }

  MemoryTree tree;
  std::filesystem::path folder;
  std::string path;
  journal::Journal journal;
};

TEST_F(AfterRestart, APowerModeThatStayedOnDiskGoesBackWithItsNodes) {
  ASSERT_TRUE(journal::write(journal, path));
  const auto outcome = restore_journal(tree, path);
  ASSERT_TRUE(outcome) << to_string(outcome.error());
  EXPECT_EQ(outcome->kind, RestoreOutcome::Kind::stale);
  EXPECT_THAT(outcome->written, UnorderedElementsAre(kCap, kStatus));
  EXPECT_EQ(trimmed(*tree.read(kStatus)), "pmode:0000");
  EXPECT_EQ(trimmed(*tree.read(kCap)), "918000000");
  EXPECT_EQ(trimmed(*tree.read(kGovernor)), "userspace");  // set since, by somebody else
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AfterRestart, WhatTheKernelForgotIsLeftAlone) {
  tree.add_text(kStatus, "pmode:0000\n");
  ASSERT_TRUE(journal::write(journal, path));
  const auto outcome = restore_journal(tree, path);
  ASSERT_TRUE(outcome) << to_string(outcome.error());
  EXPECT_THAT(outcome->written, IsEmpty());
  EXPECT_EQ(trimmed(*tree.read(kCap)), "510000000");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AfterRestart, TheJournalComesBackAsItWasWritten) {
  journal.nodes[0].follows = kCap;
  journal.nodes[0].settles = false;
  journal.nodes[0].shown = kStatus;
  journal.below.push_back(journal);
  journal.below[0].held = true;
  ASSERT_TRUE(journal::write(journal, path));
  const auto read = journal::read(path);
  ASSERT_TRUE(read) << to_string(read.error());
  for (const auto* one : {&*read, &read->below.at(0)}) {
    ASSERT_EQ(one->nodes.size(), 3U);
    EXPECT_EQ(one->nodes[0].follows, kCap);
    EXPECT_EQ(one->nodes[0].shown, kStatus);
    EXPECT_FALSE(one->nodes[0].settles);
    EXPECT_EQ(one->nodes[1].lasts, Lasts::from_disk);
    EXPECT_EQ(one->nodes[2].lasts, Lasts::disk);
  }
  EXPECT_TRUE(read->below[0].held);
}

TEST_F(AfterRestart, WhoLeftItSoIsTold) {
  EXPECT_FALSE(left_behind(path)->has_value());
  journal::stamp(journal);
  journal.process_start += 1;  // another process of this number, long dead
  ASSERT_TRUE(journal::write(journal, path));
  std::ofstream(path + kKeeperErrorSuffix) << "error: no such node\n";
  const auto left = left_behind(path);
  ASSERT_TRUE(left && left->has_value());
  EXPECT_EQ((*left)->command, "isojoule sweep");
  EXPECT_EQ((*left)->kept_from, "error: no such node");
  EXPECT_FALSE((*left)->held);
  ASSERT_TRUE(journal::remove(path));
  EXPECT_FALSE(std::filesystem::exists(path + kKeeperErrorSuffix));
}

}  // namespace
}  // namespace isojoule

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/hash.h"
#include "base/memory_tree.h"
#include "base/quantity.h"
#include "base/random.h"
#include "base/text.h"
#include "base/text_file.h"

namespace isojoule {
namespace {

TEST(Quantity, UnitsCombine) {
  const Joule energy = Watt(5) * Second(3);
  EXPECT_DOUBLE_EQ(energy.value(), 15);
  EXPECT_DOUBLE_EQ((energy / Second(3)).value(), 5);
  EXPECT_DOUBLE_EQ((Volt(5) * Ampere(2)).value(), 10);
  EXPECT_EQ(Duration::from(Second(-0.25)).ns, -250'000'000);
  EXPECT_EQ(Duration::from(Second(0.1)).ns, 100'000'000);
}

TEST(Error, IsOneLineWithItsRemedy) {
  const Error error{ErrorKind::not_found, "a\nb", "read", "Do this"};
  EXPECT_EQ(to_string(error), "error: a b (tried: read). Do this");
  EXPECT_EQ(name_of(ErrorKind::newer_schema), "newer_schema");
}

// The two trees behave alike: the same checks run over both.
class Trees : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      auto memory = std::make_unique<MemoryTree>();
      memory->add_text("/sys/a/name", "ina3221\n");
      memory->add_text("/sys/a/words", "one two\tthree\n");
      memory->add_text("/sys/a/limit", "32760 ma\n");
      memory->add_link("/sys/class/x", "../a");
      tree_ = std::move(memory);
      return;
    }
    std::string pattern = (std::filesystem::temp_directory_path() / "tree-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ + "/sys/a");
    std::filesystem::create_directories(folder_ + "/sys/class");
    EXPECT_TRUE(write_text_file(folder_ + "/sys/a/name", "ina3221\n"));
    EXPECT_TRUE(write_text_file(folder_ + "/sys/a/words", "one two\tthree\n"));
    EXPECT_TRUE(write_text_file(folder_ + "/sys/a/limit", "32760 ma\n"));
    std::filesystem::create_symlink("../a", folder_ + "/sys/class/x");
    tree_ = make_real_file_tree(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string folder_;
  std::unique_ptr<FileTree> tree_;
};

TEST_P(Trees, ReadListWriteResolve) {
  EXPECT_EQ(tree_->read("/sys/a/name").value(), "ina3221\n");
  EXPECT_EQ(read_line(*tree_, "/sys/class/x/name").value(), "ina3221");
  EXPECT_EQ(read_integer(*tree_, "/sys/a/limit").value(), 32760);
  EXPECT_EQ(read_words(*tree_, "/sys/a/words").value(),
            (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(tree_->list("/sys/a").value(), (std::vector<std::string>{"limit", "name", "words"}));
  EXPECT_EQ(tree_->canonical("/sys/class/x/name").value(), "/sys/a/name");
  EXPECT_TRUE(tree_->write("/sys/class/x/name", "new"));
  EXPECT_EQ(tree_->read("/sys/a/name").value(), "new");
}

TEST_P(Trees, KeptOpenFilesSeeChanges) {
  auto file = tree_->open("/sys/a/limit").value();
  EXPECT_EQ(read_integer(*file).value(), 32760);
  ASSERT_TRUE(tree_->write("/sys/a/limit", "7"));
  EXPECT_EQ(read_integer(*file).value(), 7);
}

TEST_P(Trees, WhatIsMissingIsSaid) {
  EXPECT_EQ(tree_->read("/sys/b").error().kind, ErrorKind::not_found);
  EXPECT_EQ(tree_->write("/sys/b", "1").error().kind, ErrorKind::not_found);
  EXPECT_EQ(tree_->list("/sys/b").error().kind, ErrorKind::not_found);
  EXPECT_EQ(tree_->open("/sys/b").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(tree_->exists("/sys/b"));
  EXPECT_EQ(read_integer(*tree_, "/sys/a/words").error().kind, ErrorKind::parse);
}

INSTANTIATE_TEST_SUITE_P(Both, Trees, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "memory" : "real"; });

TEST(MemoryTree, EnforcesModesForUsers) {
  MemoryTree tree;
  tree.add_text("/secret", "1", 0400);
  tree.add_text("/shown", "1", 0644);
  EXPECT_TRUE(tree.read("/secret"));
  tree.set_root(false);
  EXPECT_EQ(tree.read("/secret").error().kind, ErrorKind::permission_denied);
  EXPECT_TRUE(tree.read("/shown"));
  EXPECT_EQ(tree.write("/shown", "2").error().kind, ErrorKind::permission_denied);
}

TEST(MemoryTree, AClosedFolderIsClosedWhateverLiesInIt) {
  MemoryTree tree;
  tree.add_directory("/sys/kernel/debug", 0700);
  tree.add_text("/sys/kernel/debug/clk/emc/rate", "1\n", 0444);
  tree.add_link("/debug", "/sys/kernel/debug");
  EXPECT_EQ(*read_integer(tree, "/debug/clk/emc/rate"), 1);
  tree.set_root(false);
  for (const char* path : {"/sys/kernel/debug/clk/emc/rate", "/debug/clk/emc/rate"})
    EXPECT_EQ(tree.read(path).error().kind, ErrorKind::permission_denied) << path;
  EXPECT_EQ(tree.list("/sys/kernel/debug").error().kind, ErrorKind::permission_denied);
  EXPECT_FALSE(tree.exists("/sys/kernel/debug/clk"));
  EXPECT_TRUE(tree.exists("/sys/kernel/debug"));
}

TEST(MemoryTree, AVanishedNodeIsMissedByAnOpenFile) {
  MemoryTree tree;
  tree.add_text("/a-b", "other");
  tree.add_text("/a/b", "1");
  tree.add_text("/a/c/d", "1");
  auto file = tree.open("/a/b").value();
  tree.remove("/a");
  EXPECT_EQ(read_integer(*file).error().kind, ErrorKind::not_found);
  EXPECT_FALSE(tree.exists("/a/c/d"));
  EXPECT_TRUE(tree.exists("/a-b"));
  tree.add_text("/a/b", "5");
  EXPECT_EQ(read_integer(*file).value(), 5);
}

TEST(RealClock, TicksComeInTimeAndStop) {
  const auto clock = make_real_clock();
  std::vector<Instant> dues;
  {
    const auto ticker =
        clock->every(Duration::milliseconds(2), [&](Instant due) { dues.push_back(due); });
    clock->sleep_for(Duration::milliseconds(50));
  }
  const std::size_t count = dues.size();
  EXPECT_GE(count, 2u);
  for (std::size_t i = 1; i < count; ++i) {
    EXPECT_EQ((dues[i] - dues[i - 1]).ns % 2'000'000, 0);
    EXPECT_GT(dues[i], dues[i - 1]);
  }
  clock->sleep_for(Duration::milliseconds(10));
  EXPECT_EQ(dues.size(), count);
}

TEST(Random, KnownValuesNeverChange) {
  Random random(1);
  const auto first = random.next();
  EXPECT_EQ(Random(1).next(), first);
  EXPECT_NE(Random(2).next(), first);
  EXPECT_NE(seed_for(1, "a"), seed_for(1, "b"));
}

TEST(Random, MomentsAreThoseOfTheirDistributions) {
  Random random(9);
  double sum = 0;
  double squares = 0;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 4 * std::sqrt(2.0 / n));
}

RC_GTEST_PROP(Random, BelowStaysBelow, (std::uint64_t seed)) {
  const auto limit = *rc::gen::inRange<std::uint64_t>(1, 1000);
  Random random(seed);
  for (int i = 0; i < 50; ++i) RC_ASSERT(random.below(limit) < limit);
}

RC_GTEST_PROP(Random, ShuffleKeepsTheItems, (std::uint64_t seed, std::vector<int> items)) {
  auto shuffled = items;
  Random(seed).shuffle(shuffled);
  RC_ASSERT(std::multiset<int>(items.begin(), items.end()) ==
            std::multiset<int>(shuffled.begin(), shuffled.end()));
}

TEST(Text, NearestName) {
  EXPECT_EQ(nearest_name("alexnett", {"alexnet", "resnet-18"}), "alexnet");
  EXPECT_EQ(nearest_name("gpu_frequnecy", {"cpu_frequency", "gpu_frequency"}), "gpu_frequency");
  EXPECT_EQ(nearest_name("zzzz", {"alexnet"}), "");
  EXPECT_EQ(unknown_name_remedy("zzzz", {"a", "b"}), "Known: a, b");
}

TEST(TextFile, WholeOrNotAtAll) {
  std::string pattern = (std::filesystem::temp_directory_path() / "text-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  EXPECT_TRUE(write_text_file(folder + "/a", "first"));
  EXPECT_TRUE(write_text_file(folder + "/a", "second"));
  EXPECT_EQ(read_text_file(folder + "/a").value(), "second");
  EXPECT_EQ(write_text_file(folder + "/none/a", "x").error().kind, ErrorKind::not_found);
  EXPECT_EQ(read_text_file(folder + "/b").error().kind, ErrorKind::not_found);
  EXPECT_EQ(read_text_file(folder).error().kind, ErrorKind::invalid);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

RC_GTEST_PROP(Hash, EveryByteCounts, (std::string text)) {
  RC_PRE(!text.empty());
  const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
  std::string other = text;
  other[place] = static_cast<char>(other[place] + 1);
  RC_ASSERT(content_hash(text) != content_hash(other));
  RC_ASSERT(content_hash(text) != content_hash(text + '\0'));
  RC_ASSERT(content_hash(text).size() == 32u);
}

}  // namespace
}  // namespace isojoule

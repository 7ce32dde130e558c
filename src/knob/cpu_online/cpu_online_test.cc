#include <gtest/gtest.h>

#include <algorithm>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kFolder = "/sys/devices/system/cpu";

KnobSpec spec() { return {"cpu_online", "cpu_online", {kFolder}, false, 1}; }

const bool added = add_knob_fixture({"cores of jetson-nano",
                                     spec(),
                                     [](MemoryTree& tree) { fake::add_cores(tree, 4); },
                                     Unit::count,
                                     {kFolder + "/cpu2/online", kFolder + "/cpu3"}});

TEST(CpuOnline, TheLastCoresGoFirst) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto online = fake::add_cores(tree, 12);
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->values().size(), 12u);
  ASSERT_EQ((*knob)->set(10.0, clock, kDeadline), Value(10.0));
  EXPECT_EQ((*online)[9], 1);
  EXPECT_EQ((*online)[10], 0);
}

TEST(CpuOnline, ACoreWithoutItsNodeIsAlwaysOn) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_cores(tree, 4);
  tree.remove(kFolder + "/cpu0/online");
  const auto knob = open_knob(spec(), tree);
  EXPECT_EQ((*knob)->set(1.0, clock, kDeadline), Value(1.0));
  EXPECT_EQ((*knob)->save()->size(), 3u);
}

TEST(CpuOnline, CoresThatAreOffAreCountedAndWrittenBackLast) {
  MemoryTree tree;
  const auto online = fake::add_cores(tree, 4);
  (*online)[1] = 0;
  const auto knob = open_knob(spec(), tree);
  EXPECT_EQ((*knob)->get(), Value(3.0));
  const auto saved = *(*knob)->save();
  EXPECT_EQ(saved.back().path, kFolder + "/cpu1/online");
  EXPECT_EQ(saved.back().text, "0");
}

TEST(CpuOnline, NamesTheNearestCounts) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_cores(tree, 4);
  const auto knob = open_knob(spec(), tree);
  EXPECT_EQ((*knob)->set(2.5, clock, kDeadline).error().remedy, "Nearest: 2 and 3");
  EXPECT_EQ((*knob)->set(8.0, clock, kDeadline).error().remedy, "Nearest: 4");
  EXPECT_EQ((*knob)->set(0.0, clock, kDeadline).error().remedy, "Nearest: 1");
}

// Any cores may be off at the start.
const bool added_scrambled =
    add_knob_fixture({"cores, from any of them",
                      spec(),
                      [](MemoryTree& tree) { fake::add_cores(tree, 6); },
                      Unit::count,
                      {kFolder + "/cpu5/online"},
                      [](MemoryTree& tree, unsigned state) {
                        for (int i = 1; i < 6; ++i)
                          (void)tree.write(kFolder + "/cpu" + std::to_string(i) + "/online",
                                           std::to_string(state >> i & 1));
                      }});

TEST(CpuOnline, AnOrderOfTheBoardsOwn) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto online = fake::add_cores(tree, 6);
  KnobSpec tx2 = spec();
  tx2.options["order"] = "0 3 4 5 1 2";
  const auto knob = open_knob(tx2, tree);
  ASSERT_TRUE(knob.has_value());
  ASSERT_EQ((*knob)->set(4.0, clock, kDeadline), Value(4.0));
  EXPECT_EQ(*online, (std::vector<int>{1, 0, 0, 1, 1, 1}));
  tx2.options["order"] = "0 3 3";
  EXPECT_EQ(open_knob(tx2, tree).error().kind, ErrorKind::invalid);
}

TEST(CpuOnline, CoresThatCannotGoAreTheLeastCount) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto online = fake::add_cores(tree, 4);
  for (const char* core : {"/cpu0", "/cpu3"}) tree.remove(kFolder + core + "/online");
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->values(), (std::vector<Value>{2.0, 3.0, 4.0}));
  EXPECT_EQ((*knob)->set(1.0, clock, kDeadline).error().remedy, "Nearest: 2");
  ASSERT_EQ((*knob)->set(2.0, clock, kDeadline), Value(2.0));
  EXPECT_EQ((*online)[1], 0);
}

TEST(CpuOnline, FoundWhereThereIsAChoice) {
  MemoryTree tree;
  const auto kinds = knob_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [](const KnobKind& one) { return one.name == "cpu_online"; });
  EXPECT_TRUE(kind->discover(tree).empty());
  fake::add_cores(tree, 2);
  ASSERT_EQ(kind->discover(tree).size(), 1u);
  for (const char* core : {"/cpu0", "/cpu1"}) tree.remove(kFolder + core + "/online");
  EXPECT_TRUE(kind->discover(tree).empty());
}

}  // namespace
}  // namespace isojoule

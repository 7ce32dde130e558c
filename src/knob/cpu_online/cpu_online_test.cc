#include <gtest/gtest.h>

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

}  // namespace
}  // namespace isojoule

#include <gtest/gtest.h>

#include <algorithm>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kFolder = "/sys/devices/system/cpu";

KnobSpec spec() {
  KnobSpec spec;
  spec.type = "cpu_idle";
  spec.axis = "cpu_idle";
  spec.nodes = {kFolder};
  return spec;
}

std::string disable(int core, int state) {
  return kFolder + "/cpu" + std::to_string(core) + "/cpuidle/state" + std::to_string(state) +
         "/disable";
}

// Any state of any core.
void scramble(MemoryTree& tree, unsigned state) {
  for (int core = 0; core < 4; ++core)
    (void)tree.write(disable(core, 1), std::to_string(state >> core & 1));
}

const bool added = add_knob_fixture({"idle states of a Jetson",
                                     spec(),
                                     [](MemoryTree& tree) {
                                       fake::add_cores(tree, 4);
                                       fake::add_idle_states(tree, 4, {"WFI", "c7"});
                                     },
                                     Unit::none,
                                     {disable(2, 1), kFolder + "/cpu3/cpuidle"},
                                     scramble}) &&
                   add_knob_fixture({"idle states of a PC",
                                     spec(),
                                     [](MemoryTree& tree) {
                                       fake::add_idle_states(tree, 2, {"POLL", "C1", "C6", "C10"});
                                     },
                                     Unit::none,
                                     {disable(0, 2), disable(1, 3)}});

TEST(CpuIdle, TheShallowestStateThatSleepsStays) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_idle_states(tree, 1, {"POLL", "C1", "C6", "C10"});
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE(knob.has_value());
  ASSERT_EQ((*knob)->set("off", clock, kDeadline), Value("off"));
  EXPECT_EQ(read_line(tree, disable(0, 0)), "0");
  EXPECT_EQ(read_line(tree, disable(0, 1)), "0");
  EXPECT_EQ(read_line(tree, disable(0, 2)), "1");
  EXPECT_EQ(read_line(tree, disable(0, 3)), "1");
}

TEST(CpuIdle, ACoreThatIsOfflineIsPassedOver) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_cores(tree, 2);
  fake::add_idle_states(tree, 2, {"WFI", "c7"});
  const auto knob = open_knob(spec(), tree);
  ASSERT_TRUE(tree.write(kFolder + "/cpu1/online", "0").has_value());
  tree.remove(kFolder + "/cpu1/cpuidle");
  EXPECT_EQ((*knob)->set("off", clock, kDeadline), Value("off"));
  EXPECT_EQ((*knob)->save()->size(), 1u);
}

TEST(CpuIdle, FoundWhereThereIsADeepState) {
  MemoryTree tree;
  const auto kinds = knob_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [](const KnobKind& one) { return one.name == "cpu_idle"; });
  EXPECT_TRUE(kind->discover(tree).empty());
  fake::add_idle_states(tree, 2, {"WFI"});
  EXPECT_TRUE(kind->discover(tree).empty());
  EXPECT_EQ(open_knob(spec(), tree).error().kind, ErrorKind::not_found);
  fake::add_idle_states(tree, 2, {"WFI", "c7"});
  ASSERT_EQ(kind->discover(tree).size(), 1u);
  EXPECT_TRUE(open_knob(kind->discover(tree).front(), tree).has_value());
}

}  // namespace
}  // namespace isojoule

#include <gtest/gtest.h>

#include <algorithm>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

using fake::ClockDomain;

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kNano = "/sys/devices/57000000.gpu/devfreq/57000000.gpu";
const std::string kOrin = "/sys/devices/platform/bus@0/17000000.gpu/devfreq/17000000.gpu";
const std::vector<std::int64_t> kNanoTable = {76800000,  153600000, 230400000, 307200000,
                                              384000000, 460800000, 537600000, 614400000,
                                              691200000, 768000000, 844800000, 921600000};
const std::vector<std::int64_t> kOrinTable = {306000000, 408000000, 510000000, 612000000,
                                              714000000, 816000000, 918000000};

ClockDomain domain(const std::vector<std::int64_t>& table, bool ordered) {
  ClockDomain start;
  start.table = table;
  start.governors = fake::gpu_governors();
  start.governor = "nvhost_podgov";
  start.ordered = ordered;
  start.rounding = ordered ? 1 : 1000;
  return start;
}

KnobSpec spec(const std::string& node) { return {"devfreq", "gpu_frequency", {node}, false, 1}; }

const bool added =
    add_knob_fixture({"devfreq of jetson-nano (4.9)",
                      spec(kNano),
                      [](MemoryTree& tree) {
                        fake::add_domain(tree, kNano, fake::kDevfreq, domain(kNanoTable, true));
                      },
                      Unit::hertz,
                      {kNano, kNano + "/min_freq", kNano + "/max_freq", kNano + "/cur_freq"}}) &&
    add_knob_fixture({"devfreq of jetson-orin-nx (5.15)",
                      spec(kOrin),
                      [](MemoryTree& tree) {
                        fake::add_domain(tree, kOrin, fake::kDevfreq, domain(kOrinTable, false));
                      },
                      Unit::hertz,
                      {kOrin, kOrin + "/min_freq", kOrin + "/max_freq", kOrin + "/cur_freq"}});

TEST(Devfreq, LimitsRoundedToKilohertzCount) {
  MemoryTree tree;
  fake::ManualClock clock;
  ClockDomain start = domain({318750500, 420750000}, false);
  fake::add_domain(tree, kOrin, fake::kDevfreq, start);
  const auto knob = open_knob(spec(kOrin), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->set(318750500.0, clock, kDeadline), Value(318750500.0));
}

TEST(Devfreq, NoUpperLimitReadsZero) {
  MemoryTree tree;
  fake::ManualClock clock;
  ClockDomain start = domain(kOrinTable, false);
  auto state = fake::add_domain(tree, kOrin, fake::kDevfreq, start);
  const auto knob = open_knob(spec(kOrin), tree);
  state->maximum = 0;
  EXPECT_EQ((*knob)->set(612e6, clock, kDeadline), Value(612e6));
  EXPECT_EQ(state->maximum, 612000000);
}

TEST(Devfreq, UnderUserspaceTheSpeedIsWrittenToo) {
  MemoryTree tree;
  fake::ManualClock clock;
  auto state = fake::add_domain(tree, kNano, fake::kDevfreq, domain(kNanoTable, true));
  const auto knob = open_knob(spec(kNano), tree);
  ASSERT_TRUE(tree.write(kNano + "/governor", "userspace").has_value());
  // "undefined" cannot be written back, so it is not saved.
  EXPECT_EQ((*knob)->save()->size(), 2u);
  EXPECT_EQ((*knob)->set(307.2e6, clock, kDeadline), Value(307.2e6));
  EXPECT_EQ(state->setspeed, 307200000);
  EXPECT_EQ((*knob)->save()->size(), 3u);
}

TEST(Devfreq, AnOrderedKernelTakesEveryStep) {
  MemoryTree tree;
  fake::ManualClock clock;
  auto state = fake::add_domain(tree, kNano, fake::kDevfreq, domain(kNanoTable, true));
  const auto knob = open_knob(spec(kNano), tree);
  for (const double value : {921.6e6, 76.8e6, 460.8e6, 384e6, 921.6e6}) {
    state->limit_writes = 0;
    ASSERT_EQ((*knob)->set(value, clock, kDeadline), Value(value));
    EXPECT_EQ(state->limit_writes, 2);
  }
}

TEST(Devfreq, FindsTheGpuAndTheOthersByTheirNames) {
  MemoryTree tree;
  const std::string folder = "/sys/class/devfreq/";
  for (const char* name : {"17000000.ga10b", "15340000.vic", "memory-controller"})
    fake::add_domain(tree, folder + name, fake::kDevfreq, domain(kOrinTable, false));
  tree.add_text(folder + "broken/max_freq", "1\n");  // no table
  const auto kinds = knob_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [](const KnobKind& one) { return one.name == "devfreq"; });
  std::vector<std::string> axes;
  for (const auto& spec : kind->discover(tree)) {
    axes.push_back(spec.axis);
    EXPECT_TRUE(open_knob(spec, tree).has_value());
  }
  EXPECT_EQ(axes, (std::vector<std::string>{"vic_frequency", "gpu_frequency",
                                            "memory_controller_frequency"}));
}

}  // namespace
}  // namespace isojoule

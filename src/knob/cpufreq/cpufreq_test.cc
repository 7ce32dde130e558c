#include <gtest/gtest.h>

#include <algorithm>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

using fake::ClockDomain;

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::vector<std::int64_t> kNano = {102000,  204000,  307200,  403200,  518400,
                                         614400,  710400,  825600,  921600,  1036800,
                                         1132800, 1224000, 1326000, 1428000, 1479000};
const std::vector<std::int64_t> kXavierTail = {1267200, 1344000, 1420800, 1497600, 1574400,
                                               1651200, 1728000, 1804800, 1881600, 1907200};
const std::string kPolicies = "/sys/devices/system/cpu/cpufreq/policy";

ClockDomain domain(const std::vector<std::int64_t>& table, bool ordered) {
  ClockDomain start;
  start.table = table;
  start.governors = fake::cpu_governors();
  start.governor = "schedutil";
  start.ordered = ordered;
  return start;
}

KnobSpec spec(std::vector<std::string> nodes) {
  return {"cpufreq", "cpu_frequency", std::move(nodes), false, 1e3};
}

std::vector<std::string> nodes_of(const std::string& policy) {
  return {policy, policy + "/scaling_min_freq", policy + "/scaling_max_freq",
          policy + "/scaling_cur_freq"};
}

const bool added =
    add_knob_fixture({"cpufreq of jetson-nano (4.9)", spec({kPolicies + "0"}),
                      [](MemoryTree& tree) {
                        fake::add_domain(tree, kPolicies + "0", fake::kCpufreq,
                                         domain(kNano, true));
                      },
                      Unit::hertz, nodes_of(kPolicies + "0")}) &&
    add_knob_fixture({"cpufreq of jetson-xavier-nx (5.10)",
                      spec({kPolicies + "0", kPolicies + "2", kPolicies + "4"}),
                      [](MemoryTree& tree) {
                        for (const char* n : {"0", "2", "4"})
                          fake::add_domain(tree, kPolicies + n, fake::kCpufreq,
                                           domain(kXavierTail, false));
                      },
                      Unit::hertz,
                      {kPolicies + "2/scaling_max_freq", kPolicies + "4/scaling_cur_freq"}});

// Limits, governor and speed anywhere that a kernel of either age takes.
void scramble(MemoryTree& tree, const std::vector<std::string>& policies,
              const std::vector<std::int64_t>& table, unsigned state) {
  for (const auto& policy : policies) {
    const auto a = table[state % table.size()], b = table[state / 31 % table.size()];
    (void)tree.write(policy + "/scaling_min_freq", std::to_string(std::min(a, b)));
    (void)tree.write(policy + "/scaling_max_freq", std::to_string(std::max(a, b)));
    const auto& governors = fake::cpu_governors();
    (void)tree.write(policy + "/scaling_governor", governors[state % governors.size()]);
    (void)tree.write(policy + "/scaling_setspeed", std::to_string(a));
    state = state * 7 + 3;
  }
}

const bool added_scrambled =
    add_knob_fixture({"cpufreq of jetson-nano (4.9), from any limits", spec({kPolicies + "0"}),
                      [](MemoryTree& tree) {
                        fake::add_domain(tree, kPolicies + "0", fake::kCpufreq,
                                         domain(kNano, true));
                      },
                      Unit::hertz, nodes_of(kPolicies + "0"),
                      [](MemoryTree& tree, unsigned state) {
                        scramble(tree, {kPolicies + "0"}, kNano, state);
                      }}) &&
    add_knob_fixture({"cpufreq of two policies (5.10), from any limits",
                      spec({kPolicies + "0", kPolicies + "4"}),
                      [](MemoryTree& tree) {
                        for (const char* n : {"0", "4"})
                          fake::add_domain(tree, kPolicies + n, fake::kCpufreq,
                                           domain(kXavierTail, false));
                      },
                      Unit::hertz,
                      {kPolicies + "4/scaling_min_freq"},
                      [](MemoryTree& tree, unsigned state) {
                        scramble(tree, {kPolicies + "0", kPolicies + "4"}, kXavierTail, state);
                      }});

// As intel_pstate shows itself: no table, the hardware's ends.
std::shared_ptr<ClockDomain> add_pstate(MemoryTree& tree, const std::string& policy,
                                        std::int64_t low, std::int64_t high) {
  ClockDomain start = domain({low, high}, false);
  start.governors = {"performance", "powersave"};
  start.governor = "powersave";
  auto state = fake::add_domain(tree, policy, fake::kCpufreq, start);
  tree.remove(policy + "/scaling_available_frequencies");
  tree.add_text(policy + "/cpuinfo_min_freq", std::to_string(low) + "\n", 0444);
  tree.add_text(policy + "/cpuinfo_max_freq", std::to_string(high) + "\n", 0444);
  return state;
}

const bool added_range =
    add_knob_fixture({"cpufreq without a table (intel_pstate)",
                      spec({kPolicies + "0"}),
                      [](MemoryTree& tree) { add_pstate(tree, kPolicies + "0", 800000, 1250000); },
                      Unit::hertz,
                      {kPolicies + "0/scaling_min_freq", kPolicies + "0/scaling_max_freq"}});

const KnobKind& kind() {
  const auto kinds = knob_kinds();
  return *std::find_if(kinds.begin(), kinds.end(),
                       [](const KnobKind& one) { return one.name == "cpufreq"; });
}

struct Nano {
  explicit Nano(ClockDomain start = domain(kNano, true))
      : state(fake::add_domain(tree, kPolicies + "0", fake::kCpufreq, std::move(start))) {
    auto opened = open_knob(spec({kPolicies + "0"}), tree);
    EXPECT_TRUE(opened.has_value());
    knob = std::move(*opened);
  }
  MemoryTree tree;
  fake::ManualClock clock;
  std::shared_ptr<ClockDomain> state;
  std::unique_ptr<Knob> knob;
};

TEST(Cpufreq, ValuesAreHertzAscending) {
  Nano nano;
  ASSERT_EQ(nano.knob->values().size(), 15u);
  EXPECT_EQ(nano.knob->values().front(), Value(102e6));
  EXPECT_EQ(nano.knob->values().back(), Value(1479e6));
}

TEST(Cpufreq, NamesTheTwoNearest) {
  Nano nano;
  const auto between = nano.knob->set(950e6, nano.clock, kDeadline);
  ASSERT_FALSE(between.has_value());
  EXPECT_EQ(between.error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(between.error().remedy, "Nearest: 921600000 and 1036800000 Hz");
  EXPECT_EQ(nano.knob->set(2e9, nano.clock, kDeadline).error().remedy, "Nearest: 1479000000 Hz");
  EXPECT_EQ(nano.knob->set(1.0, nano.clock, kDeadline).error().remedy, "Nearest: 102000000 Hz");
}

TEST(Cpufreq, AnIgnoredWriteIsSeen) {
  ClockDomain start = domain(kNano, true);
  start.ignore_limits = true;
  Nano nano(start);
  EXPECT_EQ(nano.knob->set(921.6e6, nano.clock, kDeadline), Value(1479e6));
  EXPECT_EQ(nano.clock.time.ns, kDeadline.ns);  // it waited for all of the deadline
  // The clock is at the top by chance, but the minimum does not hold it there.
  EXPECT_EQ(nano.knob->set(1479e6, nano.clock, kDeadline), Value(102e6));
}

TEST(Cpufreq, AnIgnoredReleaseIsAnError) {
  Nano nano;
  ASSERT_EQ(nano.knob->set(921.6e6, nano.clock, kDeadline), Value(921.6e6));
  nano.state->ignore_limits = true;
  const auto status = nano.knob->release();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::not_reached);
  EXPECT_NE(status.error().what.find("scaling_max_freq"), std::string::npos);
}

TEST(Cpufreq, AThermalCapIsAchievedNotRefused) {
  Nano nano;
  nano.state->thermal_cap = 1224000;
  EXPECT_EQ(nano.knob->set(1479e6, nano.clock, kDeadline), Value(1224e6));
}

TEST(Cpufreq, WaitsForTheClockToFollow) {
  Nano nano;
  nano.state->reads_until_settled = 3;
  EXPECT_EQ(nano.knob->set(921.6e6, nano.clock, kDeadline), Value(921.6e6));
  EXPECT_GT(nano.clock.time.ns, 0);
  EXPECT_LT(nano.clock.time.ns, kDeadline.ns);
}

TEST(Cpufreq, ACountedClockBesideTheTableCounts) {
  Nano nano;
  nano.state->current_offset = 800;  // kHz
  EXPECT_EQ(nano.knob->set(1036.8e6, nano.clock, kDeadline), Value(1036.8e6));
  nano.state->current_offset = 50000;
  EXPECT_EQ(nano.knob->set(1036.8e6, nano.clock, kDeadline), Value(1086.8e6));
}

TEST(Cpufreq, UnderUserspaceTheSpeedIsWrittenToo) {
  Nano nano;
  ASSERT_TRUE(nano.tree.write(kPolicies + "0/scaling_governor", "userspace").has_value());
  ASSERT_TRUE(nano.tree.write(kPolicies + "0/scaling_setspeed", "102000").has_value());
  const auto saved = *nano.knob->save();
  EXPECT_EQ(nano.knob->set(921.6e6, nano.clock, kDeadline), Value(921.6e6));
  EXPECT_EQ(nano.state->setspeed, 921600);
  EXPECT_EQ(saved.back().path, kPolicies + "0/scaling_setspeed");
  EXPECT_EQ(saved.back().text, "102000");
}

TEST(Cpufreq, APolicyWhoseCoresAreOfflineIsPassedOver) {
  MemoryTree tree;
  fake::ManualClock clock;
  for (const char* n : {"0", "4"})
    fake::add_domain(tree, kPolicies + n, fake::kCpufreq, domain(kXavierTail, false));
  const auto knob = open_knob(spec({kPolicies + "0", kPolicies + "4"}), tree);
  ASSERT_TRUE(knob.has_value());
  tree.remove(kPolicies + "4");
  EXPECT_EQ((*knob)->set(1344e6, clock, kDeadline), Value(1344e6));
  EXPECT_EQ((*knob)->save()->size(), 2u);
}

TEST(Cpufreq, OnePolicyThatStaysBehindIsSeen) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_domain(tree, kPolicies + "0", fake::kCpufreq, domain(kXavierTail, false));
  auto second = fake::add_domain(tree, kPolicies + "2", fake::kCpufreq, domain(kXavierTail, false));
  const auto knob = open_knob(spec({kPolicies + "0", kPolicies + "2"}), tree);
  second->ignore_limits = true;
  EXPECT_EQ((*knob)->set(1344e6, clock, kDeadline), Value(1907.2e6));
}

TEST(Cpufreq, WithoutATableEveryKilohertzBetweenTheEndsIsTaken) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto state = add_pstate(tree, kPolicies + "0", 800000, 1250000);
  const auto knob = open_knob(spec({kPolicies + "0"}), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->values(), (std::vector<Value>{800e6, 900e6, 1000e6, 1100e6, 1200e6, 1250e6}));
  state->current_offset = 300000;  // the counted clock of an idle core
  EXPECT_EQ((*knob)->set(1133.4e6, clock, kDeadline), Value(1133.4e6));
  EXPECT_EQ(state->minimum, 1133400);
  EXPECT_EQ((*knob)->get(), Value(1133.4e6));
  EXPECT_EQ((*knob)->set(1.3e9, clock, kDeadline).error().remedy, "Nearest: 1250000000 Hz");
  EXPECT_EQ((*knob)->set(100.0, clock, kDeadline).error().remedy, "Nearest: 800000000 Hz");
  state->ignore_limits = true;
  EXPECT_EQ((*knob)->set(900e6, clock, kDeadline), Value(1133.4e6));
}

TEST(Cpufreq, AClusterAloneAndAllTogetherGoBackToTheSame) {
  for (const bool ordered : {true, false}) {
    MemoryTree tree;
    fake::ManualClock clock;
    for (const char* n : {"0", "4"})
      fake::add_domain(tree, kPolicies + n, fake::kCpufreq, domain(kXavierTail, ordered));
    ASSERT_TRUE(tree.write(kPolicies + "4/scaling_max_freq", "1651200").has_value());
    const auto before = tree.snapshot();
    const auto all = open_knob(spec({kPolicies + "0", kPolicies + "4"}), tree);
    KnobSpec alone = spec({kPolicies + "4"});
    alone.axis = "cpu_policy4_frequency";
    const auto cluster = open_knob(alone, tree);
    auto saved = *(*all)->save();
    const auto more = *(*cluster)->save();
    saved.insert(saved.begin(), more.begin(), more.end());
    ASSERT_EQ((*all)->set(1907.2e6, clock, kDeadline), Value(1907.2e6));
    ASSERT_EQ((*cluster)->set(1267.2e6, clock, kDeadline), Value(1267.2e6));
    EXPECT_EQ((*all)->get(), Value(1907.2e6));
    for (int pass = 0; pass < 2; ++pass)
      for (const auto& node : saved) (void)tree.write(node.path, node.text);
    EXPECT_EQ(tree.snapshot(), before);
  }
}

TEST(Cpufreq, FindsOneKnobForPoliciesThatShareClocks) {
  MemoryTree tree;
  EXPECT_TRUE(kind().discover(tree).empty());
  for (const char* n : {"10", "2", "0"})
    fake::add_domain(tree, kPolicies + n, fake::kCpufreq, domain(kXavierTail, false));
  tree.add_text("/sys/devices/system/cpu/cpufreq/boost", "1\n");
  const auto found = kind().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].axis, "cpu_frequency");
  EXPECT_EQ(found[0].nodes,
            (std::vector<std::string>{kPolicies + "0", kPolicies + "2", kPolicies + "10"}));
  EXPECT_TRUE(open_knob(found[0], tree).has_value());
}

TEST(Cpufreq, FindsAKnobForEachPolicyThatIsByItself) {
  MemoryTree tree;
  fake::add_domain(tree, kPolicies + "0", fake::kCpufreq, domain({100000, 300000}, false));
  fake::add_domain(tree, kPolicies + "4", fake::kCpufreq, domain({200000, 400000}, false));
  const auto found = kind().discover(tree);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].axis, "cpu_policy4_frequency");
  for (const auto& one : found) EXPECT_TRUE(open_knob(one, tree).has_value());
}

TEST(Cpufreq, FindsProcessorsWithoutATable) {
  MemoryTree tree;
  add_pstate(tree, kPolicies + "0", 800000, 5200000);
  add_pstate(tree, kPolicies + "1", 800000, 3900000);  // an efficient core
  const auto found = kind().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ((*open_knob(found[0], tree))->values().back(), Value(3900e6));
}

TEST(Cpufreq, AGarbledTableIsAParseErrorWithThePath) {
  MemoryTree tree;
  fake::add_domain(tree, kPolicies + "0", fake::kCpufreq, domain(kNano, true));
  tree.add_text(kPolicies + "0/scaling_available_frequencies", "102000 2040x0\n");
  const auto knob = open_knob(spec({kPolicies + "0"}), tree);
  ASSERT_FALSE(knob.has_value());
  EXPECT_EQ(knob.error().kind, ErrorKind::parse);
  EXPECT_NE(knob.error().what.find("2040x0"), std::string::npos);
  tree.add_text(kPolicies + "0/scaling_available_frequencies", "\n");
  EXPECT_EQ(open_knob(spec({kPolicies + "0"}), tree).error().kind, ErrorKind::no_data);
}

}  // namespace
}  // namespace isojoule

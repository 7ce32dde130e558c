#include <gtest/gtest.h>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

using fake::ClockDomain;

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kPolicy = "/sys/devices/system/cpu/cpufreq/policy0";
const std::string kGpu = "/sys/devices/platform/bus@0/17000000.gpu/devfreq/17000000.gpu";
const std::vector<std::int64_t> kCpuTable = {102000, 518400, 921600, 1224000, 1479000};
const std::vector<std::int64_t> kGpuTable = {306000000, 408000000, 510000000, 624750000};

ClockDomain domain(const std::vector<std::int64_t>& table, bool ordered) {
  ClockDomain start;
  start.table = table;
  start.governors = fake::cpu_governors();
  start.governor = "performance";
  start.ordered = ordered;
  start.rounding = table == kGpuTable && !ordered ? 1000 : 1;
  return start;
}

KnobSpec spec(const std::string& limit, bool is_cpu) {
  KnobSpec spec;
  spec.type = "frequency_cap";
  spec.axis = std::string(is_cpu ? "cpu_" : "gpu_") + limit + "_frequency";
  spec.nodes = {is_cpu ? kPolicy : kGpu};
  spec.scale = is_cpu ? 1e3 : 1;
  spec.options["limit"] = limit;
  return spec;
}

// Both limits anywhere, in an order that 4.9 takes.
void scramble(MemoryTree& tree, bool is_cpu, unsigned state) {
  const auto& table = is_cpu ? kCpuTable : kGpuTable;
  const auto& names = is_cpu ? fake::kCpufreq : fake::kDevfreq;
  const std::string folder = (is_cpu ? kPolicy : kGpu) + "/";
  const auto size = static_cast<unsigned>(table.size());
  const auto a = table[state % size], b = table[state / size % size];
  (void)tree.write(folder + names.minimum, std::to_string(std::min(a, b)));
  (void)tree.write(folder + names.maximum, std::to_string(std::max(a, b)));
}

KnobFixture fixture(const std::string& limit, bool is_cpu, bool ordered) {
  const std::string node = is_cpu ? kPolicy : kGpu;
  const auto& names = is_cpu ? fake::kCpufreq : fake::kDevfreq;
  KnobFixture row;
  row.what = limit + " of the " + (is_cpu ? "CPU" : "GPU") + (ordered ? " (4.9)" : " (5.10)");
  row.spec = spec(limit, is_cpu);
  row.fill = [=](MemoryTree& tree) {
    fake::add_domain(tree, node, is_cpu ? fake::kCpufreq : fake::kDevfreq,
                     domain(is_cpu ? kCpuTable : kGpuTable, ordered));
  };
  row.unit = Unit::hertz;
  row.nodes = {node, node + "/" + names.minimum, node + "/" + names.maximum};
  row.scramble = [=](MemoryTree& tree, unsigned state) { scramble(tree, is_cpu, state); };
  return row;
}

const bool added = add_knob_fixture(fixture("maximum", true, true)) &&
                   add_knob_fixture(fixture("minimum", true, true)) &&
                   add_knob_fixture(fixture("maximum", true, false)) &&
                   add_knob_fixture(fixture("maximum", false, true)) &&
                   add_knob_fixture(fixture("minimum", false, false)) &&
                   add_knob_fixture(fixture("maximum", false, false));

TEST(FrequencyCap, LeavesTheGovernorFreeBelow) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto state = fake::add_domain(tree, kPolicy, fake::kCpufreq, domain(kCpuTable, true));
  const auto knob = open_knob(spec("maximum", true), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->set(921.6e6, clock, kDeadline), Value(921.6e6));
  EXPECT_EQ(state->maximum, 921600);
  EXPECT_EQ(state->minimum, 102000);
  EXPECT_EQ(state->limit_writes, 1);
}

TEST(FrequencyCap, AMaximumBelowTheMinimumTakesItAlong) {
  for (const bool ordered : {true, false}) {
    MemoryTree tree;
    fake::ManualClock clock;
    const auto state = fake::add_domain(tree, kPolicy, fake::kCpufreq, domain(kCpuTable, ordered));
    state->minimum = 921600;
    const auto knob = open_knob(spec("maximum", true), tree);
    EXPECT_EQ((*knob)->set(518.4e6, clock, kDeadline), Value(518.4e6));
    EXPECT_EQ(state->minimum, 518400);
  }
}

TEST(FrequencyCap, AnIgnoredWriteIsSeen) {
  MemoryTree tree;
  fake::ManualClock clock;
  const auto state = fake::add_domain(tree, kPolicy, fake::kCpufreq, domain(kCpuTable, true));
  state->ignore_limits = true;
  const auto knob = open_knob(spec("maximum", true), tree);
  EXPECT_EQ((*knob)->set(518.4e6, clock, kDeadline), Value(1479e6));
  EXPECT_EQ(clock.time.ns, kDeadline.ns);
}

TEST(FrequencyCap, NoUpperLimitReadsZeroOnDevfreq) {
  MemoryTree tree;
  const auto state = fake::add_domain(tree, kGpu, fake::kDevfreq, domain(kGpuTable, false));
  const auto knob = open_knob(spec("maximum", false), tree);
  state->maximum = 0;
  EXPECT_EQ((*knob)->get(), Value(624750000.0));
}

TEST(FrequencyCap, NeedsToKnowWhichLimit) {
  MemoryTree tree;
  fake::add_domain(tree, kPolicy, fake::kCpufreq, domain(kCpuTable, true));
  KnobSpec wrong = spec("maximum", true);
  wrong.options["limit"] = "max";
  EXPECT_EQ(open_knob(wrong, tree).error().kind, ErrorKind::invalid);
  wrong.options.clear();
  EXPECT_EQ(open_knob(wrong, tree).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace isojoule

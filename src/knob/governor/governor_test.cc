#include <gtest/gtest.h>

#include <algorithm>

#include "knob/fake_kernel.h"
#include "knob/knob_contract.h"

namespace isojoule {
namespace {

using fake::ClockDomain;

constexpr Duration kDeadline = Duration::milliseconds(50);
const std::string kPolicy0 = "/sys/devices/system/cpu/cpufreq/policy0";
const std::string kPolicy4 = "/sys/devices/system/cpu/cpufreq/policy4";
const std::string kGpu = "/sys/devices/17000000.ga10b/devfreq/17000000.ga10b";

ClockDomain cpu() {
  ClockDomain start;
  start.table = {115200, 1984000};
  start.governors = fake::cpu_governors();
  start.governor = "schedutil";
  return start;
}

ClockDomain gpu() {
  ClockDomain start;
  start.table = {306000000, 918000000};
  start.governors = fake::gpu_governors();
  start.governor = "nvhost_podgov";
  return start;
}

KnobSpec cpu_spec() { return {"governor", "cpu_governor", {kPolicy0, kPolicy4}, false, 1}; }

const bool added =
    add_knob_fixture({"governor of the CPU",
                      cpu_spec(),
                      [](MemoryTree& tree) {
                        fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
                        fake::add_domain(tree, kPolicy4, fake::kCpufreq, cpu());
                      },
                      Unit::none,
                      {kPolicy0 + "/scaling_governor", kPolicy4 + "/scaling_governor"}}) &&
    add_knob_fixture({"governor of the GPU",
                      {"governor", "gpu_governor", {kGpu}, false, 1},
                      [](MemoryTree& tree) { fake::add_domain(tree, kGpu, fake::kDevfreq, gpu()); },
                      Unit::none,
                      {kGpu, kGpu + "/governor"}});

// Any governor, and under userspace any speed.
const bool added_scrambled = add_knob_fixture(
    {"governor of the CPU, from userspace too",
     {"governor", "cpu_governor", {kPolicy0}, false, 1},
     [](MemoryTree& tree) { fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu()); },
     Unit::none,
     {kPolicy0 + "/scaling_governor"},
     [](MemoryTree& tree, unsigned state) {
       const auto& names = fake::cpu_governors();
       (void)tree.write(kPolicy0 + "/scaling_governor", names[state % names.size()]);
       (void)tree.write(kPolicy0 + "/scaling_setspeed", state % 3 == 0 ? "115200" : "1984000");
     }});

TEST(Governor, FindsThoseOfTheCpuAndOfTheGpu) {
  MemoryTree tree;
  const auto kinds = knob_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [](const KnobKind& one) { return one.name == "governor"; });
  EXPECT_TRUE(kind->discover(tree).empty());
  fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
  fake::add_domain(tree, kPolicy4, fake::kCpufreq, cpu());
  fake::add_domain(tree, "/sys/class/devfreq/17000000.gpu", fake::kDevfreq, gpu());
  ClockDomain only = gpu();
  only.governors = {"userspace"};
  fake::add_domain(tree, "/sys/class/devfreq/15340000.vic", fake::kDevfreq, only);
  const auto found = kind->discover(tree);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].axis, "cpu_governor");
  EXPECT_EQ(found[0].nodes.size(), 2u);
  EXPECT_EQ(found[1].axis, "gpu_governor");
}

TEST(Governor, NamesInTheBoardsOrder) {
  MemoryTree tree;
  fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
  const auto knob = open_knob(cpu_spec(), tree);
  ASSERT_TRUE(knob.has_value());
  ASSERT_EQ((*knob)->values().size(), 6u);
  EXPECT_EQ((*knob)->values().front(), Value("conservative"));
  EXPECT_EQ((*knob)->values().back(), Value("schedutil"));
}

TEST(Governor, OnlyWhatAllPoliciesHave) {
  MemoryTree tree;
  fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
  ClockDomain other = cpu();
  other.governors = {"schedutil", "performance"};
  fake::add_domain(tree, kPolicy4, fake::kCpufreq, other);
  const auto knob = open_knob(cpu_spec(), tree);
  ASSERT_TRUE(knob.has_value());
  EXPECT_EQ((*knob)->values(), (std::vector<Value>{"performance", "schedutil"}));
}

TEST(Governor, AnUnknownNameGivesTheNearest) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
  const auto knob = open_knob(cpu_spec(), tree);
  const auto result = (*knob)->set("performence", clock, kDeadline);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::out_of_range);
  EXPECT_EQ(result.error().remedy, "Did you mean 'performance'?");
}

TEST(Governor, AnIgnoredWriteIsSeen) {
  MemoryTree tree;
  fake::ManualClock clock;
  fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
  auto second = fake::add_domain(tree, kPolicy4, fake::kCpufreq, cpu());
  second->ignore_governor = true;
  const auto knob = open_knob(cpu_spec(), tree);
  EXPECT_EQ((*knob)->set("performance", clock, kDeadline), Value("schedutil"));
}

TEST(Governor, TunablesAreSavedAfterTheGovernor) {
  MemoryTree tree;
  fake::add_domain(tree, kPolicy0, fake::kCpufreq, cpu());
  fake::add_domain(tree, kPolicy4, fake::kCpufreq, cpu());
  tree.add_text(kPolicy0 + "/schedutil/rate_limit_us", "2000\n");
  tree.add_text("/sys/devices/system/cpu/cpufreq/schedutil/down_rate_limit_us", "500\n");
  const auto saved = *(*open_knob(cpu_spec(), tree))->save();
  ASSERT_EQ(saved.size(), 4u);
  EXPECT_EQ(saved[0].path, kPolicy0 + "/scaling_governor");
  EXPECT_EQ(saved[0].text, "schedutil");
  EXPECT_EQ(saved[1].path, kPolicy4 + "/scaling_governor");
  EXPECT_EQ(saved[2].text, "2000");
  EXPECT_EQ(saved[3].text, "500");
}

// TX2's clusters have no policy folder in the board file.
TEST(Governor, TheGlobalTunablesOfACoresFolderAreSavedOnce) {
  MemoryTree tree;
  const std::string cpu0 = "/sys/devices/system/cpu/cpu0/cpufreq";
  const std::string cpu1 = "/sys/devices/system/cpu/cpu1/cpufreq";
  const std::string global = "/sys/devices/system/cpu/cpufreq/schedutil/rate_limit_us";
  for (const auto& node : {cpu0, cpu1}) fake::add_domain(tree, node, fake::kCpufreq, cpu());
  tree.add_text(global, "2000\n");
  const KnobSpec spec = {"governor", "cpu_governor", {cpu0, cpu1}, false, 1};
  const auto saved = *(*open_knob(spec, tree))->save();
  ASSERT_EQ(saved.size(), 3u);
  EXPECT_EQ(saved[2].path, global);
  EXPECT_EQ(saved[2].text, "2000");
}

}  // namespace
}  // namespace isojoule

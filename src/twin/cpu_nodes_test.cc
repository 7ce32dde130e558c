#include "twin/cpu_nodes.h"

#include <gmock/gmock.h>

#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

TEST(CpuNodes, TextsOfTheNano) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = "/sys/devices/system/cpu/cpu3/cpufreq/";  // a link to the one policy
  EXPECT_EQ(*nano.tree().canonical(at), "/sys/devices/system/cpu/cpufreq/policy0");
  EXPECT_EQ(
      nano.read(at + "scaling_available_frequencies"),
      "102000 204000 307200 403200 518400 614400 710400 825600 921600 1036800 1132800 1224000 "
      "1326000 1428000 1479000 \n");
  EXPECT_EQ(nano.read(at + "scaling_available_governors"),
            "conservative ondemand userspace powersave performance schedutil \n");
  EXPECT_EQ(nano.read(at + "scaling_governor"), "schedutil\n");
  EXPECT_EQ(nano.read(at + "scaling_min_freq"), "102000\n");
  EXPECT_EQ(nano.read(at + "scaling_max_freq"), "1479000\n");
  EXPECT_EQ(nano.read(at + "cpuinfo_max_freq"), "1479000\n");
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "<unsupported>\n");
  EXPECT_EQ(nano.read(at + "related_cpus"), "0 1 2 3\n");
  EXPECT_EQ(nano.read("/sys/devices/system/cpu/present"), "0-3\n");
  EXPECT_EQ(nano.read("/sys/devices/system/cpu/online"), "0-3\n");
}

TEST(CpuNodes, PoliciesOfTheOtherBoards) {
  Rig xavier("jetson-xavier-nx", "32.7");
  EXPECT_EQ(*xavier.tree().list("/sys/devices/system/cpu/cpufreq"),
            (std::vector<std::string>{"policy0", "policy2", "policy4"}));
  EXPECT_EQ(xavier.read("/sys/devices/system/cpu/cpu5/cpufreq/related_cpus"), "4 5\n");
  EXPECT_EQ(xavier.read(std::string(kPolicy) + "scaling_driver"), "tegra_cpufreq\n");
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_EQ(*orin.tree().list("/sys/devices/system/cpu/cpufreq"),
            (std::vector<std::string>{"policy0", "policy4"}));
  EXPECT_EQ(orin.read(std::string(kPolicy) + "scaling_driver"), "tegra194\n");
  EXPECT_EQ(orin.read("/sys/devices/system/cpu/online"), "0-7\n");
}

TEST(CpuNodes, Kernel49RefusesMinimumAboveMaximumAndClamps) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kPolicy;
  EXPECT_EQ(nano.write(at + "scaling_max_freq", "921600"), "ok");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "1036800"), "invalid");
  EXPECT_EQ(nano.read(at + "scaling_min_freq"), "102000\n");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "921600\n"), "ok");
  EXPECT_EQ(nano.write(at + "scaling_max_freq", "825600"), "invalid");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "921600\n");
  EXPECT_EQ(nano.write(at + "scaling_max_freq", "9999999"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_max_freq"), "1479000\n");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "1"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_min_freq"), "102000\n");
  EXPECT_EQ(nano.write(at + "scaling_min_freq", "fast"), "invalid");
  EXPECT_EQ(nano.simulation.max_limit(Domain::cpu), Hertz(1479e6));
}

TEST(CpuNodes, Kernel510AcceptsAndCaps) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string at = kPolicy;
  EXPECT_EQ(xavier.write(at + "scaling_max_freq", "921600"), "ok");
  EXPECT_EQ(xavier.write(at + "scaling_min_freq", "1224000"), "ok");
  EXPECT_EQ(xavier.read(at + "scaling_min_freq"), "921600\n");
  EXPECT_EQ(xavier.read(at + "scaling_cur_freq"), "921600\n");
  EXPECT_EQ(xavier.write(at + "scaling_max_freq", "1479000"), "ok");
  EXPECT_EQ(xavier.read(at + "scaling_min_freq"), "1224000\n");  // the request is still there
  EXPECT_EQ(xavier.write(at + "scaling_max_freq", "12 MHz"), "invalid");
}

TEST(CpuNodes, GovernorsAndUserspace) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = kPolicy;
  EXPECT_EQ(nano.write(at + "scaling_governor", "turbo"), "invalid");
  EXPECT_EQ(nano.write(at + "scaling_setspeed", "614400"), "invalid");
  EXPECT_EQ(nano.write(at + "scaling_governor", "performance\n"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "1479000\n");
  EXPECT_EQ(nano.write(at + "scaling_governor", "userspace"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "1479000\n");  // from where the clock is
  EXPECT_EQ(nano.write(at + "scaling_setspeed", "600000"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "614400\n");  // the next entry upwards
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "614400\n");
  EXPECT_EQ(nano.write(at + "scaling_governor", "powersave"), "ok");
  EXPECT_EQ(nano.read(at + "scaling_cur_freq"), "102000\n");
  EXPECT_EQ(nano.read(at + "scaling_setspeed"), "<unsupported>\n");
}

TEST(CpuNodes, TheFirstPolicyRulesTheSimulation) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string second = "/sys/devices/system/cpu/cpufreq/policy4/";
  EXPECT_EQ(orin.write(second + "scaling_governor", "performance"), "ok");
  EXPECT_EQ(orin.read(second + "scaling_cur_freq"), "1479000\n");
  EXPECT_EQ(orin.simulation.governor(Domain::cpu), "schedutil");
  EXPECT_EQ(orin.read(std::string(kPolicy) + "scaling_governor"), "schedutil\n");
}

TEST(CpuNodes, Hotplug) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string cpu = "/sys/devices/system/cpu/";
  EXPECT_EQ(xavier.write(cpu + "cpu5/online", "0"), "ok");
  EXPECT_EQ(xavier.simulation.online_cores(), 5);
  EXPECT_EQ(xavier.read(cpu + "online"), "0-4\n");
  EXPECT_EQ(xavier.read(cpu + "cpu4/cpufreq/affected_cpus"), "4\n");
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "0"), "ok");
  EXPECT_FALSE(xavier.tree().exists(cpu + "cpufreq/policy4"));  // with the policy's last CPU
  EXPECT_FALSE(xavier.tree().exists(cpu + "cpu4/cpufreq"));
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "1"), "ok");
  EXPECT_EQ(xavier.read(cpu + "cpu4/cpufreq/scaling_max_freq"), "1479000\n");
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "2"), "invalid");
  for (const char* name : {"cpu0", "cpu1", "cpu2", "cpu3"})
    EXPECT_EQ(xavier.write(cpu + name + "/online", "0"), "ok");
  EXPECT_EQ(xavier.read(cpu + "online"), "4\n");
  EXPECT_EQ(xavier.read(cpu + "offline"), "0-3,5\n");
  EXPECT_EQ(xavier.write(cpu + "cpu4/online", "0"), "busy");
  EXPECT_EQ(xavier.write(cpu + "cpufreq/policy4/scaling_governor", "powersave"), "ok");
  EXPECT_EQ(xavier.simulation.governor(Domain::cpu), "powersave");  // now the ruling one
}

TEST(CpuNodes, TimeInStateAddsUpToTheUptime) {
  Rig nano("jetson-nano", "32.7");
  nano.write(std::string(kPolicy) + "scaling_governor", "performance");
  nano.advance(10'000);
  const auto words = *read_words(nano.tree(), std::string(kPolicy) + "stats/time_in_state");
  ASSERT_EQ(words.size(), 30U);
  std::int64_t ticks = 0;
  for (std::size_t i = 1; i < words.size(); i += 2) ticks += std::stol(words[i]);
  EXPECT_NEAR(static_cast<double>(ticks), 1200, 16);  // ticks of 10 ms, each entry cut
  EXPECT_GE(std::stol(words.back()), 999);
}

TEST(CpuNodes, AnIdleClusterDrawsAtItsOwnClock) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string policy = "/sys/devices/system/cpu/cpufreq/policy";
  const auto watts = [&orin] {
    const Instant from = orin.simulation.now();
    orin.advance(50);
    return (orin.simulation.rail_energy(0, orin.simulation.now()) -
            orin.simulation.rail_energy(0, from))
               .value() *
           20;
  };
  for (const char* name : {"0", "4"}) orin.write(policy + name + "/scaling_governor", "powersave");
  const double low = watts();
  orin.write(policy + "4/scaling_governor", "performance");
  const double half = watts();
  orin.write(policy + "0/scaling_governor", "performance");
  const double high = watts();
  EXPECT_GT(half, low + 0.01);
  EXPECT_NEAR(half - low, (high - low) / 2, 0.05 * (high - low));  // leakage follows the warmth
  for (const char* cpu : {"4", "5", "6", "7"})
    orin.write(std::string("/sys/devices/system/cpu/cpu") + cpu + "/online", "0");
  EXPECT_LT(watts(), high);
}

// The TX2: a folder for each core, A57 are 0 and 3 to 5, Denver 1 and 2.
TEST(CpuNodes, AFolderForEachCore) {
  BoardShape shape = shape_of("jetson-nano", "32.7");
  shape.cpu.policies = {{0}, {1}, {2}, {3}, {4}, {5}};
  shape.jetson.nvpmodel.modes[0].cores = {};  // all
  shape.jetson.nvpmodel.modes[1].cores = {0, 3, 4, 5};
  Rig tx2(shape);
  const std::string cpu = "/sys/devices/system/cpu/";
  EXPECT_EQ(tx2.read(cpu + "cpu4/cpufreq/related_cpus"), "4\n");
  EXPECT_TRUE(tx2.tree().run({"nvpmodel", "-m", "1"}, Duration::milliseconds(100)));
  EXPECT_EQ(tx2.read(cpu + "online"), "0,3-5\n");
  EXPECT_FALSE(tx2.tree().exists(cpu + "cpufreq/policy1"));
  EXPECT_FALSE(tx2.tree().exists(cpu + "cpu2/cpufreq"));
  EXPECT_EQ(tx2.read(cpu + "cpu5/cpufreq/scaling_max_freq"), "921600\n");
  EXPECT_EQ(tx2.write(cpu + "cpu5/cpufreq/scaling_max_freq", "614400"), "ok");
  EXPECT_EQ(tx2.read(cpu + "cpu4/cpufreq/scaling_max_freq"), "921600\n");
}

TEST(CpuIdleNodes, StatesCanBeSwitchedOffOneByOne) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string at = "/sys/devices/system/cpu/cpu7/cpuidle/state1/";
  EXPECT_EQ(orin.read(at + "name"), "c7\n");
  EXPECT_EQ(orin.read(at + "disable"), "0\n");
  EXPECT_EQ(orin.write(at + "disable", "1"), "ok");
  EXPECT_EQ(orin.read(at + "disable"), "1\n");
  EXPECT_EQ(orin.read("/sys/devices/system/cpu/cpu6/cpuidle/state1/disable"), "0\n");
  EXPECT_FALSE(orin.tree().exists("/sys/devices/system/cpu/cpu7/cpuidle/state2"));
  Rig user("jetson-orin-nx", "36.4", false);
  EXPECT_EQ(user.write(at + "disable", "1"), "permission_denied");
}

}  // namespace
}  // namespace isojoule::twin

#include "twin/thermal_nodes.h"

#include <gmock/gmock.h>

#include "twin/fan_nodes.h"
#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

TEST(ThermalNodes, ZonesOfTheBoards) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(nano.read("/sys/devices/virtual/thermal/thermal_zone1/type"), "CPU-therm\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/thermal_zone4/type"), "PMIC-Die\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/thermal_zone4/temp"), "100000\n");
  const auto cpu = *read_integer(nano.tree(), "/sys/class/thermal/thermal_zone1/temp");
  EXPECT_NEAR(static_cast<double>(cpu), nano.simulation.temperature(0).value() * 1e3, 500);
  EXPECT_EQ(cpu % 500, 0);
  EXPECT_EQ(nano.read("/sys/class/thermal/cooling_device0/type"), "cpu-balanced\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/cooling_device0/cur_state"), "0\n");
  EXPECT_EQ(nano.read("/sys/class/thermal/cooling_device2/type"), "tegra-heavy\n");
  Rig jp5("jetson-orin-nx", "35.5");
  EXPECT_EQ(jp5.read("/sys/class/thermal/thermal_zone2/type"), "CV0-therm\n");
  EXPECT_EQ(jp5.read("/sys/class/thermal/thermal_zone2/temp"), "-256000\n");
  Rig jp6("jetson-orin-nx", "36.4");
  EXPECT_EQ(jp6.read("/sys/class/thermal/thermal_zone0/type"), "cpu-thermal\n");
  EXPECT_EQ(jp6.read("/sys/class/thermal/thermal_zone2/temp"), "!io");  // EAGAIN
  EXPECT_EQ(jp6.read("/sys/class/thermal/thermal_zone8/type"), "tj-thermal\n");
}

TEST(ThermalNodes, FanAndThrottleCounters) {
  Rig nano("jetson-nano", "32.7");
  EXPECT_EQ(nano.write("/sys/devices/pwm-fan/target_pwm", "255"), "ok");
  EXPECT_EQ(nano.read("/sys/devices/pwm-fan/cur_pwm"), "255\n");
  EXPECT_EQ(nano.write("/sys/devices/pwm-fan/target_pwm", "256"), "invalid");
  const auto named = [](Rig& rig, const std::string& name) {
    const auto folders = rig.tree().list("/sys/class/hwmon");
    for (const auto& folder : *folders)
      if (rig.read("/sys/class/hwmon/" + folder + "/name") == name + "\n")
        return "/sys/class/hwmon/" + folder + "/";
    return std::string();
  };
  Rig orin("jetson-orin-nx", "36.4");
  EXPECT_EQ(orin.read(named(orin, "soctherm_oc") + "oc2_event_cnt"), "0\n");
  EXPECT_FALSE(orin.tree().exists(named(orin, "soctherm_oc") + "oc4_event_cnt"));
  EXPECT_EQ(orin.write(named(orin, "pwmfan") + "pwm1", "80"), "ok");
  Rig xavier("jetson-xavier-nx", "32.7");
  EXPECT_EQ(xavier.read(named(xavier, "soctherm_oc") + "oc6_irq_cnt"), "0\n");
}

TEST(FanNodes, WhatIsWrittenHoldsUntilControlIsHandedBack) {
  Rig nano("jetson-nano", "32.7");
  const std::string at = "/sys/devices/pwm-fan/";
  EXPECT_EQ(nano.read(at + "temp_control"), "1\n");
  EXPECT_EQ(nano.read(at + "cur_pwm"), "0\n");  // a cold board
  EXPECT_EQ(nano.read(at + "rpm_measured"), "0\n");
  EXPECT_EQ(nano.write(at + "temp_control", "0"), "ok");
  EXPECT_EQ(nano.write(at + "target_pwm", "255"), "ok");
  EXPECT_EQ(nano.read(at + "rpm_measured"), "4500\n");
  EXPECT_EQ(nano.write(at + "temp_control", "1"), "ok");
  EXPECT_EQ(nano.read(at + "target_pwm"), "0\n");
}

TEST(FanNodes, TheAutomaticFanFollowsTheTemperature) {
  Constants hot = small_constants();
  hot.ambient_c = 60;
  hot.thermal_resistance_k_per_w = 0.1;
  Simulation simulation(hot, 1, false);
  MemoryTree tree;
  FanNodes fan(tree, "hwmon", hot, simulation, 2, 3);
  const std::string pwm = "/sys/class/hwmon/hwmon2/pwm1";
  const auto automatic = *read_integer(tree, pwm);
  EXPECT_GT(automatic, 60);
  EXPECT_LT(automatic, 100);
  EXPECT_TRUE(tree.write("/sys/class/hwmon/hwmon2/pwm1_enable", "1"));
  EXPECT_EQ(*read_integer(tree, pwm), automatic);  // it goes on turning as it did
  EXPECT_TRUE(tree.write("/sys/class/hwmon/hwmon2/pwm1_enable", "0"));
  EXPECT_EQ(*read_integer(tree, pwm), 255);
  EXPECT_EQ(*read_integer(tree, "/sys/class/hwmon/hwmon3/rpm"), 4500);
  EXPECT_FALSE(tree.write("/sys/class/hwmon/hwmon2/pwm1_enable", "7"));
}

TEST(ThrottleNodes, OverCurrentIsCountedAndBrakes) {
  BoardShape shape = shape_of("jetson-orin-nx", "36.4");
  shape.average_limit_w = shape.instantaneous_limit_w = 1;  // any load is above it
  Rig orin(shape);
  orin.write(std::string(kPolicy) + "scaling_governor", "performance");
  orin.advance(2000);
  const std::string at = "/sys/devices/platform/soctherm-oc-event/hwmon/";
  const std::string folder = at + orin.tree().list(at)->front() + "/";
  EXPECT_GE(*read_integer(orin.tree(), folder + "oc2_event_cnt"), 1);
  EXPECT_GE(*read_integer(orin.tree(), folder + "oc3_event_cnt"), 1);
  EXPECT_EQ(orin.read(folder + "oc1_event_cnt"), "0\n");
  EXPECT_EQ(orin.simulation.frequency(Domain::cpu), orin.constants.cpu_frequencies.front());
}

TEST(ThrottleNodes, TheOrinsOwnGovernanceIsNotCounted) {
  Constants c = small_constants();
  c.power_budget_w = 1;  // far below what the board draws
  Simulation simulation(c, 1, false);
  simulation.set_power_limits(Watt(30), Watt(45));
  simulation.set_governor(Domain::cpu, "performance");
  simulation.advance_to(Instant{5'000'000'000});
  EXPECT_LT(simulation.frequency(Domain::cpu), c.cpu_frequencies.back());
  EXPECT_EQ(simulation.throttle_counts().average_power, 0U);
  EXPECT_EQ(simulation.throttle_counts().instantaneous_power, 0U);
}

}  // namespace
}  // namespace isojoule::twin

#include "twin/ina_nodes.h"

#include <gmock/gmock.h>

#include <set>

#include "twin/test_rig.h"

namespace isojoule::twin {
namespace {

TEST(InaNodes, IioReadsWhatTheRailTakes) {
  Rig nano("jetson-nano", "32.4");
  const std::string at = kNanoIna;
  EXPECT_EQ(nano.read(at + "name"), "ina3221x\n");
  EXPECT_EQ(nano.read("/sys/bus/i2c/devices/6-0040/name"), "ina3221x\n");
  EXPECT_EQ(nano.read("/sys/bus/iio/devices/iio:device0/rail_name_0"), "POM_5V_IN\n");
  EXPECT_EQ(nano.read(at + "rail_name_1"), "POM_5V_GPU\n");
  EXPECT_EQ(nano.read(at + "in_voltage0_input"), "5000\n");
  nano.advance(1000);  // idle: constant power
  const Instant now = nano.simulation.now();
  const double watt = (nano.simulation.rail_energy(0, now) -
                       nano.simulation.rail_energy(0, now - Duration::milliseconds(200)))
                          .value() /
                      0.2;
  const auto current = *read_integer(nano.tree(), at + "in_current0_input");
  EXPECT_GT(current, 0);
  EXPECT_EQ(current % 8, 0);
  EXPECT_NEAR(static_cast<double>(current), watt / 5 * 1e3, 4.1);
  EXPECT_EQ(nano.read(at + "in_power0_input"), std::to_string(5000 * current / 1000) + "\n");
  EXPECT_EQ(nano.read(at + "ui_input_0"), "5000 " + std::to_string(current) + "\n");
  EXPECT_EQ(nano.read(at + "crit_current_limit_0"), "32760 ma\n");
  EXPECT_EQ(nano.write(at + "warn_current_limit_2", "5000"), "ok");
  EXPECT_EQ(nano.read(at + "warn_current_limit_2"), "5000 ma\n");
  EXPECT_EQ(nano.write(at + "in_current0_input", "1"), "permission_denied");
}

TEST(InaNodes, WhoMayRead) {
  Rig old("jetson-nano", "32.4", false);
  EXPECT_EQ(old.read(std::string(kNanoIna) + "rail_name_0"), "POM_5V_IN\n");
  EXPECT_EQ(old.read(std::string(kNanoIna) + "in_voltage0_input"), "5000\n");
  Rig nano("jetson-nano", "32.7", false);
  for (const char* name :
       {"rail_name_0", "in_voltage0_input", "in_current1_input", "in_power2_input"})
    EXPECT_EQ(nano.read(std::string(kNanoIna) + name), "!permission_denied") << name;
  EXPECT_EQ(nano.read(std::string(kPolicy) + "cpuinfo_cur_freq"), "!permission_denied");
  EXPECT_NE(nano.read(std::string(kPolicy) + "scaling_cur_freq"), "!permission_denied");
  EXPECT_EQ(nano.write(std::string(kPolicy) + "scaling_max_freq", "921600"), "permission_denied");
  EXPECT_EQ(nano.read("/sys/devices/gpu.0/load"), "0\n");
  Rig jp5("jetson-orin-nx", "35.5", false);
  EXPECT_EQ(jp5.read(jp5.hwmon("1-0040") + "in1_label"), "!permission_denied");
  EXPECT_EQ(jp5.read(jp5.hwmon("1-0040") + "shunt1_resistor"), "5000\n");
  Rig jp6("jetson-orin-nx", "36.4", false);
  EXPECT_EQ(jp6.read(jp6.hwmon("1-0040") + "in1_label"), "VDD_IN\n");
  EXPECT_EQ(jp6.read(jp6.hwmon("1-0040") + "in1_input"), "5000\n");
}

TEST(InaNodes, HwmonTextsAndTheUpdateIntervalTrap) {
  Rig xavier("jetson-xavier-nx", "35.5");
  const std::string at = xavier.hwmon("7-0040");
  EXPECT_EQ(xavier.read(at + "name"), "ina3221\n");
  EXPECT_EQ(xavier.read(at + "in2_label"), "VDD_CPU_GPU_CV\n");
  EXPECT_EQ(xavier.read(at + "in7_label"), "sum of shunt voltages\n");
  EXPECT_FALSE(xavier.tree().exists(at + "power1_input"));
  const auto current = *read_integer(xavier.tree(), at + "curr1_input");
  EXPECT_EQ(*read_integer(xavier.tree(), at + "in4_input"), current * 5);
  EXPECT_EQ(xavier.read(at + "curr1_crit"), "32760\n");
  EXPECT_EQ(xavier.read(at + "curr1_crit_alarm"), "0\n");
  EXPECT_EQ(xavier.write(at + "curr1_crit", "8"), "ok");
  EXPECT_EQ(xavier.read(at + "curr1_crit_alarm"), "1\n");
  // nvpower.sh has written 512 and 430: 430 ms in truth, 1 ms as it reads.
  EXPECT_EQ(xavier.read(at + "samples"), "512\n");
  EXPECT_EQ(xavier.read(at + "update_interval"), "1\n");
  EXPECT_EQ((*xavier.made)->chip(0).window(), Duration{430'080'000});
  EXPECT_EQ(xavier.write(at + "samples", "1"), "ok");
  EXPECT_EQ(xavier.write(at + "update_interval", "7"), "ok");
  EXPECT_EQ(xavier.read(at + "update_interval"), "7\n");  // 1.1 ms conversions: 6.6 ms
  EXPECT_EQ((*xavier.made)->chip(0).window(), Duration{6'600'000});
  EXPECT_EQ(xavier.write(at + "samples", "512"), "ok");
  EXPECT_EQ(xavier.write(at + "update_interval", "430"), "ok");
  EXPECT_EQ((*xavier.made)->chip(0).window(), Duration{430'080'000});
}

TEST(InaNodes, ADisabledChannelAnswersNoData) {
  Rig orin("jetson-orin-nx", "36.4");
  const std::string at = orin.hwmon("1-0040");
  EXPECT_EQ(orin.write(at + "in2_enable", "0"), "ok");
  EXPECT_EQ(orin.read(at + "in2_input"), "!no_data");
  EXPECT_EQ(orin.read(at + "curr2_input"), "!no_data");
  EXPECT_EQ(orin.read(at + "in1_input"), "5000\n");
  EXPECT_EQ(orin.write(at + "in2_enable", "1"), "ok");
  EXPECT_EQ(orin.read(at + "in2_input"), "5000\n");
}

TEST(InaNodes, TheHwmonNumberIsNotStableButItsLinksAre) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Rig orin("jetson-orin-nx", "36.4", true, seed);
    const std::string folder = *orin.tree().canonical(orin.hwmon("1-0040"));
    seen.insert(folder);
    const std::string leaf = folder.substr(folder.rfind('/') + 1);
    EXPECT_EQ(*orin.tree().canonical("/sys/class/hwmon/" + leaf), folder);
    EXPECT_EQ(*orin.tree().canonical(folder + "/device"),
              "/sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040");
    EXPECT_EQ(orin.tree().list("/sys/class/hwmon")->size(), 4U);
  }
  EXPECT_GT(seen.size(), 1U);
}

TEST(InaNodes, AKeptOpenFileFollowsTheSimulation) {
  Rig nano("jetson-nano", "32.7");
  auto file = *nano.tree().open(std::string(kNanoIna) + "in_current0_input");
  const auto idle = *read_integer(*file);
  nano.write(std::string(kPolicy) + "scaling_governor", "performance");
  nano.write(std::string(kNanoGpu) + "governor", "performance");
  EXPECT_EQ(*read_integer(*file), idle);  // the window is not over
  nano.advance(200);
  EXPECT_GT(*read_integer(*file), idle);
}

// As the AGX Orin: two chips, of the second one channel, another supply and 2 mOhm.
TEST(InaNodes, TwoChipsADisabledChannelAndAnotherShunt) {
  BoardShape shape = shape_of("jetson-orin-nx", "36.4");
  shape.chips[0].rails = {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"};
  shape.chips[0].shunt_uohm = {2000, 2000, 2000};
  shape.chips.push_back(shape.chips[0]);
  shape.chips[1].address = "1-0041";
  shape.chips[1].device = "/sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0041";
  shape.chips[1].rails = {"", "VDDQ_VDD2_1V8AO", ""};
  Rig agx(shape);
  const std::string first = agx.hwmon("1-0040"), second = agx.hwmon("1-0041");
  EXPECT_NE(agx.read(first + "in1_label"), agx.read(second + "in2_label"));
  EXPECT_EQ(agx.read(second + "in2_label"), "VDDQ_VDD2_1V8AO\n");
  for (const char* name : {"in1_input", "curr1_input", "curr3_input"})
    EXPECT_EQ(agx.read(second + name), "!no_data") << name;
  EXPECT_FALSE(agx.tree().exists(second + "in1_label"));
  EXPECT_EQ(agx.read(second + "in1_enable"), "0\n");
  EXPECT_EQ(*read_integer(agx.tree(), second + "curr2_input") % 20, 0);  // 40 uV / 2 mOhm
  EXPECT_EQ(agx.read(second + "curr4_input"), agx.read(second + "curr2_input"));
}

TEST(InaNodes, TheSumIsOfTheChannelsWithTheSameShunt) {
  BoardShape shape = shape_of("jetson-nano", "32.7");
  shape.chips[0].shunt_uohm = {5000, 5000, 10000};
  Rig nano(shape);
  nano.advance(1000);
  const std::string at = kNanoIna;
  const auto current = [&](const char* name) { return *read_integer(nano.tree(), at + name); };
  EXPECT_EQ(current("in_current_sum_input"),
            current("in_current0_input") + current("in_current1_input"));
  EXPECT_EQ(nano.read(at + "crit_current_limit_sum"), "32760 ma\n");
  EXPECT_EQ(nano.write(at + "crit_current_limit_0", "6000"), "ok");
  EXPECT_EQ(nano.read(at + "crit_current_limit_0"), "6000 ma\n");
  EXPECT_EQ(nano.write(at + "running_mode", "0"), "ok");
  EXPECT_EQ(nano.read(at + "running_mode"), "0\n");
}

}  // namespace
}  // namespace isojoule::twin

// Identity, cpufreq drivers, power meter and temperatures of a PC.
#include <gmock/gmock.h>

#include <map>
#include <string>

#include "twin/test_machine.h"

namespace isojoule::twin {
namespace {

TEST(GenericLinux, ItsIdentityIsDmiAndNoDeviceTree) {
  Machine machine("generic-linux", "", false);
  EXPECT_FALSE(machine.tree().exists("/proc/device-tree"));
  EXPECT_FALSE(machine.tree().exists("/etc/nv_tegra_release"));
  EXPECT_EQ(machine.read("/sys/class/dmi/id/product_name"), "simulated laptop\n");
  EXPECT_EQ(machine.read("/sys/class/dmi/id/product_serial"), "!permission_denied");
  EXPECT_FALSE(machine.tree().exists("/sys/devices/system/cpu/cpu0/online"));
  EXPECT_TRUE(machine.tree().exists("/sys/devices/system/cpu/cpu1/online"));
}

TEST(GenericLinux, TheTwoReleasesHaveTheirDriversWays) {
  Machine acpi("generic-linux", "acpi-cpufreq");
  const std::string policy = "/sys/devices/system/cpu/cpufreq/policy0/";
  EXPECT_THAT(acpi.read(policy + "scaling_available_frequencies"),
              ::testing::StartsWith("2300000 2200000 "));
  Machine pstate("generic-linux", "pstate");
  EXPECT_FALSE(pstate.tree().exists(policy + "scaling_available_frequencies"));
  EXPECT_EQ(pstate.read(policy + "scaling_available_governors"), "performance powersave \n");
  EXPECT_EQ(pstate.read(policy + "scaling_governor"), "powersave\n");
  EXPECT_EQ(pstate.read("/sys/devices/system/cpu/cpufreq/policy3/related_cpus"), "3\n");
  pstate.load();  // its powersave is no lowest clock
  EXPECT_EQ(pstate.read(policy + "scaling_cur_freq"), "2300000\n");
  ASSERT_TRUE(pstate.tree().write(policy + "scaling_governor", "performance"));
  ASSERT_TRUE(pstate.tree().write(policy + "scaling_governor", "powersave"));
  EXPECT_EQ(pstate.read(policy + "scaling_governor"), "powersave\n");
  EXPECT_FALSE(pstate.tree().write(policy + "scaling_governor", "schedutil"));
}

TEST(GenericLinux, ThePowerMeterAndTheTemperatures) {
  Machine machine("generic-linux", "acpi-cpufreq");
  std::map<std::string, std::string> folders;
  const auto names = machine.tree().list("/sys/class/hwmon");
  ASSERT_TRUE(names);
  for (const auto& name : *names)
    folders[*read_line(machine.tree(), "/sys/class/hwmon/" + name + "/name")] =
        "/sys/class/hwmon/" + name + "/";
  ASSERT_TRUE(folders.contains("ina219"));
  ASSERT_TRUE(folders.contains("coretemp"));
  const std::string meter = folders["ina219"];
  const double watts = static_cast<double>(machine.integer(meter + "power1_input")) * 1e-6;
  EXPECT_NEAR(watts, machine.watts("MACHINE"), 0.01);
  EXPECT_NEAR(static_cast<double>(machine.integer(meter + "in1_input") *
                                  machine.integer(meter + "curr1_input")) *
                  1e-6,
              watts, 0.02);
  EXPECT_EQ(machine.read(folders["coretemp"] + "temp1_label"), "Package id 0\n");
  EXPECT_GT(machine.integer(folders["coretemp"] + "temp1_input"), 25'000);
}

}  // namespace
}  // namespace isojoule::twin

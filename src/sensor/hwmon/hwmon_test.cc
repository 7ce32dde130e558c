#include <gtest/gtest.h>

#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
const SensorKind& sensor_kind_hwmon();

namespace {

const std::string kGpu = "/sys/devices/pci0000:00/0000:03:00.0";
const std::string kFolder = kGpu + "/hwmon/hwmon4";

void add_desktop(MemoryTree& tree) {
  tree.add_text(kFolder + "/name", "amdgpu\n");
  tree.add_text(kFolder + "/power1_label", "PPT\n");
  tree.add_text(kFolder + "/power1_average", "35000000\n");
  tree.add_text(kFolder + "/power1_average_interval", "500\n");
  tree.add_text(kFolder + "/power2_input", "5000000\n");
  tree.add_link("/sys/class/hwmon/hwmon4", kFolder);
}

ChipSpec desktop_spec() {
  ChipSpec spec;
  spec.type = "hwmon";
  spec.path = kGpu;
  spec.channels = {{0, "GPU", 0, "power1"}, {1, "power2"}};
  return spec;
}

const bool added = add_sensor_fixture(
    {"hwmon of a GPU", desktop_spec(), add_desktop, {kFolder + "/power2_input"}});

TEST(Hwmon, AnAverageHasItsWindow) {
  MemoryTree tree;
  add_desktop(tree);
  const auto sensor = open_sensor(desktop_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_DOUBLE_EQ((*sensor)->channels()[0].window.value(), 0.5);
  EXPECT_DOUBLE_EQ((*sensor)->channels()[1].window.value(), 0);
  fake::TestClock clock;
  std::vector<RawReading> readings(2);
  (*sensor)->read(clock, readings);
  EXPECT_EQ(readings[0].a, 3'500'000);
  for (const char* bad : {"garbage", "", "99999999999999"}) {
    tree.add_text(kFolder + "/power1_average", bad);
    (*sensor)->read(clock, readings);
    EXPECT_EQ(readings[0].state, ReadingState::failed) << bad;
    EXPECT_EQ(readings[1].state, ReadingState::ok);
  }
}

TEST(HwmonDiscover, ADesktopsGpuByItsDeviceAndNotWhatHasAKindOfItsOwn) {
  MemoryTree tree;
  EXPECT_TRUE(sensor_kind_hwmon().discover(tree).empty());
  add_desktop(tree);
  tree.add_text("/sys/class/hwmon/hwmon1/name", "ina3221\n");
  tree.add_text("/sys/class/hwmon/hwmon1/power1_input", "1\n");
  tree.add_text("/sys/class/hwmon/hwmon2/name", "coretemp\n");
  const auto found = sensor_kind_hwmon().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].spec.path, kGpu);
  EXPECT_EQ(found[0].rails[0].name, "amdgpu-PPT");
  EXPECT_TRUE(open_sensor(found[0].spec, tree).has_value());
}

}  // namespace
}  // namespace isojoule

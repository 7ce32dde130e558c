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

// They all lie in one folder, and each is opened as itself.
TEST(HwmonDiscover, ChipsWithoutADeviceAreToldApart) {
  MemoryTree tree;
  const std::string folder = "/sys/devices/virtual/hwmon/hwmon";
  for (const int n : {0, 1}) {
    const std::string own = folder + std::to_string(n);
    tree.add_text(own + "/name", "meter\n");
    tree.add_text(own + "/power1_input", n == 0 ? "1000000\n" : "2000000\n");
    tree.add_link("/sys/class/hwmon/hwmon" + std::to_string(n), own);
  }
  const auto found = sensor_kind_hwmon().discover(tree);
  ASSERT_EQ(found.size(), 2u);
  fake::TestClock clock;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto sensor = open_sensor(found[i].spec, tree);
    ASSERT_TRUE(sensor) << to_string(sensor.error());
    std::vector<RawReading> readings(1);
    (*sensor)->read(clock, readings);
    EXPECT_EQ(readings[0].a, static_cast<std::int64_t>(i + 1) * 100'000);  // 10 uW
  }
}

// A chip with channels of these labels, as it is found; "" has no label.
FoundSource found_with(const std::string& chip, const std::vector<std::string>& labels) {
  MemoryTree tree;
  tree.add_text(kFolder + "/name", chip + "\n");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string stem = kFolder + "/power" + std::to_string(i + 1);
    tree.add_text(stem + "_input", "1000000\n");
    if (!labels[i].empty()) tree.add_text(stem + "_label", labels[i] + "\n");
  }
  tree.add_link("/sys/class/hwmon/hwmon4", kFolder);
  const auto found = sensor_kind_hwmon().discover(tree);
  EXPECT_EQ(found.size(), 1u);
  EXPECT_TRUE(open_sensor(found.at(0).spec, tree).has_value());
  return found.at(0);
}

TEST(HwmonDiscover, TheChannelThatClaimsTheWholeChipFeedsTheOthers) {
  for (const auto& [chip, labels, root] :
       {std::tuple("amd_energy", std::vector<std::string>{"Ecore000", "Ecore001", "Esocket0"},
                   "amd_energy-Esocket0"),
        std::tuple("corsairpsu", std::vector<std::string>{"power total", "power +12v", "power +5v"},
                   "corsairpsu-power total"),
        std::tuple("xe", std::vector<std::string>{"card", "pkg"}, "xe-card")}) {
    const FoundSource found = found_with(chip, labels);
    EXPECT_EQ(found.overlap, Overlap::in_source);
    for (const Rail& rail : found.rails)
      EXPECT_EQ(rail.parent, rail.name == root ? "" : root) << rail.name;
  }
}

TEST(HwmonDiscover, WithoutOneSuchChannelNobodyKnowsWhichContainsWhich) {
  for (const auto& labels :
       {std::vector<std::string>{"slowPPT", "fastPPT"}, std::vector<std::string>{"", ""},
        std::vector<std::string>{"Ecore000", "Esocket0", "Esocket1"}}) {
    const FoundSource found = found_with("chip", labels);
    EXPECT_EQ(found.overlap, Overlap::in_source);
    for (const Rail& rail : found.rails) EXPECT_EQ(rail.parent, "") << rail.name;
  }
  EXPECT_EQ(found_with("amdgpu", {"PPT"}).overlap, Overlap::none);
}

}  // namespace
}  // namespace isojoule

#include "sensor/ina3221/ina3221.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "sensor/ina3221/fake_ina3221.h"
#include "sensor/sensor_contract.h"

namespace isojoule {
std::int64_t allocations_of_this_thread();

namespace {

using fake::Ina3221Nodes;

const std::string kNanoFolder = "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0";
const std::string kOrinFolder = "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3";

ChipSpec nano_spec() {
  ChipSpec spec;
  spec.type = "ina3221";
  spec.bus_address = "6-0040";
  spec.driver = "iio";
  spec.averaging_window_s = 0.05376;
  spec.channels = {{0, "POM_5V_IN", 5e-3}, {1, "POM_5V_GPU", 5e-3}, {2, "POM_5V_CPU", 5e-3}};
  return spec;
}

ChipSpec orin_spec() {
  ChipSpec spec;
  spec.type = "ina3221";
  spec.bus_address = "1-0040";
  spec.driver = "hwmon";
  spec.averaging_window_s = 0.43008;
  spec.channels = {{0, "VDD_IN", 5e-3}, {1, "VDD_CPU_GPU_CV", 5e-3}, {2, "VDD_SOC", 5e-3}};
  return spec;
}

Ina3221Nodes nano_nodes() { return {"6-0040", {"POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"}}; }
Ina3221Nodes orin_nodes() { return {"1-0040", {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}}; }

const bool added =
    add_sensor_fixture({"ina3221 of jetson-nano (iio)",
                        nano_spec(),
                        [](MemoryTree& tree) { fake::add_iio(tree, nano_nodes()); },
                        {kNanoFolder + "/rail_name_1", kNanoFolder + "/in_voltage1_input",
                         kNanoFolder + "/in_current2_input"}}) &&
    add_sensor_fixture(
        {"ina3221 of jetson-orin-nx (hwmon)",
         orin_spec(),
         [](MemoryTree& tree) { fake::add_hwmon(tree, orin_nodes(), 3); },
         {kOrinFolder + "/in2_label", kOrinFolder + "/in2_input", kOrinFolder + "/curr3_input"}});

std::vector<RawReading> read(Sensor& sensor) {
  const auto clock = make_real_clock();
  std::vector<RawReading> readings(sensor.channels().size());
  sensor.read(*clock, readings);
  return readings;
}

TEST(Ina3221Iio, ChannelsSayWhatTheChipCan) {
  MemoryTree tree;
  fake::add_iio(tree, nano_nodes());
  const auto sensor = open_sensor(nano_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  const ChannelInfo& input = (*sensor)->channels().front();
  EXPECT_EQ(input.rail, "POM_5V_IN");
  EXPECT_EQ(input.sensor, "ina3221 6-0040 channel 0");
  EXPECT_DOUBLE_EQ(input.window.value(), 0.05376);
  EXPECT_DOUBLE_EQ(input.voltage_quantum.value(), 8e-3);
  EXPECT_DOUBLE_EQ(input.current_quantum.value(), 8e-3);  // 40 uV / 5 mOhm
  // (0.25 %^2 + 0.25 %^2 + 1 %^2)^0.5 / 3^0.5 = 0.6124 %; 80 uV / 5 mOhm / 3^0.5 = 9.238 mA
  EXPECT_NEAR(input.gain_uncertainty, 0.006124, 1e-6);
  EXPECT_NEAR(input.current_offset_uncertainty.value(), 9.238e-3, 1e-6);
  const auto readings = read(**sensor);
  EXPECT_EQ(readings[0].a, 5000);
  EXPECT_EQ(readings[0].b, 400);
  EXPECT_EQ(readings[2].b, 80);
}

TEST(Ina3221Iio, TheDeviceNumberAndTheOldNameDoNotMatter) {
  for (const char* device : {"iio:device7", "iio_device"}) {
    MemoryTree tree;
    fake::add_iio(tree, nano_nodes(), device);
    EXPECT_TRUE(open_sensor(nano_spec(), tree).has_value()) << device;
  }
}

TEST(Ina3221Iio, SwappedRailsOfRevisionA00FollowTheLabels) {
  MemoryTree tree;
  Ina3221Nodes nodes = nano_nodes();
  std::swap(nodes.labels[0], nodes.labels[1]);
  fake::add_iio(tree, nodes);
  const auto sensor = open_sensor(nano_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_TRUE((*sensor)->problems().empty());
  EXPECT_EQ((*sensor)->channels()[0].rail, "POM_5V_IN");
  EXPECT_EQ((*sensor)->channels()[0].sensor, "ina3221 6-0040 channel 1");
  EXPECT_EQ(read(**sensor)[0].b, 160);
}

TEST(Ina3221Iio, ALabelIsNotMatchedByAPart) {
  MemoryTree tree;
  Ina3221Nodes nodes = nano_nodes();
  nodes.labels[1] = "POM_5V_GPU_OLD";
  fake::add_iio(tree, nodes);
  const auto sensor = open_sensor(nano_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_EQ((*sensor)->channels().size(), 2u);
  ASSERT_EQ((*sensor)->problems().size(), 1u);
  EXPECT_NE((*sensor)->problems()[0].what.find("POM_5V_GPU_OLD"), std::string::npos);
}

TEST(Ina3221Iio, ForRootOnlyFromRelease32_5) {
  MemoryTree tree;
  Ina3221Nodes nodes = nano_nodes();
  nodes.mode = 0400;
  fake::add_iio(tree, nodes);
  EXPECT_TRUE(open_sensor(nano_spec(), tree).has_value());
  tree.set_root(false);
  const auto sensor = open_sensor(nano_spec(), tree);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(sensor.error().what.find(kNanoFolder + "/rail_name_0"), std::string::npos);
  EXPECT_NE(sensor.error().remedy.find("0400"), std::string::npos);
  EXPECT_NE(sensor.error().tried.find(kNanoFolder), std::string::npos);
}

TEST(Ina3221Iio, RightsTakenAwayFromOneNodeAreThatChannelsProblem) {
  MemoryTree tree;
  fake::add_iio(tree, nano_nodes());
  tree.add_text(kNanoFolder + "/in_current1_input", "160\n", 0400);
  tree.set_root(false);
  const auto sensor = open_sensor(nano_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_EQ((*sensor)->channels().size(), 2u);
  EXPECT_EQ((*sensor)->problems().at(0).kind, ErrorKind::permission_denied);
}

TEST(Ina3221Hwmon, MatchedByAddressNotByNumber) {
  MemoryTree tree;
  Ina3221Nodes other = orin_nodes();
  other.address = "1-0041";
  fake::add_hwmon(tree, other, 1);
  EXPECT_EQ(open_sensor(orin_spec(), tree).error().kind, ErrorKind::not_found);
  for (const int number : {1, 4, 12}) {
    MemoryTree each;
    fake::add_hwmon(each, orin_nodes(), number);
    EXPECT_TRUE(open_sensor(orin_spec(), each).has_value()) << number;
  }
}

TEST(Ina3221Hwmon, FoundThroughTheDeviceFolderToo) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 2);
  tree.add_link("/sys/bus/i2c/devices/1-0040", "/sys/bus/i2c/drivers/ina3221/1-0040");
  std::vector<std::string> tried;
  MemoryTree only_device;
  only_device.add_text("/sys/bus/i2c/devices/1-0040/hwmon/hwmon2/in1_input", "5000\n");
  EXPECT_EQ(ina3221::find_folder(ina3221::hwmon_layout(), "1-0040", only_device, tried),
            "/sys/bus/i2c/devices/1-0040/hwmon/hwmon2");
}

TEST(Ina3221Hwmon, ADisabledChannelIsOutWithItsReason) {
  MemoryTree tree;
  Ina3221Nodes nodes = orin_nodes();
  nodes.labels[1] = "";
  fake::add_hwmon(tree, nodes, 3);
  const auto sensor = open_sensor(orin_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  ASSERT_EQ((*sensor)->channels().size(), 2u);
  EXPECT_EQ((*sensor)->channels()[1].rail, "VDD_SOC");
  ASSERT_EQ((*sensor)->problems().size(), 1u);
  EXPECT_EQ((*sensor)->problems()[0].kind, ErrorKind::no_data);
  EXPECT_NE((*sensor)->problems()[0].what.find("disabled"), std::string::npos);
  EXPECT_EQ(read(**sensor).size(), 2u);
}

TEST(Ina3221Hwmon, TheDriversShuntCounts) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 3);
  tree.add_text(kOrinFolder + "/shunt1_resistor", "2000\n");
  const auto sensor = open_sensor(orin_spec(), tree);
  EXPECT_DOUBLE_EQ((*sensor)->channels()[0].current_quantum.value(), 20e-3);
  EXPECT_DOUBLE_EQ((*sensor)->channels()[1].current_quantum.value(), 8e-3);
}

double window_of(std::int64_t samples, std::int64_t interval_ms, double expected = 0.43008) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 3, samples, interval_ms);
  ChipSpec spec = orin_spec();
  spec.averaging_window_s = expected;
  const auto sensor = open_sensor(spec, tree);
  return (*sensor)->channels()[0].window.value();
}

TEST(Ina3221Hwmon, TheWindowDespiteTheIntervalsTwoMeanings) {
  EXPECT_DOUBLE_EQ(window_of(512, 1), 0.43008);    // nvpower.sh on 5.10 and 5.15: not multiplied
  EXPECT_DOUBLE_EQ(window_of(512, 430), 0.43008);  // the same on mainline: multiplied
  EXPECT_DOUBLE_EQ(window_of(1, 7), 6.6e-3);       // power-on: the script did not run
  EXPECT_DOUBLE_EQ(window_of(1, 7, 0), 6.6e-3);
  EXPECT_DOUBLE_EQ(window_of(64, 7), 0.4224);
}

TEST(Ina3221Hwmon, EqualReadingsOfTheIntervalAreDecidedByTheBoard) {
  // 1 ms is 3 x 2 x 140 us or 3 x 2 x 204 us.
  EXPECT_DOUBLE_EQ(window_of(512, 1, 0.43), 512 * 6 * 140e-6);
  EXPECT_DOUBLE_EQ(window_of(512, 1, 0.6), 512 * 6 * 204e-6);
}

TEST(Ina3221Hwmon, AnUnknownWindowIsSaidAndTakenFromTheBoard) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 3);
  tree.remove(kOrinFolder + "/samples");
  const auto sensor = open_sensor(orin_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_DOUBLE_EQ((*sensor)->channels()[0].window.value(), 0.43008);
  ASSERT_EQ((*sensor)->problems().size(), 1u);
  EXPECT_NE((*sensor)->problems()[0].what.find("window"), std::string::npos);
}

TEST(Ina3221, NegativeCurrentsAreKept) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 3);
  tree.add_text(kOrinFolder + "/curr2_input", "-8\n");
  const auto sensor = open_sensor(orin_spec(), tree);
  const auto readings = read(**sensor);
  EXPECT_EQ(readings[1].state, ReadingState::ok);
  EXPECT_EQ(readings[1].b, -8);
}

TEST(Ina3221, GarbageAndHugeNumbersFailTheReadingOnly) {
  MemoryTree tree;
  std::string text = "400";
  fake::add_iio(tree, nano_nodes());
  tree.add_node(
      kNanoFolder + "/in_current0_input",
      [&](std::span<char> buffer) -> Result<std::size_t> { return copy_text(text, buffer); });
  const auto sensor = open_sensor(nano_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  for (const char* bad : {"garbage", "", "99999999999", "-"}) {
    text = bad;
    const auto readings = read(**sensor);
    EXPECT_EQ(readings[0].state, ReadingState::failed) << bad;
    EXPECT_EQ(readings[1].state, ReadingState::ok);
  }
  text = "401";
  EXPECT_EQ(read(**sensor)[0].b, 401);
}

TEST(Ina3221, AChannelThatLosesItsDataSaysSo) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 3);
  const auto sensor = open_sensor(orin_spec(), tree);
  tree.add_node(kOrinFolder + "/in1_input", [](std::span<char>) -> Result<std::size_t> {
    return fail(ErrorKind::no_data, "in1_input");
  });
  EXPECT_EQ(read(**sensor)[0].state, ReadingState::no_data);
}

TEST(Ina3221, TheTimeStampLiesBetweenTheTwoReads) {
  MemoryTree tree;
  fake::add_iio(tree, nano_nodes());
  const auto clock = make_real_clock();
  std::int64_t voltage_at = 0, current_at = 0;
  const auto stamping = [&](std::int64_t& at) {
    return [&](std::span<char> buffer) -> Result<std::size_t> {
      at = clock->now().ns;
      return copy_text("400\n", buffer);
    };
  };
  tree.add_node(kNanoFolder + "/in_voltage0_input", stamping(voltage_at));
  tree.add_node(kNanoFolder + "/in_current0_input", stamping(current_at));
  const auto sensor = open_sensor(nano_spec(), tree);
  std::vector<RawReading> readings(3);
  (*sensor)->read(*clock, readings);
  EXPECT_LE(voltage_at, readings[0].time_ns);
  EXPECT_LE(readings[0].time_ns, current_at);
}

TEST(Ina3221, ReadingAllocatesNothing) {
  MemoryTree tree;
  fake::add_hwmon(tree, orin_nodes(), 3);
  const auto sensor = open_sensor(orin_spec(), tree);
  const auto clock = make_real_clock();
  std::vector<RawReading> readings(3);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 1000; ++i) (*sensor)->read(*clock, readings);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(Ina3221, FaultsOfTheBoardFileAreNamed) {
  MemoryTree tree;
  ChipSpec spec = nano_spec();
  spec.driver = "hwmom";
  EXPECT_EQ(open_sensor(spec, tree).error().remedy, "Did you mean 'hwmon'?");
  spec = nano_spec();
  spec.channels[1].index = 3;
  EXPECT_EQ(open_sensor(spec, tree).error().kind, ErrorKind::invalid);
}

const SensorKind& ina3221_kind() {
  const auto kinds = sensor_kinds();
  return *std::find_if(kinds.begin(), kinds.end(),
                       [](const SensorKind& kind) { return kind.name == "ina3221"; });
}

TEST(Ina3221Discover, EveryLabelledChannelOfEitherDriver) {
  MemoryTree tree;
  EXPECT_TRUE(ina3221_kind().discover(tree).empty());
  Ina3221Nodes nodes = nano_nodes();
  nodes.labels[2] = "";
  fake::add_iio(tree, nodes);
  fake::add_hwmon(tree, orin_nodes(), 3);
  tree.add_text("/sys/bus/i2c/drivers/ina3221/bind", "");
  const auto found = ina3221_kind().discover(tree);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].spec.driver, "iio");
  EXPECT_EQ(found[0].rails.size(), 2u);
  EXPECT_EQ(found[0].coverage, Coverage::part);
  EXPECT_EQ(found[1].spec.bus_address, "1-0040");
  ASSERT_EQ(found[1].rails.size(), 3u);
  EXPECT_EQ(found[1].rails[0].name, "VDD_IN");
  EXPECT_TRUE(open_sensor(found[1].spec, tree).has_value());
}

TEST(Ina3221Discover, TheInputRailFeedsTheRailsOfEveryChip) {
  MemoryTree tree;
  fake::add_iio(tree, {"0-0040", {"VDD_SYS_GPU", "VDD_SYS_SOC", "VDD_4V0_WIFI"}});
  fake::add_iio(tree, {"0-0041", {"VDD_IN", "VDD_SYS_CPU", "VDD_SYS_DDR"}});
  const auto found = ina3221_kind().discover(tree);
  ASSERT_EQ(found.size(), 2u);
  for (const FoundSource& chip : found) {
    EXPECT_EQ(chip.overlap, Overlap::in_kind);
    for (const Rail& rail : chip.rails)
      EXPECT_EQ(rail.parent, rail.name == "VDD_IN" ? "" : "VDD_IN") << rail.name;
  }
}

TEST(Ina3221Discover, AnIioChipIsReadAndSaysThatItsShuntIsAssumed) {
  MemoryTree tree;
  fake::add_iio(tree, nano_nodes());
  const auto found = ina3221_kind().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  const auto sensor = open_sensor(found[0].spec, tree);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  ASSERT_EQ((*sensor)->channels().size(), 3u);
  EXPECT_DOUBLE_EQ((*sensor)->channels()[0].current_quantum.value(), 8e-3);  // 40 uV / 5 mOhm
  EXPECT_EQ(read(**sensor)[0].b, 400);
  ASSERT_EQ((*sensor)->problems().size(), 1u);  // one of the chip, not one a channel
  EXPECT_NE((*sensor)->problems()[0].what.find("5 mOhm is assumed"), std::string::npos);
  const auto described = open_sensor(nano_spec(), tree);
  EXPECT_TRUE((*described)->problems().empty());
}

TEST(Ina3221Discover, AChannelIsFoundByItsLabelWhateverItsRailIsCalled) {
  MemoryTree tree;
  Ina3221Nodes nodes = orin_nodes();
  nodes.labels[2] = nodes.labels[1];  // the index decides between the two
  fake::add_hwmon(tree, nodes, 3);
  auto found = ina3221_kind().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  found[0].spec.channels[0].rail = "ina3221:VDD_IN";
  found[0].spec.channels[2].rail = "another";
  const auto sensor = open_sensor(found[0].spec, tree);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  EXPECT_TRUE((*sensor)->problems().empty());
  ASSERT_EQ((*sensor)->channels().size(), 3u);
  EXPECT_EQ((*sensor)->channels()[0].rail, "ina3221:VDD_IN");
  EXPECT_EQ((*sensor)->channels()[2].rail, "another");
  EXPECT_EQ((*sensor)->channels()[2].sensor, "ina3221 1-0040 channel 2");
  EXPECT_EQ(read(**sensor)[2].b, 80);
}

TEST(Ina3221Discover, AChipForRootOnlyIsFoundAndSaysSo) {
  MemoryTree tree;
  Ina3221Nodes nodes = orin_nodes();
  nodes.mode = 0400;
  fake::add_hwmon(tree, nodes, 3);
  tree.set_root(false);
  const auto found = ina3221_kind().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rails.size(), 3u);
  EXPECT_EQ(open_sensor(found[0].spec, tree).error().kind, ErrorKind::permission_denied);
}

// Whatever the driver is set to, the window that comes back is one the chip can have, and one of
// the two readings of the interval shows it.
RC_GTEST_PROP(Ina3221Window, IsFoundForEveryConfiguration, ()) {
  const auto code = *rc::gen::inRange<std::size_t>(0, 8);
  const auto samples = *rc::gen::element<std::int64_t>(1, 4, 16, 64, 128, 256, 512, 1024);
  const int channels = *rc::gen::inRange(1, 4);
  const bool multiplied = *rc::gen::arbitrary<bool>();
  const std::int64_t cycle_us = 2 * ina3221::kConversionTimes_us[code] * channels;
  const std::int64_t shown = ((multiplied ? cycle_us * samples : cycle_us) + 500) / 1000;
  const Second truth(static_cast<double>(cycle_us * samples) * 1e-6);
  const auto window = ina3221::window_from_nodes(samples, shown, channels, truth);
  RC_ASSERT(window.has_value());
  // Not multiplied, the true window fits and is the expected one.
  if (!multiplied) {
    RC_ASSERT(std::abs(window->value() - truth.value()) < 1e-12);
  }
}

}  // namespace
}  // namespace isojoule

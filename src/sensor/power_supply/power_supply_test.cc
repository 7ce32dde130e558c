#include <gtest/gtest.h>

#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
const SensorKind& sensor_kind_power_supply();

namespace {

const std::string kClass = "/sys/class/power_supply/";

// Two batteries: one shows power, the other voltage and current.
void add_laptop(MemoryTree& tree) {
  tree.add_text(kClass + "AC/type", "Mains\n");
  for (const char* name : {"BAT0", "BAT1"}) {
    tree.add_text(kClass + name + "/type", "Battery\n");
    tree.add_text(kClass + name + "/status", "Discharging\n");
    tree.add_text(kClass + name + "/voltage_now", "12000000\n");
  }
  tree.add_text(kClass + "BAT0/power_now", "9500000\n");
  tree.add_text(kClass + "BAT1/current_now", "-500000\n");
}

ChipSpec laptop_spec() {
  ChipSpec spec;
  spec.type = "power_supply";
  spec.channels = {{0, "BAT0"}, {1, "second", 0, "BAT1"}};
  return spec;
}

const bool added = add_sensor_fixture({"two batteries",
                                       laptop_spec(),
                                       add_laptop,
                                       {kClass + "BAT0/status", kClass + "BAT1/current_now"}});

RawReading read_one(MemoryTree& tree, std::size_t index) {
  const auto sensor = open_sensor(laptop_spec(), tree);
  EXPECT_TRUE(sensor.has_value());
  fake::TestClock clock;
  std::vector<RawReading> readings(2);
  if (sensor) (*sensor)->read(clock, readings);
  return readings[index];
}

TEST(PowerSupply, TheSignOfTheValueDoesNotCount) {
  for (const char* current : {"-500000\n", "500000\n"}) {
    MemoryTree tree;
    add_laptop(tree);
    tree.add_text(kClass + "BAT1/current_now", current);
    EXPECT_EQ(read_one(tree, 1).a, 12'000) << current;  // mV
    EXPECT_EQ(read_one(tree, 1).b, 500) << current;     // mA
    EXPECT_EQ(read_one(tree, 0).a, 950'000);
  }
}

TEST(PowerSupply, OnlyADischargingBatteryIsTheMachinesPower) {
  for (const char* status : {"Charging\n", "Full\n", "Not charging\n", "Unknown\n"}) {
    MemoryTree tree;
    add_laptop(tree);
    tree.add_text(kClass + "BAT0/status", status);
    EXPECT_EQ(read_one(tree, 0).state, ReadingState::no_data) << status;
    EXPECT_EQ(read_one(tree, 1).state, ReadingState::ok);
    const auto sensor = open_sensor(laptop_spec(), tree);
    ASSERT_EQ((*sensor)->problems().size(), 1u);
    EXPECT_NE((*sensor)->problems()[0].what.find("not discharging"), std::string::npos);
  }
}

TEST(PowerSupply, GarbageFailsAndZeroIsNoMeasurement) {
  MemoryTree tree;
  add_laptop(tree);
  const auto sensor = open_sensor(laptop_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  fake::TestClock clock;
  std::vector<RawReading> readings(2);
  for (const auto& [text, state] :
       {std::pair("garbage", ReadingState::failed), std::pair("", ReadingState::failed),
        std::pair("999999999999999", ReadingState::failed),
        std::pair("0", ReadingState::no_data)}) {
    tree.add_text(kClass + "BAT0/power_now", text);
    (*sensor)->read(clock, readings);
    EXPECT_EQ(readings[0].state, state) << text;
    EXPECT_EQ(readings[1].state, ReadingState::ok);
  }
  tree.add_text(kClass + "BAT0/status", "Exploding\n");
  (*sensor)->read(clock, readings);
  EXPECT_EQ(readings[0].state, ReadingState::failed);
}

TEST(PowerSupplyDiscover, BatteriesOfTheMachineOnly) {
  MemoryTree tree;
  EXPECT_TRUE(sensor_kind_power_supply().discover(tree).empty());
  add_laptop(tree);
  tree.add_text(kClass + "hidpp_battery_0/type", "Battery\n");
  tree.add_text(kClass + "hidpp_battery_0/scope", "Device\n");
  const auto found = sensor_kind_power_supply().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].coverage, Coverage::machine);
  ASSERT_EQ(found[0].rails.size(), 2u);
  EXPECT_EQ(found[0].rails[1].name, "BAT1");
  EXPECT_TRUE(open_sensor(found[0].spec, tree).has_value());
}

}  // namespace
}  // namespace isojoule

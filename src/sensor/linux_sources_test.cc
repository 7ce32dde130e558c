// RAPL, batteries and hwmon: the kinds that any Linux machine may have.
#include <gtest/gtest.h>

#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
namespace {

constexpr const char* kRapl = "/sys/class/powercap";
constexpr const char* kBattery = "/sys/class/power_supply/BAT0";

void add_zone(MemoryTree& tree, const std::string& folder, const std::string& name,
              std::int64_t energy, std::int64_t range = 262143328850, int mode = 0444) {
  const std::string zone = std::string(kRapl) + "/" + folder;
  tree.add_text(zone + "/name", name + "\n", 0444);
  tree.add_text(zone + "/energy_uj", std::to_string(energy) + "\n", mode);
  tree.add_text(zone + "/max_energy_range_uj", std::to_string(range) + "\n", 0444);
}

ChipSpec::Channel labelled(const std::string& rail, const std::string& label) {
  ChipSpec::Channel channel{0, rail};
  channel.label = label;
  return channel;
}

ChipSpec rapl_spec(std::vector<ChipSpec::Channel> channels) {
  ChipSpec spec;
  spec.type = "rapl";
  spec.channels = std::move(channels);
  return spec;
}

void server(MemoryTree& tree) {
  for (const char* number : {"0", "1"}) {
    const std::string zone = std::string("intel-rapl:") + number;
    add_zone(tree, zone, std::string("package-") + number, 5'000'000);
    add_zone(tree, zone + ":0", "dram", 1'000'000);
  }
  add_zone(tree, "intel-rapl-mmio:0", "package-0", 5'000'000);
}

void laptop_battery(MemoryTree& tree, const std::string& status, std::int64_t current) {
  tree.add_text(std::string(kBattery) + "/type", "Battery\n", 0444);
  tree.add_text(std::string(kBattery) + "/status", status + "\n", 0444);
  tree.add_text(std::string(kBattery) + "/voltage_now", "11500000\n", 0444);
  tree.add_text(std::string(kBattery) + "/current_now", std::to_string(current) + "\n", 0444);
}

ChipSpec battery_spec() {
  ChipSpec spec;
  spec.type = "power_supply";
  spec.path = kBattery;
  spec.channels = {{0, "BAT0"}};
  return spec;
}

void graphics_card(MemoryTree& tree) {
  const std::string folder = "/sys/class/hwmon/hwmon4";
  tree.add_text(folder + "/name", "amdgpu\n", 0444);
  tree.add_text(folder + "/power1_average", "35000000\n", 0444);
  tree.add_text(folder + "/power1_average_interval", "1000\n", 0444);
  tree.add_text(folder + "/power1_label", "PPT\n", 0444);
  tree.add_text(folder + "/energy1_input", "7000000\n", 0444);
}

ChipSpec hwmon_spec() {
  ChipSpec spec;
  spec.type = "hwmon";
  spec.path = "/sys/class/hwmon/hwmon4";
  spec.channels = {labelled("GPU", "PPT"), labelled("GPU-energy", "energy1")};
  return spec;
}

const bool added =
    add_sensor_fixture({"rapl of a server",
                        rapl_spec({labelled("package-0", "intel-rapl:0"), {0, "package-1"}}),
                        server,
                        {std::string(kRapl) + "/intel-rapl:0/energy_uj",
                         std::string(kRapl) + "/intel-rapl:1/energy_uj"}}) &&
    add_sensor_fixture({"a laptop's battery",
                        battery_spec(),
                        [](MemoryTree& tree) { laptop_battery(tree, "Discharging", -1'000'000); },
                        {}}) &&
    add_sensor_fixture({"a graphics card's hwmon",
                        hwmon_spec(),
                        graphics_card,
                        {"/sys/class/hwmon/hwmon4/energy1_input"}});

RawReading read_one(Sensor& sensor, Clock& clock) {
  std::vector<RawReading> readings(sensor.channels().size());
  sensor.read(clock, readings);
  return readings.at(0);
}

// (Wraps of every kind: wrapping_counter_test.cc.)
TEST(Rapl, EnergyGoesOnOverAWrap) {
  ASSERT_TRUE(added);
  constexpr std::int64_t kRange = 262'143'328'850;
  std::int64_t truth = kRange - 1'000'000;
  MemoryTree tree;
  add_zone(tree, "intel-rapl:0", "package-0", 0, kRange);
  tree.add_integer(
      std::string(kRapl) + "/intel-rapl:0/energy_uj", [&] { return truth % (kRange + 1); }, {},
      0444);
  const auto sensor = open_sensor(rapl_spec({{0, "package-0"}}), tree);
  ASSERT_TRUE(sensor);
  fake::TestClock clock;
  const RawReading before = read_one(**sensor, clock);
  truth += 3'000'000;
  clock.sleep_for(Duration::milliseconds(100));
  const RawReading after = read_one(**sensor, clock);
  ASSERT_EQ(after.state, ReadingState::ok);
  EXPECT_EQ(static_cast<std::uint32_t>(after.a) - static_cast<std::uint32_t>(before.a), 3'000'000u);
}

TEST(Rapl, ACounterThatWasSetBackIsNoReading) {
  MemoryTree tree;
  add_zone(tree, "intel-rapl:0", "package-0", 500'000'000);
  const auto sensor = open_sensor(rapl_spec({{0, "package-0"}}), tree);
  ASSERT_TRUE(sensor);
  fake::TestClock clock;
  EXPECT_EQ(read_one(**sensor, clock).state, ReadingState::ok);
  add_zone(tree, "intel-rapl:0", "package-0", 7);
  clock.sleep_for(Duration::milliseconds(100));
  EXPECT_EQ(read_one(**sensor, clock).state, ReadingState::failed);
}

TEST(Rapl, AUserIsToldWhichFileIsForRoot) {
  MemoryTree tree;
  add_zone(tree, "intel-rapl:0", "package-0", 5, 262143328850, 0400);
  tree.set_root(false);
  const auto sensor = open_sensor(rapl_spec({{0, "package-0"}}), tree);
  ASSERT_FALSE(sensor);
  EXPECT_EQ(sensor.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(sensor.error().remedy.find("intel-rapl:0/energy_uj"), std::string::npos);
}

TEST(Rapl, WithoutARangeThereIsNoChannel) {
  for (const char* range : {"0\n", "", "what\n"}) {
    MemoryTree tree;
    add_zone(tree, "intel-rapl:0", "package-0", 5);
    tree.add_text(std::string(kRapl) + "/intel-rapl:0/max_energy_range_uj", range, 0444);
    EXPECT_FALSE(open_sensor(rapl_spec({{0, "package-0"}}), tree).has_value()) << range;
  }
}

const SensorKind& kind_named(std::string_view name) {
  for (const SensorKind& kind : sensor_kinds())
    if (kind.name == name) return kind;
  std::abort();
}

TEST(Rapl, MemoryIsBesideItsPackageAndTheMmioDoubleIsLeftOut) {
  MemoryTree tree;
  server(tree);
  const auto found = kind_named("rapl").discover(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].coverage, Coverage::package);
  std::map<std::string, std::string> parents;
  for (const Rail& rail : found[0].rails) parents[rail.name] = rail.parent;
  const std::map<std::string, std::string> expected = {
      {"package-0", ""}, {"package-0-dram", ""}, {"package-1", ""}, {"package-1-dram", ""}};
  EXPECT_EQ(parents, expected);
  EXPECT_TRUE(open_sensor(found[0].spec, tree).has_value());
}

TEST(Battery, MagnitudeFromTheValueDirectionFromTheStatus) {
  const std::tuple<const char*, std::int64_t, ReadingState> cases[] = {
      {"Discharging", -1'000'000, ReadingState::ok},  // ABI of 2020
      {"Discharging", 1'000'000, ReadingState::ok},   // ACPI before 2025, and others
      {"Charging", 1'000'000, ReadingState::no_data},
      {"Charging", -1'000'000, ReadingState::no_data},
      {"Full", 0, ReadingState::no_data},
      {"Not charging", 0, ReadingState::no_data},
      {"Unknown", 5, ReadingState::no_data},
      {"", 5, ReadingState::failed}};
  for (const auto& [status, current, state] : cases) {
    MemoryTree tree;
    laptop_battery(tree, status, current);
    const auto sensor = open_sensor(battery_spec(), tree);
    ASSERT_TRUE(sensor);
    const auto clock = make_real_clock();
    const RawReading reading = read_one(**sensor, *clock);
    EXPECT_EQ(reading.state, state) << status << " " << current;
    EXPECT_EQ(reading.a, state == ReadingState::ok ? 11'500'000 : 0);
  }
}

TEST(Battery, PowerNowCountsWhereItIsAndAMouseIsNoMachine) {
  MemoryTree tree;
  laptop_battery(tree, "Discharging", -1);
  tree.add_text(std::string(kBattery) + "/power_now", "-8250000\n", 0444);
  const std::string mouse = "/sys/class/power_supply/hidpp_battery_0";
  tree.add_text(mouse + "/type", "Battery\n", 0444);
  tree.add_text(mouse + "/scope", "Device\n", 0444);
  tree.add_text("/sys/class/power_supply/AC/type", "Mains\n", 0444);
  const auto found = kind_named("power_supply").discover(tree);
  ASSERT_EQ(found.size(), 1u);
  const auto sensor = open_sensor(found[0].spec, tree);
  ASSERT_TRUE(sensor);
  const auto clock = make_real_clock();
  EXPECT_EQ(read_one(**sensor, *clock).a, 8'250'000);
}

TEST(Hwmon, AveragesSayTheirWindowAndCountersCount) {
  MemoryTree tree;
  graphics_card(tree);
  const auto sensor = open_sensor(hwmon_spec(), tree);
  ASSERT_TRUE(sensor);
  const auto& channels = (*sensor)->channels();
  ASSERT_EQ(channels.size(), 2u);
  EXPECT_DOUBLE_EQ(channels[0].window.value(), 1.0);
  EXPECT_EQ(channels[1].kind, ChannelKind::energy_counter);
  const auto clock = make_real_clock();
  EXPECT_EQ(read_one(**sensor, *clock).a, 35'000'000);
}

TEST(Hwmon, AChipIsFoundByItsAddressNotItsNumber) {
  MemoryTree tree;
  const std::string device = "/sys/devices/i2c-0/0-0040";
  tree.add_text(device + "/hwmon/hwmon7/name", "ina219\n", 0444);
  tree.add_text(device + "/hwmon/hwmon7/power1_input", "1230000\n", 0444);
  tree.add_link(device + "/hwmon/hwmon7/device", device);
  tree.add_link("/sys/class/hwmon/hwmon7", device + "/hwmon/hwmon7");
  ChipSpec spec;
  spec.type = "hwmon";
  spec.bus_address = "0-0040";
  spec.channels = {labelled("IN", "power1")};
  const auto sensor = open_sensor(spec, tree);
  ASSERT_TRUE(sensor) << to_string(sensor.error());
  spec.bus_address = "0-0041";
  EXPECT_FALSE(open_sensor(spec, tree).has_value());
  EXPECT_EQ(kind_named("hwmon").discover(tree).size(), 1u);
}

TEST(Discovery, AMachineWithNothingHasNothing) {
  MemoryTree tree;
  for (const SensorKind& kind : sensor_kinds())
    if (kind.discover != nullptr) {
      EXPECT_TRUE(kind.discover(tree).empty()) << kind.name;
    }
}

}  // namespace
}  // namespace isojoule

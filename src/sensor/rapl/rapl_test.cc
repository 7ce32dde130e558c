#include <gtest/gtest.h>

#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
const SensorKind& sensor_kind_rapl();
std::int64_t allocations_of_this_thread();

namespace {

const std::string kClass = "/sys/class/powercap/";

void add_zone(MemoryTree& tree, const std::string& zone, const std::string& name) {
  const std::string at = kClass + zone;
  tree.add_text(at + "/name", name + "\n", 0444);
  tree.add_text(at + "/energy_uj", "262143000000\n", 0400);
  tree.add_text(at + "/max_energy_range_uj", "262143328850\n", 0444);
  if (name.rfind("package", 0) == 0)
    tree.add_text(at + "/constraint_0_max_power_uw", "15000000\n", 0444);
}

void add_laptop(MemoryTree& tree) {
  tree.add_directory(kClass + "intel-rapl");
  add_zone(tree, "intel-rapl:0", "package-0");
  add_zone(tree, "intel-rapl:0:0", "core");
  add_zone(tree, "intel-rapl:0:1", "dram");
  add_zone(tree, "intel-rapl:1", "psys");
  add_zone(tree, "intel-rapl-mmio:0", "package-0");
}

ChipSpec laptop_spec() {
  ChipSpec spec;
  spec.type = "rapl";
  spec.channels = {{0, "package-0"}, {1, "CPU", 0, "package-0-core"}, {2, "dram"}, {3, "psys"}};
  return spec;
}

const bool added = add_sensor_fixture(
    {"rapl of a laptop",
     laptop_spec(),
     add_laptop,
     {kClass + "intel-rapl:0/max_energy_range_uj", kClass + "intel-rapl:0:0/energy_uj"}});

TEST(Rapl, CountsOverAWrap) {
  MemoryTree tree;
  add_laptop(tree);
  const auto sensor = open_sensor(laptop_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  fake::TestClock clock;
  std::vector<RawReading> before(4), after(4);
  (*sensor)->read(clock, before);
  clock.move(Duration::milliseconds(1000));
  tree.add_text(kClass + "intel-rapl:0/energy_uj", "671149\n", 0400);
  (*sensor)->read(clock, after);
  EXPECT_EQ(after[0].state, ReadingState::ok);
  EXPECT_EQ(after[0].a - before[0].a, 1'000'000);
  EXPECT_EQ(after[1].a, before[1].a);
  // 100 J in a second are beyond four times 15 W: a counter that was set.
  clock.move(Duration::milliseconds(1000));
  tree.add_text(kClass + "intel-rapl:0/energy_uj", "100671149\n", 0400);
  (*sensor)->read(clock, after);
  EXPECT_EQ(after[0].state, ReadingState::failed);
  EXPECT_EQ(after[1].state, ReadingState::ok);
}

TEST(Rapl, ReadingAllocatesNothing) {
  MemoryTree tree;
  add_laptop(tree);
  const auto sensor = open_sensor(laptop_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  fake::TestClock clock;
  std::vector<RawReading> readings(4);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 100; ++i) (*sensor)->read(clock, readings);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(Rapl, ForRootOnly) {
  MemoryTree tree;
  add_laptop(tree);
  tree.set_root(false);
  const auto sensor = open_sensor(laptop_spec(), tree);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(to_string(sensor.error()).find("intel-rapl:0/energy_uj"), std::string::npos);
  EXPECT_NE(sensor.error().remedy.find("CVE-2020-8694"), std::string::npos);
  EXPECT_EQ(sensor_kind_rapl().discover(tree).size(), 3u);  // it is there all the same
}

TEST(Rapl, ARangeOfZeroTakesTheChannelOut) {
  MemoryTree tree;
  add_laptop(tree);
  tree.add_text(kClass + "intel-rapl:0:1/max_energy_range_uj", "0\n");
  const auto sensor = open_sensor(laptop_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_EQ((*sensor)->channels().size(), 3u);
  ASSERT_EQ((*sensor)->problems().size(), 1u);
  EXPECT_EQ((*sensor)->problems()[0].kind, ErrorKind::no_data);
}

TEST(Rapl, GarbageFailsTheReadingOnly) {
  MemoryTree tree;
  add_laptop(tree);
  const auto sensor = open_sensor(laptop_spec(), tree);
  ASSERT_TRUE(sensor.has_value());
  fake::TestClock clock;
  std::vector<RawReading> readings(4);
  for (const char* bad : {"garbage", "", "-1", "999999999999999"}) {
    tree.add_text(kClass + "intel-rapl:0/energy_uj", bad);
    (*sensor)->read(clock, readings);
    EXPECT_EQ(readings[0].state, ReadingState::failed) << bad;
    EXPECT_EQ(readings[3].state, ReadingState::ok);
  }
}

TEST(Rapl, AnUnknownZoneIsNamed) {
  MemoryTree tree;
  add_laptop(tree);
  ChipSpec spec = laptop_spec();
  spec.channels = {{0, "package-O"}};
  const auto sensor = open_sensor(spec, tree);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().remedy, "Did you mean 'package-0'?");
}

TEST(RaplDiscover, TheLaptopsDramIsBesideItsPackageAndTheSecondViewIsLeftOut) {
  MemoryTree tree;
  add_laptop(tree);
  const auto found = sensor_kind_rapl().discover(tree);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].coverage, Coverage::machine);
  EXPECT_EQ(found[0].rails.front().name, "psys");
  EXPECT_EQ(found[0].rails.front().parent, "");
  ASSERT_EQ(found[1].rails.size(), 2u);
  EXPECT_EQ(found[1].coverage, Coverage::package);
  EXPECT_EQ(found[1].rails[0].parent, "psys");
  EXPECT_EQ(found[1].rails[1].name, "package-0-dram");
  EXPECT_EQ(found[1].rails[1].parent, "psys");
  EXPECT_EQ(found[2].coverage, Coverage::part);
  EXPECT_EQ(found[2].rails[0].parent, "package-0");
  for (const auto& source : found) EXPECT_TRUE(open_sensor(source.spec, tree).has_value());
}

TEST(RaplDiscover, AServerWithTwoPackages) {
  MemoryTree tree;
  for (const std::string n : {"0", "1"}) {
    add_zone(tree, "intel-rapl:" + n, "package-" + n);
    add_zone(tree, "intel-rapl:" + n + ":0", "dram");
  }
  const auto found = sensor_kind_rapl().discover(tree);
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].rails.size(), 4u);
  for (const Rail& rail : found[0].rails) EXPECT_EQ(rail.parent, "");
  EXPECT_EQ(found[0].rails[3].name, "package-1-dram");
  const auto sensor = open_sensor(found[0].spec, tree);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_EQ((*sensor)->channels().size(), 4u);
}

TEST(RaplDiscover, NothingIsFoundWhereNothingIs) {
  MemoryTree tree;
  EXPECT_TRUE(sensor_kind_rapl().discover(tree).empty());
}

}  // namespace
}  // namespace isojoule

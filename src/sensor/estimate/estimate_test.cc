#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sensor/estimate/model.h"
#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
std::int64_t allocations_of_this_thread();

namespace {

using estimate::Ticks;

// /proc/stat of some cores; each read() finds `busy` and `idle` more ticks on every core.
struct FakeStat {
  int cores = 4;
  std::int64_t busy_each = 5, idle_each = 5;
  std::int64_t busy = 1000, idle = 9000;
  bool broken = false;

  std::string text() const {
    std::string text = "cpu  1 2 3 4 5 6 7 8 0 0\n";
    for (int i = 0; i < cores; ++i)
      text += "cpu" + std::to_string(i) + " " + std::to_string(busy) + " 0 0 " +
              std::to_string(idle) + " 50 0 0 0 0 0\n";
    return text + "intr 12345 0 0\nctxt 99\nbtime 1700000000\n";
  }
  void add_to(MemoryTree& tree) {
    tree.add_node("/proc/stat", [this](std::span<char> buffer) -> Result<std::size_t> {
      if (broken) return fail(ErrorKind::io, "/proc/stat: Input/output error");
      const std::size_t size = copy_text(text(), buffer);
      busy += busy_each;
      idle += idle_each;
      return size;
    });
  }
};

void add_frequencies(MemoryTree& tree, int cores, std::int64_t now, std::int64_t maximum) {
  for (int i = 0; i < cores; ++i) {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(i) + "/cpufreq/";
    tree.add_text(folder + "cpuinfo_max_freq", std::to_string(maximum) + "\n");
    tree.add_text(folder + "scaling_cur_freq", std::to_string(now) + "\n");
  }
}

ChipSpec spec_of(const char* idle_w = "2", const char* max_w = "10") {
  ChipSpec spec;
  spec.type = "estimate";
  spec.options = {{"idle_w", idle_w}, {"max_w", max_w}};
  spec.channels = {{0, "estimate", 0, {}}};
  return spec;
}

const bool added = add_sensor_fixture({"estimate of four cores",
                                       spec_of(),
                                       [](MemoryTree& tree) {
                                         static FakeStat stat;
                                         stat.add_to(tree);
                                         add_frequencies(tree, 4, 1'000'000, 2'000'000);
                                       },
                                       {}});

RawReading read(Sensor& sensor, Clock& clock) {
  RawReading reading;
  sensor.read(clock, {&reading, 1});
  return reading;
}

TEST(Estimate, IsLabelledAndWide) {
  MemoryTree tree;
  FakeStat stat;
  stat.add_to(tree);
  add_frequencies(tree, 4, 1'000'000, 2'000'000);
  const auto sensor = open_sensor(spec_of(), tree);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  const ChannelInfo& info = (*sensor)->channels()[0];
  EXPECT_EQ(info.rail, "estimate");
  EXPECT_NE(info.sensor.find("estimate"), std::string::npos);
  EXPECT_EQ(info.kind, ChannelKind::power);
  EXPECT_DOUBLE_EQ(info.gain_uncertainty, 0.3);
  EXPECT_DOUBLE_EQ(info.power_quantum.value(), 8.0 * 0.1 / 4);  // a tick of one core in 100 ms
  EXPECT_DOUBLE_EQ(info.update_period.value(), 0.1);
  for (const auto& kind : sensor_kinds())
    if (kind.name == "estimate") {
      EXPECT_EQ(kind.discover, nullptr);  // never by itself
    }
}

TEST(Estimate, IdlePlusTheCoresShares) {
  MemoryTree tree;
  FakeStat stat;
  stat.add_to(tree);
  add_frequencies(tree, 4, 1'000'000, 2'000'000);
  const auto sensor = open_sensor(spec_of(), tree);
  fake::TestClock clock;
  const RawReading first = read(**sensor, clock);
  EXPECT_EQ(first.state, ReadingState::ok);
  EXPECT_EQ(first.a, 4000);  // 2 W + half busy x half frequency x 8 W
  clock.move(Duration::milliseconds(50));
  EXPECT_EQ(read(**sensor, clock).time_ns, first.time_ns);  // no new one within a period
  stat.busy_each = 10;
  stat.idle_each = 0;
  (void)stat.text();
  clock.move(Duration::milliseconds(100));
  read(**sensor, clock);
  clock.move(Duration::milliseconds(100));
  EXPECT_EQ(read(**sensor, clock).a, 6000);  // all busy at half the frequency
  ChipSpec spec = spec_of();
  spec.options["exponent"] = "2";
  const auto squared = open_sensor(spec, tree);
  EXPECT_EQ(read(**squared, clock).a, 4000);
}

TEST(Estimate, WithoutCpufreqTheFrequencyIsTakenAsHighestAndSaid) {
  MemoryTree tree;
  FakeStat stat;
  stat.add_to(tree);
  const auto sensor = open_sensor(spec_of(), tree);
  ASSERT_TRUE(sensor.has_value());
  ASSERT_EQ((*sensor)->problems().size(), 1u);
  EXPECT_EQ((*sensor)->problems()[0].kind, ErrorKind::no_data);
  fake::TestClock clock;
  EXPECT_EQ(read(**sensor, clock).a, 6000);
}

TEST(Estimate, ACoreThatGoesOfflineNeedsNoPower) {
  MemoryTree tree;
  FakeStat stat;
  stat.add_to(tree);
  const auto sensor = open_sensor(spec_of(), tree);
  fake::TestClock clock;
  read(**sensor, clock);
  stat.cores = 2;
  clock.move(Duration::milliseconds(100));
  EXPECT_EQ(read(**sensor, clock).a, 4000);  // two of four cores, half busy
}

TEST(Estimate, WhatDoesNotAdvanceOrFailsIsNoReading) {
  MemoryTree tree;
  FakeStat stat;
  stat.busy_each = stat.idle_each = 0;
  stat.add_to(tree);
  const auto sensor = open_sensor(spec_of(), tree);
  fake::TestClock clock;
  EXPECT_EQ(read(**sensor, clock).state, ReadingState::no_data);
  stat.broken = true;
  EXPECT_EQ(read(**sensor, clock).state, ReadingState::failed);
  stat.broken = false;
  stat.busy_each = stat.idle_each = 5;
  read(**sensor, clock);
  clock.move(Duration::milliseconds(100));
  EXPECT_EQ(read(**sensor, clock).state, ReadingState::ok);
  tree.remove("/proc/stat");
  clock.move(Duration::milliseconds(100));
  EXPECT_EQ(read(**sensor, clock).state, ReadingState::failed);
}

TEST(Estimate, ConstantsMustBeGiven) {
  MemoryTree tree;
  FakeStat stat;
  stat.add_to(tree);
  ChipSpec spec = spec_of();
  spec.options.erase("max_w");
  const auto sensor = open_sensor(spec, tree);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::invalid);
  EXPECT_NE(sensor.error().what.find("max_w"), std::string::npos);
  EXPECT_FALSE(sensor.error().remedy.empty());
  EXPECT_EQ(open_sensor(spec_of("10", "2"), tree).error().kind, ErrorKind::invalid);
  EXPECT_EQ(open_sensor(spec_of("two", "10"), tree).error().kind, ErrorKind::invalid);
  EXPECT_EQ(open_sensor(spec_of("nan", "10"), tree).error().kind, ErrorKind::invalid);
  spec = spec_of();
  spec.channels[0].rail = "VDD_IN";  // must not pass for a measured rail
  EXPECT_EQ(open_sensor(spec, tree).error().kind, ErrorKind::invalid);
}

TEST(Estimate, GarbageInStatIsAParseError) {
  MemoryTree tree;
  for (const char* text : {"", "cpu 1 2 3 4\n", "cpuX 1 2 3\n", "cpu0 1 2\n", "cpu0 -1 2 3 4\n"}) {
    tree.add_text("/proc/stat", text);
    const auto sensor = open_sensor(spec_of(), tree);
    ASSERT_FALSE(sensor.has_value()) << text;
    EXPECT_EQ(sensor.error().kind, ErrorKind::parse);
  }
}

TEST(Estimate, ReadingAllocatesNothing) {
  MemoryTree tree;
  tree.add_text("/proc/stat", "cpu0 1 0 0 1 0 0 0 0 0 0\n");
  const auto sensor = open_sensor(spec_of(), tree);
  tree.add_text("/proc/stat", "cpu0 9 0 0 9 0 0 0 0 0 0\n");
  fake::TestClock clock;
  const auto before = allocations_of_this_thread();
  RawReading reading;
  (*sensor)->read(clock, {&reading, 1});
  EXPECT_EQ(reading.state, ReadingState::ok);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(EstimateModel, IoWaitThatRunsBackwardsStaysWithinBounds) {
  EXPECT_DOUBLE_EQ(estimate::busy_share({0, 0, true}, {12, 10, true}), 1.0);
  EXPECT_LT(estimate::busy_share({0, 0, true}, {0, 0, true}), 0);
  EXPECT_LT(estimate::busy_share({0, 0, false}, {5, 10, true}), 0);
}

// Whatever the shares are, the power lies between the two constants.
RC_GTEST_PROP(EstimateModel, LiesBetweenIdleAndMaximum, ()) {
  const auto cores = *rc::gen::inRange<std::size_t>(1, 9);
  std::vector<double> busy, share;
  for (std::size_t i = 0; i < cores; ++i) {
    busy.push_back(*rc::gen::inRange(-1, 11) / 10.0);
    share.push_back(*rc::gen::inRange(0, 15) / 10.0);
  }
  const double watt = estimate::power({Watt(2), Watt(10), 1.5}, busy, share, cores).value();
  RC_ASSERT(watt >= 2 - 1e-9);
  RC_ASSERT(watt <= 10 + 1e-9);
}

}  // namespace
}  // namespace isojoule

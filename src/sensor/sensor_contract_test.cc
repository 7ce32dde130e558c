// The contract of sensor.h, held against every row of the table of kinds.
#include "sensor/sensor_contract.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace isojoule {
namespace {

std::unique_ptr<Sensor> open(const SensorFixture& fixture, MemoryTree& tree) {
  auto sensor = open_sensor(fixture.spec, tree);
  EXPECT_TRUE(sensor.has_value()) << to_string(sensor.error());
  return sensor ? std::move(*sensor) : nullptr;
}

TEST(SensorContract, EveryKindHasAFixture) {
  for (const auto& kind : sensor_kinds()) {
    const auto& fixtures = sensor_fixtures();
    EXPECT_TRUE(
        std::any_of(fixtures.begin(), fixtures.end(),
                    [&](const SensorFixture& fixture) { return fixture.spec.type == kind.name; }))
        << "add_sensor_fixture() for the kind " << kind.name;
    EXPECT_FALSE(kind.help.empty());
  }
}

TEST(SensorContract, DeclaresUnitsResolutionWindowAndUncertainty) {
  for (const auto& fixture : sensor_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    const auto sensor = open(fixture, tree);
    ASSERT_NE(sensor, nullptr);
    EXPECT_TRUE(sensor->problems().empty());
    ASSERT_EQ(sensor->channels().size(), fixture.spec.channels.size());
    for (const auto& channel : sensor->channels()) {
      EXPECT_FALSE(channel.rail.empty());
      EXPECT_FALSE(channel.sensor.empty());
      EXPECT_GT(channel.step_a, 0);
      EXPECT_GE(channel.window.value(), 0);
      EXPECT_GT(channel.window.value() + channel.update_period.value(), 0) << "how fast is it?";
      EXPECT_GT(channel.gain_uncertainty, 0);
      if (channel.kind == ChannelKind::power) {
        EXPECT_GT(channel.power_quantum.value(), 0);
      }
      if (channel.kind != ChannelKind::voltage_current) continue;
      EXPECT_GT(channel.step_b, 0);
      EXPECT_GT(channel.voltage_quantum.value(), 0);
      EXPECT_GT(channel.current_quantum.value(), 0);
    }
  }
}

TEST(SensorContract, ReadsEveryChannelWithAscendingTimes) {
  for (const auto& fixture : sensor_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    const auto clock = make_real_clock();
    std::int64_t last = clock->now().ns;  // a reading may be older than the question for it
    const auto sensor = open(fixture, tree);
    ASSERT_NE(sensor, nullptr);
    std::vector<RawReading> readings(sensor->channels().size());
    for (int i = 0; i < 3; ++i) {
      sensor->read(*clock, readings);
      for (const auto& reading : readings) {
        EXPECT_EQ(reading.state, ReadingState::ok);
        EXPECT_GE(reading.time_ns, last);
        last = reading.time_ns;
      }
    }
    EXPECT_LE(last, clock->now().ns);
  }
}

TEST(SensorContract, AVanishedNodeAtOpenIsAProblemThatNamesItAndTheOthersGoOn) {
  for (const auto& fixture : sensor_fixtures()) {
    for (const auto& node : fixture.nodes) {
      SCOPED_TRACE(fixture.what + " without " + node);
      MemoryTree tree;
      fixture.fill(tree);
      tree.remove(node);
      const auto sensor = open(fixture, tree);
      ASSERT_NE(sensor, nullptr);
      EXPECT_EQ(sensor->channels().size() + 1, fixture.spec.channels.size());
      ASSERT_EQ(sensor->problems().size(), 1u);
      const Error& problem = sensor->problems().front();
      EXPECT_TRUE(problem.kind == ErrorKind::not_found || problem.kind == ErrorKind::no_data);
      EXPECT_NE(to_string(problem).find(node), std::string::npos) << to_string(problem);
    }
  }
}

TEST(SensorContract, ANodeThatVanishesMidwayFailsThatChannelOnly) {
  for (const auto& fixture : sensor_fixtures()) {
    if (fixture.nodes.empty()) continue;
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    fixture.fill(tree);
    const auto sensor = open(fixture, tree);
    ASSERT_NE(sensor, nullptr);
    tree.remove(fixture.nodes.back());
    const auto clock = make_real_clock();
    std::vector<RawReading> readings(sensor->channels().size());
    sensor->read(*clock, readings);
    const auto bad = std::count_if(readings.begin(), readings.end(), [](const RawReading& reading) {
      return reading.state == ReadingState::failed;
    });
    EXPECT_EQ(bad, 1);
  }
}

TEST(SensorContract, OpeningOnAnEmptyTreeSaysWhereItLooked) {
  for (const auto& fixture : sensor_fixtures()) {
    SCOPED_TRACE(fixture.what);
    MemoryTree tree;
    const auto sensor = open_sensor(fixture.spec, tree);
    ASSERT_FALSE(sensor.has_value());
    EXPECT_EQ(sensor.error().kind, ErrorKind::not_found);
    EXPECT_NE(sensor.error().tried.find(fixture.spec.bus_address), std::string::npos);
    EXPECT_FALSE(sensor.error().remedy.empty());
  }
}

TEST(OpenSensor, AnUnknownTypeGivesTheNearest) {
  MemoryTree tree;
  ChipSpec spec;
  spec.type = "ina3321";
  const auto sensor = open_sensor(spec, tree);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::not_found);
  EXPECT_EQ(sensor.error().remedy, "Did you mean 'ina3221'?");
}

}  // namespace
}  // namespace isojoule

#include "trace/segment.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "trace/ground_truth.h"
#include "trace/integrate.h"

namespace isojoule {
namespace {

Instant at(double seconds) { return {std::llround(seconds * 1e9)}; }

// Without readings, in steps of 1 mW or 1 mJ.
Channel channel_of(ChannelKind kind) {
  Channel channel;
  channel.info.kind = kind;
  channel.info.step_a = 1e-3;
  return channel;
}

double sum_of(const std::vector<std::optional<Joule>>& energies) {
  double sum = 0;
  for (const auto& energy : energies) sum += energy.value().value();
  return sum;
}

// Any sensor, any curve: the parts add up, and the whole is what the window's energy is, up to how
// its two edges are judged.
RC_GTEST_PROP(Segments, AddUpToTheWhole, ()) {
  truth::Cases cases(*rc::gen::arbitrary<std::uint64_t>());
  const truth::Case drawn = cases.next();
  const Channel channel =
      truth::Look(drawn.curve, drawn.sensor, cases.random()).between(0, drawn.end_s + 3);
  std::vector<Instant> marks = {at(drawn.begin_s), at(drawn.end_s)};
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i)
    marks.push_back(at(drawn.begin_s + (drawn.end_s - drawn.begin_s) * cases.random().uniform()));
  std::sort(marks.begin(), marks.end());
  const Instant ends[] = {marks.front(), marks.back()};
  const double whole = sum_of(energies_between(channel, ends));
  RC_ASSERT(std::abs(sum_of(energies_between(channel, marks)) - whole) < 1e-6 * whole + 1e-9);
  Counters counters;
  const Energy energy = integrate(channel, marks.front(), marks.back(),
                                  Duration::from(Second(drawn.sensor.period_s)), counters);
  const double most = 40 * 3 * (drawn.sensor.period_s + drawn.sensor.window_s);  // W x s
  RC_ASSERT(std::abs(energy.energy.value->value() - whole) < most);
}

TEST(Segments, AreTheBatchesEnergies) {
  truth::Curve curve;
  curve.level(2);
  curve.pulses(6, 0.5, 0.4, 1);
  truth::Sensor sensor;
  sensor.period_s = 0.001;
  Random random(1);
  const Channel channel = truth::Look(curve, sensor, random).between(0, 12);
  std::vector<Instant> marks;
  for (int i = 0; i <= 20; ++i) marks.push_back(at(1 + 0.5 * i));
  for (const auto& energy : energies_between(channel, marks))
    EXPECT_NEAR(energy.value().value(), 2 * 0.5 + 6 * 0.2, 0.01);
}

TEST(Segments, OutsideOfTheReadingsAreAbsent) {
  truth::Curve curve;
  curve.level(2);
  truth::Sensor sensor;
  Random random(1);
  const Channel channel = truth::Look(curve, sensor, random).between(1, 3);
  const Instant marks[] = {at(0), at(1.5), at(2), at(9)};
  const auto energies = energies_between(channel, marks);
  ASSERT_EQ(energies.size(), 3U);
  EXPECT_FALSE(energies[0]);
  EXPECT_NEAR(energies[1].value().value(), 1, 1e-9);
  EXPECT_FALSE(energies[2]);
  EXPECT_TRUE(energies_between(channel, {}).empty());
  EXPECT_FALSE(energies_between(Channel{}, marks)[0]);
}

TEST(Segments, OfACounterThatWasResetAreAbsentThere) {
  Channel channel = channel_of(ChannelKind::energy_counter);
  for (int i = 0; i <= 60; ++i) {
    channel.time_ns.push_back(at(0.1 * i).ns);
    channel.a.push_back(i * 200 - (i > 30 ? 5000 : 0));  // 2 W
  }
  const Instant marks[] = {at(0.5), at(2), at(4), at(5.5)};
  const auto energies = energies_between(channel, marks);
  EXPECT_NEAR(energies[0].value().value(), 3, 1e-9);
  EXPECT_FALSE(energies[1]);
  EXPECT_NEAR(energies[2].value().value(), 3, 1e-9);
}

// A mark in the very cell over which the counter ran backwards leaves no part of it on either side.
TEST(Segments, AMarkWithinTheResetItselfHasNoEnergyBesideIt) {
  Channel channel = channel_of(ChannelKind::energy_counter);
  for (int i = 0; i <= 60; ++i) {
    channel.time_ns.push_back(at(0.1 * i).ns);
    channel.a.push_back(i * 200 - (i > 30 ? 5000 : 0));
  }
  const Instant marks[] = {at(1), at(2), at(3.05), at(5)};
  const auto energies = energies_between(channel, marks);
  EXPECT_TRUE(energies[0]);
  EXPECT_FALSE(energies[1]);
  EXPECT_FALSE(energies[2]);
}

TEST(Segments, ALongGapIsNotBridged) {
  for (const double missing : {0.5, 1.5, 5.0}) {  // of readings every 0.1 s; 5 s: beyond 2^31 ns
    Channel channel = channel_of(ChannelKind::power);
    for (double t = 0; t<20; t += t> 9.95 && t < 10 ? missing : 0.1) {
      channel.time_ns.push_back(at(t).ns);
      channel.a.push_back(2000);
    }
    const Instant marks[] = {at(1), at(8), at(10.2), at(10.3), at(16), at(18)};
    const auto energies = energies_between(channel, marks);
    EXPECT_EQ(energies[1].has_value(), missing < 1) << missing;
    EXPECT_EQ(energies[2].has_value(), missing < 1) << missing;
    EXPECT_EQ(energies[3].has_value(), missing < 1) << missing;
    EXPECT_NEAR(energies[0].value().value(), 14, 1e-6);
    EXPECT_NEAR(energies[4].value().value(), 4, 1e-6);
  }
}

TEST(Segments, StretchesMayLieInOneAnotherAndOverlapInAnyOrder) {
  Channel channel = channel_of(ChannelKind::power);
  for (int i = 0; i <= 100; ++i) {
    channel.time_ns.push_back(at(0.1 * i).ns);
    channel.a.push_back(i * 10);  // 0.1 W a second
  }
  const BatchMark stretches[] = {{at(6), at(8)}, {at(1), at(9)},  {at(2), at(7)},
                                 {at(2), at(2)}, {at(9), at(11)}, {at(6), at(8)}};
  const auto energies = energies_of(channel, stretches);
  ASSERT_EQ(energies.size(), 6U);
  EXPECT_NEAR(energies[0].value().value(), 0.05 * (64 - 36), 1e-9);
  EXPECT_NEAR(energies[1].value().value(), 0.05 * (81 - 1), 1e-9);
  EXPECT_NEAR(energies[2].value().value(), 0.05 * (49 - 4), 1e-9);
  EXPECT_FALSE(energies[3]);
  EXPECT_FALSE(energies[4]);
  EXPECT_EQ(energies[5], energies[0]);
  EXPECT_TRUE(energies_of(channel, {}).empty());
}

}  // namespace
}  // namespace isojoule

#include "trace/integrate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "base/random.h"
#include "trace/reading_fixture.h"
#include "trace/stream_integral.h"

namespace isojoule {
namespace {

using namespace test;

double joules(const Channel& channel, double begin, double end, Duration period = kPeriod) {
  Counters counters;
  const Energy energy = integrate(channel, at(begin), at(end), period, counters);
  return energy.energy.value ? energy.energy.value->value() : std::nan("");
}

double cause(const Energy& energy, const char* name) { return energy.budget_j.at(name); }

TEST(Integrate, AConstantIsPowerTimesTime) {
  const Channel channel = channel_of(ticks(0, 10), [](double) { return 5.0; });
  Counters counters;
  const Energy energy = integrate(channel, at(1.03), at(8.51), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 5 * 7.48, 1e-9);
  EXPECT_EQ(cause(energy, "sampling"), 0);
  EXPECT_EQ(cause(energy, "edges"), 0);
  EXPECT_FALSE(counters.any());
}

TEST(Integrate, ARampIsExactAtAnyEdges) {
  const Channel channel = channel_of(ticks(0, 10), [](double t) { return 1 + 2 * t; });
  const double begin = 1.234, end = 7.891;
  EXPECT_NEAR(joules(channel, begin, end), (end - begin) + (end * end - begin * begin), 1e-5);
  Counters counters;
  EXPECT_NEAR(cause(integrate(channel, at(begin), at(end), kPeriod, counters), "sampling"), 0,
              1e-6);
}

TEST(Integrate, ASineIsWithinTheTrapezoidsBound) {
  const double w = 2 * std::numbers::pi;  // 1 Hz
  const Channel channel =
      channel_of(ticks(0, 10, 0.05), [w](double t) { return 5 + std::sin(w * t); });
  const double begin = 1.21, end = 6.66;
  const double exact = 5 * (end - begin) - (std::cos(w * end) - std::cos(w * begin)) / w;
  const double bound = (end - begin) * 0.05 * 0.05 / 12 * w * w;  // (b-a) h^2/12 max|f''|
  EXPECT_NEAR(joules(channel, begin, end, Duration::milliseconds(50)), exact, bound);
}

TEST(Integrate, AStepIsWithinItsUncertainty) {
  for (double step_at : {5.0, 5.02, 5.05, 5.08}) {
    const Channel channel =
        channel_of(ticks(0, 10), [&](double t) { return t < step_at ? 2.0 : 8.0; });
    Counters counters;
    const Energy energy = integrate(channel, at(1), at(9), kPeriod, counters);
    const double exact = 2 * (step_at - 1) + 8 * (9 - step_at);
    EXPECT_LE(std::abs(energy.energy.value->value() - exact),
              2 * energy.energy.uncertainty->value());
    EXPECT_NEAR(energy.energy.value->value(), exact, 6 * 0.05 + 1e-9);
  }
}

// A power that jumps at the phase's begin counts from there on, whatever the readings' phase.
TEST(Integrate, AStepAtTheEdgeIsTakenForOne) {
  for (const double window : {0.0, 0.1, 0.25})
    for (const double edge : {5.03, 5.06, 5.09}) {
      const auto mean = [&](double t) {
        if (window == 0) return t < edge ? 2.0 : 8.0;
        return 2.0 + 6.0 * std::clamp((t - edge) / window, 0.0, 1.0);
      };
      const Channel channel = channel_of(ticks(0, 10), mean, window);
      Counters counters;
      const Energy energy = integrate(channel, at(edge), at(9), kPeriod, counters);
      EXPECT_NEAR(energy.energy.value->value(), 8 * (9 - edge), 1e-4) << window << " " << edge;
      EXPECT_GT(cause(energy, "edges"), 0);
      EXPECT_LT(cause(energy, "edges"), 6 * 0.05);
    }
}

// Without a step where the window begins, the line between the readings holds.
TEST(Integrate, AnEdgeAnywhereElseIsOnTheLine) {
  Random random(3);
  const Channel channel =
      channel_of(ticks(0, 60), [&](double t) { return 5 + std::sin(t) + 0.01 * random.normal(); });
  for (double begin = 1; begin < 5; begin += 0.037) {
    const double exact = 5 * 40 - std::cos(begin + 40) + std::cos(begin);
    EXPECT_NEAR(joules(channel, begin, begin + 40), exact, 0.02) << begin;
  }
}

// The mean over [t-w, t] of a ramp is its value at t - w/2: the integral is exact only so.
TEST(Integrate, AReadingBelongsToTheMiddleOfItsWindow) {
  const double window = 0.1;
  const Channel channel = channel_of(
      ticks(0, 10), [&](double t) { return 3 * (t - window / 2); }, window);
  EXPECT_NEAR(joules(channel, 2, 6), 1.5 * (36 - 4), 1e-5);
}

// A chip that renews its value every 130 ms, polled every 20 ms.
TEST(Integrate, RepeatedValuesAreCountedAndDoNotDistort) {
  const double window = 0.13;
  const auto chip = [&](double t) {
    const double finished = std::floor(t / window + 1e-9) * window;
    return 3 * (finished - window / 2);
  };
  Channel channel = channel_of(ticks(0, 10, 0.02), chip, window);
  channel.info.update_period = Second(window);
  Counters counters;
  const Energy energy = integrate(channel, at(2), at(6), Duration::milliseconds(20), counters);
  EXPECT_NEAR(energy.energy.value->value(), 1.5 * (36 - 4), 3 * 4 * 0.006);  // part of a poll late
  EXPECT_NEAR(static_cast<double>(counters[Counter::sample_stale]), 200 - 4 / window, 2);
  EXPECT_EQ(counters[Counter::sample_gap], 0U);
}

// A source with news every 100 ms, polled every 10 ms, that repeats its time with its value.
TEST(Integrate, ASourceSlowerThanTheTicksLeavesNoGapByThat) {
  std::vector<double> times;
  for (const double tick : ticks(0, 10, 0.01)) times.push_back(std::floor(tick * 10 + 1e-6) / 10);
  Channel channel = channel_of(times, [](double t) { return 2 * t; });
  channel.info.update_period = Second(0.1);
  channel.info.is_dated_by_source = true;
  Counters counters;
  const Energy energy = integrate(channel, at(2), at(6), Duration::milliseconds(10), counters);
  EXPECT_NEAR(energy.energy.value->value(), 36 - 4, 1e-5);
  EXPECT_EQ(counters[Counter::sample_gap], 0U);
  channel.info.update_period = Second(0);  // it should have had news
  integrate(channel, at(2), at(6), Duration::milliseconds(10), counters);
  EXPECT_GT(counters[Counter::sample_gap], 30U);
}

TEST(Integrate, IrregularTimesAreWeightedByTheirSpacing) {
  const Channel channel =
      channel_of({0, 0.1, 0.15, 0.9, 1.0, 1.7, 2}, [](double t) { return 4 * t; });
  Counters counters;
  const Energy energy = integrate(channel, at(0.05), at(1.95), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 2 * (1.95 * 1.95 - 0.05 * 0.05), 1e-5);
  EXPECT_EQ(counters[Counter::sample_gap], 3U);
}

TEST(Integrate, NothingIsAbsentWithTheReason) {
  Counters counters;
  Energy energy = integrate(channel_of({}, {}), at(0), at(1), kPeriod, counters);
  EXPECT_FALSE(energy.energy.value);
  EXPECT_FALSE(energy.energy.uncertainty);
  EXPECT_NE(energy.energy.why_absent, "");
  const Channel channel = channel_of(ticks(0, 10), [](double) { return 5.0; });
  energy = integrate(channel, at(3.02), at(3.08), kPeriod, counters);
  EXPECT_FALSE(energy.energy.value);
  EXPECT_EQ(energy.energy.why_absent, "no reading falls into the phase");
  EXPECT_EQ(counters[Counter::phase_without_samples], 2U);
  EXPECT_FALSE(integrate(channel, at(3), at(3), kPeriod, counters).energy.value);
}

TEST(Integrate, OneSampleIsHeld) {
  const Channel channel = channel_of({0.5}, [](double) { return 5.0; });
  Counters counters;
  const Energy energy = integrate(channel, at(0.45), at(0.55), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 0.5, 1e-9);
  EXPECT_FALSE(counters.any());
}

TEST(Integrate, ATraceThatEndsIsHeldForAWhileCountedAndUncertain) {
  const Channel channel = channel_of(ticks(0, 5), [](double) { return 4.0; });
  Counters counters;
  const Energy energy = integrate(channel, at(1), at(5.8), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 4 * 4.8, 1e-9);
  EXPECT_EQ(counters[Counter::trace_ends_in_phase], 1U);
  EXPECT_EQ(counters[Counter::sample_gap], 0U);
  EXPECT_GT(energy.energy.uncertainty->value(), 0.5);

  const Energy longer = integrate(channel, at(1), at(7), kPeriod, counters);
  EXPECT_FALSE(longer.energy.value);
  EXPECT_EQ(longer.energy.why_absent, "readings are missing for 2 s in one piece");
  EXPECT_EQ(counters[Counter::trace_ends_in_phase], 2U);
  EXPECT_EQ(counters[Counter::gap_not_bridged], 1U);
}

TEST(Integrate, AGapIsBridgedOnlyWhenItIsShort) {
  const Channel whole = channel_of(ticks(0, 60), [](double t) { return t > 30 ? 6.0 : 5.0; });
  for (const int missing : {5, 15}) {
    Channel channel = whole;
    channel.a.erase(channel.a.begin() + 296, channel.a.begin() + 296 + missing);
    channel.time_ns.erase(channel.time_ns.begin() + 296, channel.time_ns.begin() + 296 + missing);
    for (const double end : {40.0, 59.0}) {
      Counters counters;
      const Energy energy = integrate(channel, at(20), at(end), kPeriod, counters);
      EXPECT_EQ(counters[Counter::sample_gap], 1U);
      const bool is_short = missing == 5;
      EXPECT_EQ(energy.energy.value.has_value(), is_short) << missing << " " << end;
      EXPECT_EQ(counters[Counter::gap_not_bridged], is_short ? 0U : 1U);
      if (is_short) {
        EXPECT_GT(cause(energy, "gaps"), 0.1);
      }
    }
  }
}

TEST(Integrate, AWindowOutsideOfTheTraceIsAbsentAndCounted) {
  const Channel channel = channel_of(ticks(10, 20), [](double) { return 4.0; });
  Counters counters;
  EXPECT_FALSE(integrate(channel, at(1), at(5), kPeriod, counters).energy.value);
  EXPECT_FALSE(integrate(channel, at(30), at(35), kPeriod, counters).energy.value);
  EXPECT_EQ(counters[Counter::marker_outside], 2U);
}

TEST(Integrate, TimeThatGoesBackIsLeftOutAndCounted) {
  Channel channel = channel_of(ticks(0, 10), [](double t) { return 5 + t; });
  channel.time_ns[50] = channel.time_ns[47];
  Counters counters;
  const Energy energy = integrate(channel, at(1), at(9), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 5 * 8 + 40, 1e-3);
  EXPECT_EQ(counters[Counter::time_backwards], 1U);
}

// A single reading whose clock was wrong is no gap in the others, and no end of them.
TEST(Integrate, AReadingFarBackInTimeIsNoGap) {
  for (const std::size_t row : {50U, 100U}) {
    Channel channel = channel_of(ticks(0, 10), [](double) { return 5.0; });
    channel.time_ns[row] = channel.time_ns[3];
    Counters counters;
    StreamIntegral integral(channel.info, at(1), at(9.95), kPeriod);
    integral.add(channel);
    const Energy energy = integral.finish(counters);
    ASSERT_TRUE(energy.energy.value) << energy.energy.why_absent;
    EXPECT_NEAR(energy.energy.value->value(), 5 * 8.95, 1e-6);
    EXPECT_EQ(counters[Counter::time_backwards], 1U);
    EXPECT_EQ(counters[Counter::gap_not_bridged], 0U);
    EXPECT_EQ(counters[Counter::trace_ends_in_phase], 0U);
  }
}

TEST(Integrate, OneReadingAloneSaysNothingOfAnHour) {
  const Channel channel = channel_of({5}, [](double) { return 5.0; });
  Counters counters;
  EXPECT_FALSE(integrate(channel, at(1), at(3600), {}, counters).energy.value);
  EXPECT_EQ(counters[Counter::gap_not_bridged], 1U);
  EXPECT_TRUE(integrate(channel, at(4.98), at(5.02), kPeriod, counters).energy.value);
}

TEST(Integrate, ACalibrationTakesThePlaceOfGainAndOffset) {
  Channel channel = channel_of(ticks(0, 10), [](double) { return 5.0; });
  channel.info.gain_uncertainty = 0.01;
  channel.info.power_offset_uncertainty = Watt(0.02);
  channel.info.calibration = Calibration{1.1, Watt(-0.5), 2e-3, Watt(0.01), -0.5, "m", "2026"};
  Counters counters;
  const Energy energy = integrate(channel, at(1), at(9), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 8 * (1.1 * 5 - 0.5), 1e-9);
  EXPECT_FALSE(energy.budget_j.contains("gain"));
  EXPECT_FALSE(energy.budget_j.contains("offset"));
  const double gain = 40 * 2e-3, offset = 8 * 0.01;
  EXPECT_NEAR(cause(energy, "calibration"),
              std::sqrt(gain * gain + offset * offset - gain * offset), 1e-9);
}

TEST(Integrate, NegativePowerIsKeptAndCounted) {
  const Channel channel = channel_of(ticks(0, 2), [](double) { return -0.5; });
  Counters counters;
  const Energy energy = integrate(channel, at(0), at(2), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), -1, 1e-9);
  EXPECT_EQ(counters[Counter::negative_power], 21U);
}

TEST(Integrate, AShortPhaseIsToldFromTheChipsWindow) {
  const Channel channel = channel_of(
      ticks(0, 10), [](double) { return 5.0; }, 0.5);
  Counters counters;
  const Energy energy = integrate(channel, at(2), at(2.3), kPeriod, counters);
  EXPECT_EQ(counters[Counter::window_shorter_than_sensor], 1U);
  // All readings are the same, and yet the other 0.2 s of each may have drawn anything.
  EXPECT_NEAR(energy.energy.uncertainty->value(), 5 * 0.2 / std::sqrt(3.0), 1e-6);
}

Channel chip_channel(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Channel channel;
  channel.info = {"VDD_IN",
                  "ina3221 6-0040 channel 0",
                  ChannelKind::voltage_current,
                  1e-3,
                  1e-3,
                  Volt(0.008),
                  Ampere(0.008),
                  Second(0),
                  0.01,
                  Ampere(0.004)};
  for (std::size_t i = 0; i < count; ++i) {
    channel.time_ns.push_back(static_cast<std::int64_t>(i) * 100 * kMs);
    channel.a.push_back(5000);
    channel.b.push_back(1000 + 8 * static_cast<std::int32_t>(random.below(2)));
  }
  return channel;
}

TEST(Integrate, TheBudgetFollowsTheChipsConstants) {
  Channel channel = chip_channel(101, 1);
  for (auto& current : channel.b) current = 1000;
  Counters counters;
  const Energy energy = integrate(channel, at(0), at(10), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 50, 1e-9);
  EXPECT_NEAR(cause(energy, "gain"), 0.5, 1e-9);
  EXPECT_NEAR(cause(energy, "offset"), 5 * 0.004 * 10, 1e-9);
  // A steady reading does not average: 5 V x 8 mA and 1 A x 8 mV over sqrt(12), for 10 s.
  EXPECT_NEAR(cause(energy, "quantisation"), std::hypot(0.04, 0.008) / std::sqrt(12.0) * 10, 1e-9);
  double square = 0;
  for (const auto& [name, u] : energy.budget_j) square += u * u;
  EXPECT_NEAR(energy.energy.uncertainty->value(), std::sqrt(square), 1e-12);
}

// White noise of known deviation: the sampling part is sigma x h x sqrt(n).
TEST(Integrate, ScatterGivesTheSamplingPart) {
  Random random(5);
  const Channel channel =
      channel_of(ticks(0, 400), [&](double) { return 10 + 0.5 * random.normal(); });
  Counters counters;
  const Energy energy = integrate(channel, at(0), at(400), kPeriod, counters);
  EXPECT_NEAR(cause(energy, "sampling"), 0.5 * 0.1 * std::sqrt(4000.0), 0.15);
}

Channel counter_channel(std::uint64_t start, std::uint64_t steps_a_tick) {
  Channel channel;
  channel.info.kind = ChannelKind::energy_counter;
  channel.info.step_a = 1e-6;
  for (std::uint64_t i = 0; i <= 20; ++i) {
    channel.time_ns.push_back(static_cast<std::int64_t>(i) * 100 * kMs);
    channel.a.push_back(
        static_cast<std::int32_t>(static_cast<std::uint32_t>(start + i * steps_a_tick)));
  }
  return channel;
}

TEST(Integrate, EnergyCountersAreUnwrapped) {
  const std::uint64_t near32 = (1ULL << 32) - 1'000'000, near31 = (1ULL << 31) - 1'000'000,
                      near63 = (1ULL << 63) - 1'000'000;
  for (const std::uint64_t start : {std::uint64_t{0}, near31, near32, near63}) {
    const Channel channel = counter_channel(start, 500'000);  // 5 W
    EXPECT_NEAR(joules(channel, 0, 2), 10, 1e-9) << start;
    EXPECT_NEAR(joules(channel, 0.33, 1.77), 7.2, 1e-9) << start;
  }
}

TEST(Integrate, AResetCounterIsAbsent) {
  Channel channel = counter_channel(10'000'000, 500'000);
  for (std::size_t i = 10; i < channel.a.size(); ++i) channel.a[i] -= 14'000'000;
  Counters counters;
  const Energy energy = integrate(channel, at(0), at(2), kPeriod, counters);
  EXPECT_FALSE(energy.energy.value);
  EXPECT_EQ(counters[Counter::sample_failed], 1U);
  EXPECT_NEAR(joules(channel, 1.1, 2), 4.5, 1e-9);  // the reset is elsewhere
}

// ---- properties ---------------------------------------------------------------------------------

Channel arbitrary_channel() {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  Random random(seed);
  std::vector<double> times;
  for (double t = 0; t < 10; t += 0.02 + 0.15 * random.uniform()) times.push_back(t);
  return channel_of(
      times, [&](double) { return 2 + 10 * random.uniform(); }, *rc::gen::element(0.0, 0.1));
}

// What an edge takes from one window it gives to the other, as far as there is no step.
RC_GTEST_PROP(IntegrateProperty, AdjacentWindowsAddUp, ()) {
  const double slope = *rc::gen::inRange(-9, 9) / 10.0, height = *rc::gen::inRange(0, 4);
  const Channel channel = channel_of(
      ticks(0, 10, *rc::gen::element(0.02, 0.1)),
      [&](double t) { return 12 + slope * t + height * std::sin(t); },
      *rc::gen::element(0.0, 0.1, 0.43));
  const double middle = *rc::gen::inRange(1'500, 8'000) / 1000.0;
  RC_ASSERT(std::abs(joules(channel, 0.5, middle) + joules(channel, middle, 9) -
                     joules(channel, 0.5, 9)) <
            2e-3);  // of about 70: where the slope turns, a trace of a step
}

// With steps everywhere they need not: by no more than what lies between two readings.
RC_GTEST_PROP(IntegrateProperty, AdjacentWindowsDifferByLessThanACell, ()) {
  const Channel channel = arbitrary_channel();  // 2 to 12 W, at most 0.17 s apart
  const double middle = *rc::gen::inRange(1'500, 8'000) / 1000.0;
  const double differ =
      joules(channel, 0.5, middle) + joules(channel, middle, 9) - joules(channel, 0.5, 9);
  RC_ASSERT(std::abs(differ) <= 10 * (0.17 + channel.info.window.value()));
}

RC_GTEST_PROP(IntegrateProperty, TwiceThePowerIsTwiceTheEnergy, ()) {
  Channel channel = arbitrary_channel();
  Counters counters;
  const Energy once = integrate(channel, at(0.7), at(8.3), kPeriod, counters);
  channel.info.step_a *= 2;
  const Energy twice = integrate(channel, at(0.7), at(8.3), kPeriod, counters);
  RC_ASSERT(std::abs(twice.energy.value->value() - 2 * once.energy.value->value()) < 1e-9);
  RC_ASSERT(std::abs(twice.energy.uncertainty->value() - 2 * once.energy.uncertainty->value()) <
            1e-9);
}

RC_GTEST_PROP(IntegrateProperty, TheLineOfTimeHasNoOrigin, ()) {
  Channel channel = arbitrary_channel();
  Counters counters, shifted_counters;
  const Energy here = integrate(channel, at(0.7), at(8.3), kPeriod, counters);
  const std::int64_t shift =
      *rc::gen::inRange<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000'000);
  for (auto& time : channel.time_ns) time += shift;
  const Energy there =
      integrate(channel, {at(0.7).ns + shift}, {at(8.3).ns + shift}, kPeriod, shifted_counters);
  RC_ASSERT(here.energy.value->value() == there.energy.value->value());
  RC_ASSERT(here.energy.uncertainty->value() == there.energy.uncertainty->value());
  RC_ASSERT(counters == shifted_counters);
}

}  // namespace
}  // namespace isojoule

#include "trace/integrate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "base/random.h"

namespace isojoule {
namespace {

constexpr std::int64_t kMs = 1'000'000;
const Duration kPeriod = Duration::milliseconds(100);

Instant at(double seconds) { return {std::llround(seconds * 1e9)}; }

// A channel of 1 uW steps that reads `power` (W) at each time (s).
Channel channel_of(const std::vector<double>& times, const std::function<double(double)>& power,
                   double window = 0) {
  Channel channel;
  channel.info.rail = "VDD_IN";
  channel.info.sensor = "ina3221 6-0040 channel 0";
  channel.info.kind = ChannelKind::power;
  channel.info.step_a = 1e-6;
  channel.info.window = Second(window);
  for (const double time : times) {
    channel.time_ns.push_back(at(time).ns);
    channel.a.push_back(static_cast<std::int32_t>(std::lround(power(time) * 1e6)));
  }
  return channel;
}

std::vector<double> ticks(double from, double to, double step = 0.1) {
  std::vector<double> times;
  for (int i = 0; from + i * step <= to + 1e-9; ++i) times.push_back(from + i * step);
  return times;
}

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

// A power that jumps at the phase's begin: the edge's part covers it.
TEST(Integrate, AStepAtTheEdgeIsInTheBudget) {
  const Channel channel = channel_of(ticks(0, 10), [](double t) { return t < 5.03 ? 2.0 : 8.0; });
  Counters counters;
  const Energy energy = integrate(channel, at(5.03), at(9), kPeriod, counters);
  EXPECT_NEAR(cause(energy, "edges"), 6 * 0.1 / std::sqrt(12.0), 0.02);
  EXPECT_LE(std::abs(energy.energy.value->value() - 8 * 3.97),
            2 * energy.energy.uncertainty->value());
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
  const Channel channel = channel_of(ticks(0, 10, 0.02), chip, window);
  Counters counters;
  const Energy energy = integrate(channel, at(2), at(6), Duration::milliseconds(20), counters);
  EXPECT_NEAR(energy.energy.value->value(), 1.5 * (36 - 4), 3 * 4 * 0.02);  // one poll late at most
  EXPECT_NEAR(static_cast<double>(counters[Counter::sample_stale]), 200 - 4 / window, 2);
  EXPECT_EQ(counters[Counter::sample_gap], 0U);
}

// A source with news every 100 ms, polled every 10 ms, that repeats its time with its value.
TEST(Integrate, ASourceSlowerThanTheTicksLeavesNoGapByThat) {
  std::vector<double> times;
  for (const double tick : ticks(0, 10, 0.01)) times.push_back(std::floor(tick * 10 + 1e-6) / 10);
  Channel channel = channel_of(times, [](double t) { return 2 * t; });
  channel.info.update_period = Second(0.1);
  Counters counters;
  const Energy energy = integrate(channel, at(2), at(6), Duration::milliseconds(10), counters);
  EXPECT_NEAR(energy.energy.value->value(), 36 - 4, 1e-6);
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

TEST(Integrate, ATraceThatEndsIsHeldCountedAndUncertain) {
  const Channel channel = channel_of(ticks(0, 5), [](double) { return 4.0; });
  Counters counters;
  const Energy energy = integrate(channel, at(1), at(7), kPeriod, counters);
  EXPECT_NEAR(energy.energy.value->value(), 24, 1e-9);
  EXPECT_EQ(counters[Counter::trace_ends_in_phase], 1U);
  EXPECT_GT(energy.energy.uncertainty->value(), 2);
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
  integrate(channel, at(2), at(2.3), kPeriod, counters);
  EXPECT_EQ(counters[Counter::window_shorter_than_sensor], 1U);
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

RC_GTEST_PROP(IntegrateProperty, AdjacentWindowsAddUp, ()) {
  const Channel channel = arbitrary_channel();
  const double middle = *rc::gen::inRange(1'000, 8'000) / 1000.0;
  RC_ASSERT(std::abs(joules(channel, 0.5, middle) + joules(channel, middle, 9) -
                     joules(channel, 0.5, 9)) < 1e-9);
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

// ---- phases -------------------------------------------------------------------------------------

const PhaseEnergy& find(const std::vector<PhaseEnergy>& energies, PhaseKind kind,
                        const std::string& rail) {
  for (const auto& energy : energies)
    if (energy.phase == kind && energy.rail == rail) return energy;
  throw std::out_of_range(rail);
}

Trace two_rails(const std::string& sensor_b) {
  const auto power = [](double t) { return t < 2 ? 1.0 : 5.0; };
  Trace trace;
  trace.period = kPeriod;
  trace.total = "A + B";
  trace.channels = {channel_of(ticks(0, 8), power), channel_of(ticks(0, 8), power)};
  trace.channels[0].info.rail = "A";
  trace.channels[1].info.rail = "B";
  trace.channels[1].info.sensor = sensor_b;
  for (auto& channel : trace.channels) channel.info.gain_uncertainty = 0.01;
  return trace;
}

const std::vector<Phase> kPhases = {{PhaseKind::idle, at(0.2), at(1.8)},
                                    {PhaseKind::inference, at(3), at(7)}};

TEST(PhaseEnergies, TotalsNetAndGain) {
  Counters counters;
  auto energies = phase_energies(two_rails("ina3221 6-0040 channel 1"), kPhases, counters);
  ASSERT_EQ(energies.size(), 6U);
  const PhaseEnergy& total = find(energies, PhaseKind::inference, "total");
  EXPECT_NEAR(total.gross.value->value(), 40, 1e-9);
  EXPECT_NEAR(total.net.value->value(), 32, 1e-9);
  EXPECT_NEAR(total.budget_j.at("gain"), 0.4, 1e-9);  // one chip: 0.2 + 0.2
  EXPECT_NEAR(total.net.uncertainty->value(), 0.32, 1e-4);
  EXPECT_NEAR(find(energies, PhaseKind::inference, "A").gross.value->value(), 20, 1e-9);
  EXPECT_EQ(find(energies, PhaseKind::idle, "total").net.value, std::nullopt);
  EXPECT_FALSE(counters.any());

  energies = phase_energies(two_rails("ina3221 6-0041 channel 0"), kPhases, counters);
  EXPECT_NEAR(find(energies, PhaseKind::inference, "total").budget_j.at("gain"),
              0.2 * std::sqrt(2.0), 1e-9);  // two chips
}

TEST(PhaseEnergies, AMissingRailMakesTheTotalAbsentNotLess) {
  Trace trace = two_rails("x");
  trace.channels[1].time_ns.clear();
  trace.channels[1].a.clear();
  Counters counters;
  auto energies = phase_energies(trace, kPhases, counters);
  EXPECT_FALSE(find(energies, PhaseKind::inference, "total").gross.value);
  EXPECT_NE(find(energies, PhaseKind::inference, "total").gross.why_absent.find("rail B"),
            std::string::npos);
  EXPECT_TRUE(find(energies, PhaseKind::inference, "A").gross.value);
  EXPECT_EQ(counters[Counter::rail_missing], 1U);
  EXPECT_EQ(counters[Counter::phase_without_samples], 0U);

  trace.channels.pop_back();
  Counters again;
  energies = phase_energies(trace, kPhases, again);
  EXPECT_FALSE(find(energies, PhaseKind::idle, "total").gross.value);
  EXPECT_EQ(again[Counter::rail_missing], 1U);
}

TEST(PhaseEnergies, WithoutAnySourceTheTotalSaysSo) {
  Counters counters;
  const auto energies = phase_energies(Trace{}, kPhases, counters);
  ASSERT_EQ(energies.size(), 2U);
  EXPECT_EQ(energies[1].gross.why_absent, "no power source gave readings");
  EXPECT_EQ(energies[1].net.why_absent, "no power source gave readings");
}

TEST(PhaseEnergies, AGapOnAllRailsIsOneGap) {
  Trace trace = two_rails("x");
  for (Channel& channel : trace.channels) {
    channel.time_ns.erase(channel.time_ns.begin() + 45, channel.time_ns.begin() + 48);
    channel.a.erase(channel.a.begin() + 45, channel.a.begin() + 48);
  }
  Counters counters;
  phase_energies(trace, kPhases, counters);
  EXPECT_EQ(counters[Counter::sample_gap], 1U);
}

TEST(Residency, IsTheShareOfTimeAtEachValue) {
  Trace trace;
  trace.watches = {{"gpu_frequency",
                    {0, 1000 * kMs, 2000 * kMs, 3000 * kMs},
                    {76.8e6, 921.6e6, 921.6e6, 76.8e6}},
                   {"temperature_cpu", {0}, {40.5}}};
  const auto shares = residency_percent(trace, at(0.5), at(4));
  ASSERT_EQ(shares.size(), 1U);
  EXPECT_NEAR(shares.at("gpu_frequency").at(76.8e6), 100 * 1.5 / 3.5, 1e-9);
  EXPECT_NEAR(shares.at("gpu_frequency").at(921.6e6), 100 * 2.0 / 3.5, 1e-9);
  EXPECT_TRUE(residency_percent(trace, at(4), at(4)).empty());
  EXPECT_NEAR(residency_percent(trace, at(-3), at(0.5)).at("gpu_frequency").at(76.8e6), 100, 1e-9);
}

}  // namespace
}  // namespace isojoule

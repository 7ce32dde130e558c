// Phases of all rails: totals, net, residency.
#include <gtest/gtest.h>

#include "trace/integrate.h"
#include "trace/reading_fixture.h"

namespace isojoule {
namespace {

using namespace test;

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

// The fit's line is well known in its middle, at the power that the phase has: its slope, which
// acts on the difference to the idle power, is not.
TEST(PhaseEnergies, NetOfACalibratedRailIsAsUnsureAsTheSlope) {
  Trace trace;
  trace.total = "VDD_IN";
  trace.period = kPeriod;
  trace.channels = {channel_of(ticks(0, 30), [](double t) { return t < 10 ? 2.0 : 10.0; })};
  trace.channels[0].info.calibration =
      Calibration{1, Watt(0), 0.01, Watt(0.1), -1, "m", "2026"};  // exact at 10 W
  Counters counters;
  const auto energies = phase_energies(
      trace, {{PhaseKind::idle, at(1), at(9)}, {PhaseKind::inference, at(12), at(28)}}, counters);
  for (const PhaseEnergy& energy : energies) {
    if (energy.phase != PhaseKind::inference) continue;
    EXPECT_NEAR(energy.budget_j.at("calibration"), 0, 1e-6);
    EXPECT_NEAR(energy.net.value->value(), 16 * 8, 1e-6);
    EXPECT_NEAR(energy.net.uncertainty->value(), 0.01 * 16 * 8, 0.01) << energy.rail;
  }
}

}  // namespace
}  // namespace isojoule

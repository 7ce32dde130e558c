#include "trace/visible.h"

#include <gtest/gtest.h>

#include <cmath>

#include "trace/ground_truth.h"
#include "trace/integrate.h"

namespace isojoule {
namespace {

Phase phase_of(double seconds, PhaseKind kind = PhaseKind::inference) {
  return {kind, {0}, Instant{std::llround(seconds * 1e9)}};
}

PhaseEnergy energy(double joules, double edges, double sampling = 0) {
  PhaseEnergy made{PhaseKind::inference, "total", Second(1), {}, {}, {}};
  made.budget_j = {{"gain", 0.5 * joules}, {"edges", edges}, {"sampling", sampling}};
  made.gross = {Joule(joules), Joule(std::hypot(0.5 * joules, edges, sampling)), ""};
  return made;
}

constexpr Resolution kNano = {Second(0.0538), Resolution::Limit::window, Second(0.0538)};

TEST(Visible, ALongPhaseIsSeen) {
  const PhaseEnergy sharp = energy(100, 1);  // 2 % at k = 2; a gain of 50 % is no matter of length
  EXPECT_FALSE(too_short(phase_of(10), &sharp, kNano));
  EXPECT_FALSE(too_short(phase_of(0), &sharp, kNano));
}

TEST(Visible, AShortPhaseSaysHowManyInferencesItTakes) {
  const auto found = too_short(phase_of(0.012), nullptr, kNano);
  ASSERT_TRUE(found);
  EXPECT_EQ(inferences_needed(*found, 1, 1), 45);  // ten windows are 0.538 s
  EXPECT_EQ(words_of(*found, 1, 1),
            "inference took 12.0 ms, and the power source averages over 53.8 ms: 45 inferences or "
            "more (0.54 s) give 10 %");
  EXPECT_EQ(inferences_needed(*found, 4, 4), 45 * 4);  // the 12 ms were one batch of 4
}

TEST(Visible, ABlurredPhaseNeedsToBeLongerByItsBlur) {
  const PhaseEnergy blurred = energy(10, 2);  // 40 % at k = 2
  const auto found = too_short(phase_of(1), &blurred, kNano);
  ASSERT_TRUE(found);
  EXPECT_NEAR(*found->blur_percent, 40, 1e-9);
  EXPECT_EQ(found->repetitions, 4);
  EXPECT_EQ(inferences_needed(*found, 100, 1), 400);
  const PhaseEnergy worse = energy(10, 3);
  EXPECT_EQ(inferences_needed(*too_short(phase_of(1), &worse, kNano), 10, 8), 2 * 6 * 8);
}

// What lies between readings averages out with the root of the length only: four times as long
// would leave 20 %.
TEST(Visible, WhatLiesBetweenReadingsNeedsTheSquareOfItsBlur) {
  const PhaseEnergy scattered = energy(10, 0, 2);  // 40 % at k = 2
  EXPECT_EQ(too_short(phase_of(1), &scattered, kNano)->repetitions, 16);
  const PhaseEnergy both = energy(10, 1.5, 1);
  const auto found = too_short(phase_of(1), &both, kNano);
  EXPECT_NEAR(std::hypot(30 / found->factor, 20 / std::sqrt(found->factor)), 10, 1e-9);
}

TEST(Visible, WithoutATraceTheBudgetDecides) {
  const PhaseEnergy sharp = energy(100, 1), blurred = energy(10, 2);
  EXPECT_FALSE(too_short(phase_of(1e-3), &sharp));
  const auto found = too_short(phase_of(1), &blurred);
  ASSERT_TRUE(found);
  EXPECT_NE(words_of(*found, 100, 1).find("leave 40 % of its energy open: 400 inferences"),
            std::string::npos)
      << words_of(*found, 100, 1);
}

TEST(Visible, AnAbsentEnergyOfALongPhaseHasAnotherReason) {
  PhaseEnergy none = energy(1, 0);
  none.gross = {std::nullopt, std::nullopt, "rail B of the total: it gave no reading at all"};
  EXPECT_FALSE(too_short(phase_of(10), &none, kNano));
  EXPECT_TRUE(too_short(phase_of(0.01), &none, kNano));
}

TEST(Visible, TheCoarsestRailOfTheTotalDecides) {
  Trace trace;
  trace.total = "A + B";
  trace.period = Duration::milliseconds(10);
  for (const auto& [rail, window] : {std::pair{"A", 0.02}, {"B", 0.43}, {"C", 9.0}}) {
    trace.channels.emplace_back();
    trace.channels.back().info.rail = rail;
    trace.channels.back().info.window = Second(window);
  }
  const auto found = resolution_of(trace);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->time.value(), 0.43);
  EXPECT_EQ(found->limit, Resolution::Limit::window);
  trace.period = Duration::milliseconds(1000);
  EXPECT_EQ(resolution_of(trace)->limit, Resolution::Limit::period);
  const auto coarse = too_short(phase_of(0.5, PhaseKind::load), nullptr, *resolution_of(trace));
  EXPECT_NE(words_of(*coarse, 0, 1).find("reading more often helps"), std::string::npos);
  for (const char* without : {"D", ""}) {
    trace.total = without;
    EXPECT_FALSE(resolution_of(trace));
  }
}

// What it promises: with so many repetitions the energy is right to 10 %, even where the power
// goes from nothing to all of it and back.
TEST(Visible, SoManyRepetitionsAreSeen) {
  Random random(3);
  int within = 0;
  constexpr int kCases = 200;
  for (int i = 0; i < kCases; ++i) {
    truth::Sensor sensor;
    sensor.kind = truth::Sensor::Kind::free_running;
    sensor.window_s = sensor.period_s = 0.0538;
    const double one = 0.002 + 0.05 * random.uniform();
    const auto found = too_short(phase_of(one), nullptr, kNano);
    ASSERT_TRUE(found);
    const double begin = 1 + random.uniform(), length = found->needed().value();
    truth::Curve curve;
    curve.step(5, begin);
    curve.step(-5, begin + length);
    const Channel channel = truth::Look(curve, sensor, random).between(0, begin + length + 1);
    Counters counters;
    const Energy energy = integrate(channel, Instant{std::llround(begin * 1e9)},
                                    Instant{std::llround((begin + length) * 1e9)},
                                    Duration::from(Second(sensor.period_s)), counters);
    ASSERT_TRUE(energy.energy.value);
    within += std::abs(energy.energy.value->value() / (5 * length) - 1) <= 0.1 ? 1 : 0;
  }
  EXPECT_GE(within, 0.95 * kCases);
}

}  // namespace
}  // namespace isojoule

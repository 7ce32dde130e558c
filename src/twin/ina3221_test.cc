#include "twin/ina3221.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace isojoule::twin {
namespace {

// A rail at 5 V whose power is `before` until `step` and `after` from there on.
class StepSource final : public PowerSource {
 public:
  Instant time{0};
  Instant step{0};
  double before_w = 0, after_w = 0;
  double volt = 5;

 private:
  Instant do_now() const override { return time; }
  Joule do_energy(std::size_t, Instant t) const override {
    const double first = before_w * static_cast<double>(std::min(t.ns, step.ns)) * 1e-9;
    return Joule(first +
                 after_w * static_cast<double>(std::max<std::int64_t>(0, t.ns - step.ns)) * 1e-9);
  }
  Volt do_voltage(std::size_t) const override { return Volt(volt); }
};

std::array<Ina3221::Channel, 3> three_channels() {
  std::array<Ina3221::Channel, 3> channels;
  for (std::size_t i = 0; i < 3; ++i) channels[i].rail = i;
  return channels;
}

Ina3221::Options nano_options() {
  Ina3221::Options options;
  options.samples = 64;
  options.conversion_us = 140;
  return options;
}

TEST(Ina3221, WindowsOfTheBoards) {
  StepSource source;
  Ina3221 nano(source, three_channels(), nano_options());
  EXPECT_EQ(nano.window(), Duration{53'760'000});
  Ina3221::Options xavier = nano_options();
  xavier.samples = 512;
  EXPECT_EQ(Ina3221(source, three_channels(), xavier).window(), Duration{430'080'000});
  auto one = three_channels();
  one[0].rail.reset();
  one[2].rail.reset();
  EXPECT_EQ(Ina3221(source, one, xavier).window(), Duration{143'360'000});
}

RC_GTEST_PROP(Ina3221, AConstantPowerGivesTheQuantisedReading, ()) {
  StepSource source;
  source.after_w = *rc::gen::inRange(0, 30'000) * 1e-3;
  source.volt = *rc::gen::inRange(4500, 5500) * 1e-3;
  Ina3221 chip(source, three_channels(), nano_options());
  source.time = {1'000'000'000};
  // 40 uV over 5 mOhm = 8 mA a step, to the nearest.
  const double steps = source.after_w / source.volt / 0.008;
  RC_ASSERT(std::abs(chip.current_ma(0) / 8.0 - steps) <= 0.5 + 1e-6);
  RC_ASSERT(chip.current_ma(0) % 8 == 0);
  RC_ASSERT(chip.shunt_uv(0) == chip.current_ma(0) * 5);
  RC_ASSERT(chip.voltage_mv(0) % 8 == 0);
  RC_ASSERT(std::abs(chip.voltage_mv(0) - source.volt * 1e3) <= 4 + 1e-6);
}

TEST(Ina3221, AStepShowsAfterAWindow) {
  StepSource source;
  source.before_w = 2;  // 400 mA = 50 steps
  source.after_w = 6;   // 1200 mA = 150 steps
  Ina3221 chip(source, three_channels(), nano_options());
  const std::int64_t window = chip.window().ns;
  source.step = {10 * window + window / 4};  // three quarters of window 10 are after the step
  source.time = {11 * window - 1};
  EXPECT_EQ(chip.current_ma(0), 400);
  source.time = {11 * window};
  EXPECT_EQ(chip.current_ma(0), 1000);  // (400 + 3 * 1200) / 4
  source.time = {12 * window - 1};
  EXPECT_EQ(chip.current_ma(0), 1000);
  source.time = {12 * window};
  EXPECT_EQ(chip.current_ma(0), 1200);
}

TEST(Ina3221, GainAndOffsetOfAChip) {
  StepSource source;
  source.after_w = 20;  // 4 A, 20 mV = 500 steps
  auto channels = three_channels();
  channels[1].gain_error = 0.01;
  channels[2].offset_v = 80e-6;
  Ina3221 chip(source, channels, nano_options());
  source.time = {1'000'000'000};
  EXPECT_EQ(chip.current_ma(0), 4000);
  EXPECT_EQ(chip.current_ma(1), 4040);
  EXPECT_EQ(chip.current_ma(2), 4016);
}

TEST(Ina3221, NoiseStaysBelowAStepAndDependsOnTheWindowOnly) {
  StepSource source;
  source.after_w = 5;  // 1000 mA = 125 steps exactly
  Ina3221::Options options = nano_options();
  options.noise_steps = 0.3;
  Ina3221 chip(source, three_channels(), options);
  Ina3221 again(source, three_channels(), options);
  double sum = 0;
  int off = 0;
  constexpr int kWindows = 4000;
  for (int i = 1; i <= kWindows; ++i) {
    source.time = {i * chip.window().ns};
    const int current = chip.current_ma(0);
    EXPECT_NEAR(current, 1000, 8.0);
    sum += current;
    off += current != 1000;
    if (i % 7 == 0) {  // whoever reads, and however often
      EXPECT_EQ(again.current_ma(0), current);
    }
  }
  EXPECT_NEAR(sum / kWindows, 1000, 0.3);
  EXPECT_GT(off, kWindows / 50);
  EXPECT_LT(off, kWindows / 4);
}

TEST(Ina3221, SettingsGoToTheNearestAndAveragingStartsAnew) {
  StepSource source;
  source.before_w = source.after_w = 5;
  Ina3221 chip(source, three_channels(), nano_options());
  source.time = {1'000'000'000};
  EXPECT_EQ(chip.current_ma(0), 1000);
  chip.set_samples(500);
  EXPECT_EQ(chip.samples(), 512);
  chip.set_conversion_us(150);
  EXPECT_EQ(chip.conversion_us(), 140);
  source.step = source.time;
  source.after_w = 10;
  source.time = {source.time.ns + chip.window().ns - 1};
  EXPECT_EQ(chip.current_ma(0), 1000);  // held until the first window is over
  source.time = {source.time.ns + 1};
  EXPECT_EQ(chip.current_ma(0), 2000);
}

TEST(Ina3221, FullScaleAndNegativeCurrent) {
  StepSource source;
  source.after_w = 1000;
  Ina3221 chip(source, three_channels(), nano_options());
  source.time = {1'000'000'000};
  EXPECT_EQ(chip.current_ma(0), 32760);
  source.after_w = -0.4;  // seen on boards: small negative currents
  source.time = {2'000'000'000};
  EXPECT_EQ(chip.current_ma(0), -80);
}

}  // namespace
}  // namespace isojoule::twin

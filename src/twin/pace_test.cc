#include "twin/pace.h"

#include <gtest/gtest.h>

#include "twin/test_board.h"
#include "twin/twin.h"
#include "twin/virtual_clock.h"

namespace isojoule::twin {
namespace {

constexpr Duration operator""_real_ms(unsigned long long ms) {
  return Duration::milliseconds(static_cast<std::int64_t>(ms));
}

// The real clock's place: sleeps pass at once, and late by `late`.
class ScriptedReal final : public Clock {
 public:
  void work(Duration by) { now_ = now_ + by; }
  Duration late{};
  int sleeps = 0;
  Duration longest{};
  std::function<void()> at_sleep;

 private:
  Instant do_now() override { return now_; }
  void do_sleep_until(Instant deadline) override {
    ++sleeps;
    longest = std::max(longest, deadline - now_);
    now_ = std::max(now_, deadline + late);
    if (at_sleep) at_sleep();
  }
  std::unique_ptr<Ticker> do_every(Duration, std::function<void(Instant)>) override { return {}; }
  bool do_is_virtual() const override { return false; }
  Instant now_{5'000'000'000};
};

class PaceTest : public ::testing::Test {
 protected:
  Pace pace(double factor) { return Pace({factor, &interrupted_, &real_}); }
  double seconds() { return (real_.now() - start_).seconds().value(); }
  // In steps, as a simulation goes.
  void play(Pace& pace, Duration length, Duration step) {
    for (const Instant end = now_ + length; now_ < end; now_ = now_ + step)
      pace.pass(now_, now_ + step);
  }

  std::atomic<bool> interrupted_{false};
  ScriptedReal real_;
  Instant start_ = real_.now();
  Instant now_{1'000'000};
};

TEST_F(PaceTest, VirtualTimePassesAtMostSoManyTimesAsFast) {
  auto twice = pace(2);
  play(twice, 60'000_real_ms, 7_real_ms);
  EXPECT_NEAR(seconds(), 30, 0.01);
  auto slow = pace(0.5);
  play(slow, 1000_real_ms, 1000_real_ms);
  EXPECT_NEAR(seconds(), 32, 0.01);
}

TEST_F(PaceTest, WithoutOneNothingWaits) {
  auto none = pace(0);
  play(none, 60'000_real_ms, 100_real_ms);
  EXPECT_EQ(real_.sleeps, 0);
  EXPECT_EQ(seconds(), 0);
}

// Late wake-ups and the time that the program itself takes are in the pace, not beside it.
TEST_F(PaceTest, LateWakeUpsDoNotAddUp) {
  real_.late = 1_real_ms;
  auto one = pace(1);
  for (int i = 0; i < 1000; ++i) {
    real_.work(3_real_ms);
    one.pass(now_, now_ + 10_real_ms);
    now_ = now_ + 10_real_ms;
  }
  EXPECT_NEAR(seconds(), 10, 0.01);
}

TEST_F(PaceTest, SmallStepsDoNotEachCostASleep) {
  auto fast = pace(100);
  play(fast, 10'000_real_ms, 1_real_ms);
  EXPECT_NEAR(seconds(), 0.1, 0.005);
  EXPECT_LT(real_.sleeps, 100);
}

// A twin that had nothing to do does not make up for it at full speed.
TEST_F(PaceTest, IdleTimeIsNotMadeUpFor) {
  auto one = pace(1);
  play(one, 1000_real_ms, 10_real_ms);
  real_.work(3'600'000_real_ms);
  play(one, 10'000_real_ms, 10_real_ms);
  EXPECT_NEAR(seconds(), 3600 + 1 + 10 - 0.25, 0.02);
}

TEST_F(PaceTest, AnInterruptionEndsTheWaitingWithinASlice) {
  auto one = pace(1);
  real_.at_sleep = [this] { interrupted_ = seconds() >= 1; };
  play(one, 3'600'000_real_ms, 3'600'000_real_ms);
  EXPECT_NEAR(seconds(), 1, 0.06);
  EXPECT_LE(real_.longest, Pace::kSlice);
  play(one, 3'600'000_real_ms, 10_real_ms);
  EXPECT_NEAR(seconds(), 1, 0.06);
}

TEST_F(PaceTest, TicksAreSeenWhenTheyAreDue) {
  Constants constants = small_constants();
  Simulation simulation(constants, 1, false);
  VirtualClock clock(simulation, {10, nullptr, &real_});
  std::vector<double> at;
  const auto ticker = clock.every(100_real_ms, [&](Instant) { at.push_back(seconds()); });
  clock.sleep_for(1000_real_ms);
  ASSERT_EQ(at.size(), 11U);
  for (std::size_t i = 0; i < at.size(); ++i)
    EXPECT_NEAR(at[i], 0.01 * static_cast<double>(i), 0.003);
}

// Nodes as somebody reads them while time passes: the same, bit for bit, at any pace.
TEST_F(PaceTest, WhatATwinSaysDoesNotDependOnIt) {
  const auto read = [this](double factor) {
    TwinOptions options;
    options.pace = {factor, &interrupted_, &real_};
    const auto twin = make_twin(board_named("jetson-nano"), options).value();
    twin->begin_run(3);
    std::vector<std::string> seen;
    const auto ticker = twin->clock().every(100_real_ms, [&](Instant) {
      seen.push_back(*read_line(
          twin->tree(), "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_current0_input"));
    });
    twin->clock().sleep_for(3000_real_ms);
    return seen;
  };
  const auto free = read(0);
  EXPECT_EQ(seconds(), 0);
  EXPECT_EQ(read(2), free);
  EXPECT_NEAR(seconds(), 1.5, 0.01);
}

}  // namespace
}  // namespace isojoule::twin

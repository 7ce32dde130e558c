#include "twin/virtual_clock.h"

#include <gtest/gtest.h>

#include "twin/test_board.h"

namespace isojoule::twin {
namespace {

constexpr Duration operator""_ms(unsigned long long ms) {
  return Duration::milliseconds(static_cast<std::int64_t>(ms));
}

class VirtualClockTest : public ::testing::Test {
 protected:
  Constants constants_ = small_constants();
  Simulation simulation_{constants_, 1, false};
  VirtualClock clock_{simulation_};
  std::vector<std::string> log_;
  std::unique_ptr<Ticker> logged(const std::string& name, Duration period) {
    return clock_.every(period, [this, name](Instant due) {
      EXPECT_EQ(due, clock_.now());
      log_.push_back(name + std::to_string(due.ns / 1'000'000));
    });
  }
};

TEST_F(VirtualClockTest, TimePassesOnlyWhileSomebodyWaits) {
  EXPECT_TRUE(clock_.is_virtual());
  const Instant start = clock_.now();
  EXPECT_EQ(clock_.now(), start);
  clock_.sleep_for(36000_ms);
  EXPECT_EQ(clock_.now(), start + 36000_ms);
  clock_.sleep_until(start);  // in the past: nothing happens
  EXPECT_EQ(clock_.now(), start + 36000_ms);
}

TEST_F(VirtualClockTest, TicksComeInOrderOfTimeAndThenOfCreation) {
  const auto slow = logged("a", 30_ms);
  const auto fast = logged("b", 20_ms);
  clock_.sleep_until({60'000'000});
  EXPECT_EQ(log_, (std::vector<std::string>{"a0", "b0", "b20", "a30", "b40", "a60", "b60"}));
}

TEST_F(VirtualClockTest, ATickAtTheDeadlineIsCalledOnce) {
  const auto ticker = logged("t", 10_ms);
  clock_.sleep_until({10'000'000});
  clock_.sleep_until({10'000'000});
  EXPECT_EQ(log_, (std::vector<std::string>{"t0", "t10"}));
}

TEST_F(VirtualClockTest, ADestroyedTickerIsSilent) {
  auto ticker = logged("t", 10_ms);
  clock_.sleep_until({10'000'000});
  ticker.reset();
  clock_.sleep_until({100'000'000});
  EXPECT_EQ(log_.size(), 2U);
}

TEST_F(VirtualClockTest, ATickerMayDestroyItselfAndAnother) {
  std::unique_ptr<Ticker> self;
  auto other = logged("other", 10_ms);
  int calls = 0;
  self = clock_.every(10_ms, [&](Instant) {
    if (++calls == 3) {
      self.reset();
      other.reset();
    }
  });
  clock_.sleep_until({100'000'000});
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(log_.size(), 3U);
}

TEST_F(VirtualClockTest, ATickMayMakeATicker) {
  std::unique_ptr<Ticker> born;
  const auto parent = clock_.every(50_ms, [&](Instant) {
    if (!born) born = logged("born", 20_ms);
  });
  clock_.sleep_until({40'000'000});
  EXPECT_EQ(log_, (std::vector<std::string>{"born0", "born20", "born40"}));
}

TEST_F(VirtualClockTest, ATickThatWaitsMissesItsOwnMultiplesOnly) {
  std::vector<std::int64_t> slow;
  const auto waiting = clock_.every(10_ms, [&](Instant due) {
    slow.push_back(due.ns / 1'000'000);
    if (slow.size() == 1) clock_.sleep_for(25_ms);
  });
  const auto other = logged("o", 10_ms);
  clock_.sleep_until({40'000'000});
  EXPECT_EQ(slow, (std::vector<std::int64_t>{0, 30, 40}));
  EXPECT_EQ(log_, (std::vector<std::string>{"o0", "o10", "o20", "o30", "o40"}));
}

TEST_F(VirtualClockTest, ATickerMayOutliveItsClock) {
  std::unique_ptr<Ticker> ticker;
  {
    VirtualClock brief(simulation_);
    ticker = brief.every(10_ms, [](Instant) { FAIL(); });
  }
  ticker.reset();
  SUCCEED();
}

}  // namespace
}  // namespace isojoule::twin

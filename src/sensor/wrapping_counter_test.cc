#include "sensor/wrapping_counter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace isojoule {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kRange = 262'143'328'851;

std::int32_t difference(std::uint32_t later, std::uint32_t earlier) {
  return static_cast<std::int32_t>(later - earlier);
}

TEST(WrappingCounter, AWrapIsNotSeenInTheDifference) {
  WrappingCounter counter(kRange, Watt(100), Joule(1e-6));
  const auto before = counter.take(kRange - 1'000'000, 0);
  const auto after = counter.take(2'000'000, kSecond);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(difference(*after, *before), 3'000'000);
}

TEST(WrappingCounter, MoreThanAColumnHoldsIsRefusedAndThenItGoesOn) {
  WrappingCounter counter(kRange, Watt(100), Joule(1e-6));
  const auto first = counter.take(1'000'000'000, 0);
  EXPECT_FALSE(counter.take(4'000'000'000, 60 * kSecond));  // 3000 J
  const auto second = counter.take(4'001'000'000, 61 * kSecond);
  const auto third = counter.take(4'003'000'000, 62 * kSecond);
  ASSERT_TRUE(first && second && third);
  EXPECT_LT(difference(*second, *first), 0);  // the integrator refuses this one
  EXPECT_EQ(difference(*third, *second), 2'000'000);
}

TEST(WrappingCounter, TwoPossibleNumbersOfWrapsAreRefused) {
  WrappingCounter counter(1'000'000, Watt(10), Joule(1e-6));  // wraps within 0.1 s at 10 W
  ASSERT_TRUE(counter.take(500'000, 0));
  EXPECT_FALSE(counter.take(600'000, kSecond));
  EXPECT_TRUE(counter.take(700'000, kSecond + kSecond / 50));
}

TEST(WrappingCounter, ACounterThatWasSetBackIsRefused) {
  WrappingCounter counter(kRange, Watt(100), Joule(1e-6));
  ASSERT_TRUE(counter.take(90'000'000'000, 0));
  EXPECT_FALSE(counter.take(0, kSecond));
  EXPECT_TRUE(counter.take(1'000'000, 2 * kSecond));
  WrappingCounter unlimited(0, Watt(100), Joule(1e-6));
  ASSERT_TRUE(unlimited.take(90, 0));
  EXPECT_FALSE(unlimited.take(80, kSecond));
}

TEST(WrappingCounter, AValueBeyondItsRangeIsNoValue) {
  WrappingCounter counter(1000, Watt(1), Joule(1));
  EXPECT_FALSE(counter.take(1000, 0));
  EXPECT_TRUE(counter.take(999, 1));
}

// Whatever a source below its limit counts, each given difference is the true one, and one over a
// refused value is negative.
RC_GTEST_PROP(WrappingCounterProperty, NoDifferenceIsEverWrong, ()) {
  const auto modulus = *rc::gen::inRange<std::uint64_t>(1'000, 400'000'000'000);
  const double limit = *rc::gen::element(0.1, 15.0, 1000.0);
  WrappingCounter counter(modulus, Watt(limit), Joule(1e-6));
  std::uint64_t truth = *rc::gen::inRange<std::uint64_t>(0, modulus);
  std::int64_t time = 0;
  std::optional<std::uint32_t> last;
  std::uint64_t truth_then = 0;
  bool refused = false;
  for (int i = 0; i < 30; ++i) {
    const auto value = counter.take(truth % modulus, time);
    if (value && last) {
      if (refused) {
        RC_ASSERT(difference(*value, *last) < 0);
      } else {
        RC_ASSERT(difference(*value, *last) == static_cast<std::int64_t>(truth - truth_then));
      }
    }
    refused = !value;
    if (value) {
      last = value;
      truth_then = truth;
    }
    const auto wait = *rc::gen::element<std::int64_t>(1, 1'000'000, kSecond, 600 * kSecond);
    const auto percent = *rc::gen::inRange<std::uint64_t>(0, 100);
    time += wait;
    truth += static_cast<std::uint64_t>(limit * 1e-3 * static_cast<double>(wait)) * percent / 100;
  }
}

}  // namespace
}  // namespace isojoule

#include "twin/governor.h"

#include <gtest/gtest.h>

namespace isojoule::twin {
namespace {

Constants small() {
  Constants c;
  for (const double mhz : {200, 400, 600, 800, 1000}) {
    c.cpu_frequencies.emplace_back(mhz * 1e6);
    c.gpu_frequencies.emplace_back(mhz * 1e6);
  }
  c.schedutil_margin = 1.25;
  return c;
}

// Plays a trace of loads; the current entry follows the decisions.
std::vector<std::size_t> play(Governor& governor, std::size_t start,
                              const std::vector<double>& loads, bool as_utilisation = false) {
  std::vector<std::size_t> out;
  std::size_t current = start;
  for (const double load : loads) {
    GovernorInput input{current, 0, 4, load, as_utilisation ? load : 0, false};
    current = governor.decide(input);
    out.push_back(current);
  }
  return out;
}

using Entries = std::vector<std::size_t>;

TEST(Governor, SchedutilTakesTheFirstClockAboveUtilisationWithHeadroom) {
  const Constants c = small();
  auto governor = make_cpu_governor("schedutil", c);
  // 1.25 x 0.16 = 0.200 -> 200 MHz; 1.25 x 0.17 = 0.2125 -> 400; 0.48 -> 600; 0.65 -> 0.8125 ->
  // 1000.
  EXPECT_EQ(play(*governor, 0, {0.16, 0.17, 0.48, 0.64, 0.65, 1.0}, true),
            (Entries{0, 1, 2, 3, 4, 4}));
}

TEST(Governor, SchedutilBoostsAWakeFromIoAndHalvesTheBoost) {
  const Constants c = small();
  auto governor = make_cpu_governor("schedutil", c);
  GovernorInput input{0, 0, 4, 0, 0.1, true};
  EXPECT_EQ(governor->decide(input), 4u);  // boost 1
  input.io_wake = false;
  EXPECT_EQ(governor->decide(input), 3u);  // 0.5 x 1.25 = 0.625 -> 800
  EXPECT_EQ(governor->decide(input), 1u);  // 0.25 x 1.25 = 0.3125 -> 400
  EXPECT_EQ(governor->decide(input), 0u);  // below the lowest clock's capacity: gone
}

TEST(Governor, OndemandJumpsUpAndIsProportionalBelow) {
  const Constants c = small();
  auto governor = make_cpu_governor("ondemand", c);
  // 200 + load x 800 MHz, rounded down; above 95 % the highest.
  EXPECT_EQ(play(*governor, 0, {0.96, 0.95, 0.5, 0.24, 0}), (Entries{4, 3, 2, 0, 0}));
}

TEST(Governor, ConservativeWalksInStepsOfFivePercent) {
  const Constants c = small();
  auto governor = make_cpu_governor("conservative", c);
  // Wish 200, 250, 300, 350, 400 MHz: the table's 400 is reached at the fourth busy window.
  EXPECT_EQ(play(*governor, 0, {0.9, 0.9, 0.9, 0.9, 0.5, 0.1}), (Entries{0, 0, 0, 1, 1, 1}));
}

TEST(Governor, InteractiveHoldsAClockBeforeItFalls) {
  const Constants c = small();
  auto governor = make_cpu_governor("interactive", c);  // 20 ms windows, 80 ms hold
  EXPECT_EQ(play(*governor, 0, {1.0, 0.1, 0.1, 0.1, 0.1, 0.1}), (Entries{4, 4, 4, 4, 0, 0}));
}

TEST(Governor, PodgovBoostsAThirdWhenBusyAndDampsAFall) {
  const Constants c = small();
  auto governor = make_gpu_governor("nvhost_podgov", c);
  // Busy: 200 + 333 = 533 -> 600 MHz; 600 + 333 = 933 -> 1000; then the top.
  // Load 0.35 at 1000: boost -400, wish 600, damped 0.7 x 600 + 0.3 x average -> above 600 -> 800.
  EXPECT_EQ(play(*governor, 0, {1, 1, 1, 0.35}), (Entries{2, 4, 4, 3}));
}

TEST(Governor, SimpleOndemandKeepsTheClockBetweenItsThresholds) {
  const Constants c = small();
  auto governor = make_gpu_governor("simple_ondemand", c);
  // 0.91 -> highest; 0.87 keeps; 0.5 x 1000 / 0.875 = 571 -> 600.
  EXPECT_EQ(play(*governor, 1, {0.91, 0.87, 0.5}), (Entries{4, 4, 2}));
}

TEST(Governor, WatermarksStepOneEntryAtATime) {
  const Constants c = small();
  auto governor = make_gpu_governor("wmark_simple", c);
  EXPECT_EQ(play(*governor, 0, {0.9, 0.9, 0.5, 0.2, 0.2, 0.2}), (Entries{1, 2, 2, 1, 0, 0}));
  auto active = make_gpu_governor("wmark_active", c);
  EXPECT_EQ(play(*active, 0, {1, 0.7}), (Entries{4, 4}));
}

TEST(Governor, FixedOnesFollowTheLimits) {
  const Constants c = small();
  GovernorInput input{2, 1, 3, 0.5, 0.5, false};
  EXPECT_EQ(make_cpu_governor("performance", c)->decide(input), 3u);
  EXPECT_EQ(make_cpu_governor("powersave", c)->decide(input), 1u);
  EXPECT_EQ(make_cpu_governor("userspace", c)->decide(input), 2u);
  EXPECT_EQ(make_gpu_governor("performance", c)->period().ns, 0);
  EXPECT_EQ(make_cpu_governor("nvhost_podgov", c), nullptr);
}

}  // namespace
}  // namespace isojoule::twin

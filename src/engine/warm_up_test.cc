#include "engine/warm_up.h"

#include <gtest/gtest.h>

namespace isojoule {
namespace {

// Runs batches of `seconds(i)` until the warm-up is over; returns how many.
template <typename Seconds>
int run(WarmUp& plan, Seconds seconds) {
  Instant at{0};
  int made = 0;
  while (!plan.done()) {
    const Instant end = at + Duration::from(Second(seconds(made++)));
    plan.add(at, end);
    at = end;
  }
  return made;
}

TEST(WarmUp, ByCountAndByTimeWhicheverIsLater) {
  Job job;
  job.warmup_batches = 3;
  WarmUp by_count(job);
  EXPECT_EQ(run(by_count, [](int) { return 0.1; }), 3);
  job.warmup_time = Duration::milliseconds(1000);
  WarmUp by_time(job);
  EXPECT_EQ(run(by_time, [](int) { return 0.125; }), 8);
  EXPECT_EQ(by_time.words(), "8 batches, 1 s");
}

TEST(WarmUp, NothingAskedForIsNotWanted) {
  EXPECT_FALSE(WarmUp(Job{}).wanted());
  EXPECT_TRUE(WarmUp(Job{}).done());
}

TEST(WarmUp, UntilStableWaitsForTheTimesToSettle) {
  Job job;
  job.warmup_until_stable = true;
  WarmUp falling(job);
  // Falls by a tenth a batch to 10 ms, then stays.
  const int made = run(falling, [](int i) { return i < 20 ? 0.01 * (3 - 0.1 * i) : 0.01; });
  EXPECT_GE(made, 20 + 3 * static_cast<int>(kWarmUpWindow) - 5);
  EXPECT_LE(made, 20 + 4 * static_cast<int>(kWarmUpWindow));
  EXPECT_NE(falling.words().find(", stable"), std::string::npos);
}

TEST(WarmUp, OneThatNeverSettlesEnds) {
  Job job;
  job.warmup_until_stable = true;
  WarmUp wild(job);
  run(wild, [](int i) { return i / 5 % 2 == 0 ? 0.5 : 1.0; });
  EXPECT_NE(wild.words().find("not stable"), std::string::npos);
}

}  // namespace
}  // namespace isojoule

// The ring between two threads. ./test's thread sanitizer builds no program of this room: this file
// alone, with -fsanitize=thread, was run by hand, and is clean.
#include "app/monitor/sample_ring.h"

#include <gtest/gtest.h>

#include <thread>

namespace isojoule {
namespace {

// Faster than any board: what arrives is whole, in order and as often as it was written, less what
// was counted as lost.
TEST(SampleRing, BetweenTwoThreadsNothingIsTornOrLostUncounted) {
  constexpr std::int32_t kWritten = 4 * static_cast<std::int32_t>(SampleRing::kRoom);
  SampleRing ring;
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    SampleTap& tap = ring;
    RawReading reading;
    reading.state = ReadingState::ok;
    for (std::int32_t i = 0; i < kWritten; ++i) {
      reading.time_ns = i;
      reading.a = i;
      reading.b = -i;
      tap.reading(static_cast<std::size_t>(i % 7), reading);
    }
    is_over = true;
  });
  std::int64_t taken = 0, wrong = 0, last = -1;
  const auto take_all = [&] {
    SampleRecord record;
    while (ring.take(record)) {
      ++taken;
      if (record.a <= last || record.time_ns != record.a || record.b != -record.a ||
          record.place != record.a % 7 || record.kind != SampleRecord::Kind::reading)
        ++wrong;
      last = record.a;
    }
  };
  while (!is_over) take_all();
  writer.join();
  take_all();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(taken + static_cast<std::int64_t>(ring.lost()), kWritten);
  EXPECT_GE(taken, static_cast<std::int64_t>(SampleRing::kRoom));
}

}  // namespace
}  // namespace isojoule

#include "trace/batch_energies.h"

#include <gtest/gtest.h>

#include <cmath>

namespace isojoule {
namespace {

Instant at(double seconds) { return {std::llround(seconds * 1e9)}; }

// 1 W, and 5 W in every second half of a second from 2 s on; readings every 10 ms.
Trace trace_of(double window = 0) {
  Trace trace;
  trace.total = "A + B";
  trace.period = Duration::milliseconds(10);
  for (const char* rail : {"A", "B"}) {
    Channel channel;
    channel.info.rail = rail;
    channel.info.kind = ChannelKind::power;
    channel.info.step_a = 1e-3;
    channel.info.window = Second(window);
    for (int i = 0; i <= 1200; ++i) {
      channel.time_ns.push_back(at(0.01 * i).ns);
      channel.a.push_back(i >= 200 && i % 100 >= 50 ? 5000 : 1000);
    }
    trace.channels.push_back(channel);
  }
  return trace;
}

std::vector<BatchMark> batches() {
  std::vector<BatchMark> marks;
  for (int i = 2; i < 10; ++i) marks.push_back({at(i), at(i + 0.9)});
  return marks;
}

TEST(BatchEnergies, AreOfTheTotalWithTheirSpread) {
  const auto found = batch_statistics(trace_of(), batches());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 8);
  EXPECT_NEAR(found->time_s.mean, 0.9, 1e-9);
  EXPECT_NEAR(found->time_s.deviation, 0, 1e-9);
  ASSERT_TRUE(found->energy_j) << found->why_absent;
  EXPECT_NEAR(found->energy_j->mean, 2 * (0.5 + 0.4 * 5), 0.05);
  EXPECT_NEAR(found->energy_j->most, found->energy_j->median, 0.05);
  EXPECT_TRUE(found->seen_one_by_one);
  EXPECT_EQ(found->without_energy, 0);
  EXPECT_FALSE(batch_statistics(trace_of(), {}));
}

TEST(BatchEnergies, OnesTooShortForTheSensorAreSaidToBe) {
  const auto found = batch_statistics(trace_of(0.5), batches());
  EXPECT_FALSE(found->seen_one_by_one);
  EXPECT_DOUBLE_EQ(found->resolved.value(), 0.5);
}

TEST(BatchEnergies, WhatIsNotKnownIsAbsentAndSaysWhy) {
  std::vector<BatchMark> marks = batches();
  marks.push_back({at(11.5), at(13)});
  const auto found = batch_statistics(trace_of(), marks);
  EXPECT_EQ(found->without_energy, 1);
  Trace trace = trace_of();
  trace.total = "A + C";
  const auto none = batch_statistics(trace, batches());
  EXPECT_FALSE(none->energy_j);
  EXPECT_EQ(none->without_energy, 8);
  EXPECT_NE(none->why_absent.find("C"), std::string::npos);
  trace.total = "";
  EXPECT_FALSE(batch_statistics(trace, batches())->why_absent.empty());
}

TEST(BatchEnergies, EachIsItsOwnIntegralGrossAndNet) {
  std::vector<BatchMark> marks;
  for (int i = 0; i < 600; ++i) marks.push_back({at(2 + 0.015 * i), at(2.012 + 0.015 * i)});
  marks.push_back({at(20), at(21)});
  const auto each = each_batch(trace_of(), marks, {{PhaseKind::idle, at(0.2), at(1.8)}});
  ASSERT_EQ(each.size(), 601U);
  EXPECT_EQ(each[0].rail, "total");
  EXPECT_DOUBLE_EQ(each[400].duration.value(), 0.012);
  ASSERT_TRUE(each[3].gross.value);
  EXPECT_NEAR(each[3].gross.value->value(), 2 * 0.012, 1e-6);
  EXPECT_NEAR(each[3].net.value->value(), 0, 1e-6);
  EXPECT_TRUE(each[3].gross.uncertainty);
  EXPECT_FALSE(each[600].gross.value);
  EXPECT_FALSE(each[600].gross.why_absent.empty());
}

}  // namespace
}  // namespace isojoule

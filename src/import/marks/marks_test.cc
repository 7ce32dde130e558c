#include <gtest/gtest.h>

#include "import/mark_pairs.h"
#include "import/test_log.h"

namespace isojoule {
namespace {

using import::MarkPairs;

TEST(Marks, TheWordForBeginOrEndIsTakenOut) {
  struct Case {
    const char* label;
    MarkPairs::Role role;
    const char* window;
  };
  for (const Case& one : {Case{"power_begin", MarkPairs::Role::begin, "power"},
                          Case{"power_end", MarkPairs::Role::end, "power"},
                          Case{"inf_start_batch_1", MarkPairs::Role::begin, "inf_batch_1"},
                          Case{"inf_end_batch_1", MarkPairs::Role::end, "inf_batch_1"},
                          Case{"begin inference", MarkPairs::Role::begin, "inference"},
                          Case{"run.stop", MarkPairs::Role::end, "run"},
                          Case{"inferenceStart", MarkPairs::Role::begin, "inference"},
                          Case{"END", MarkPairs::Role::end, "window"},
                          Case{"weekend", MarkPairs::Role::point, "weekend"},
                          Case{"top_1_0.200", MarkPairs::Role::point, "top_1_0.200"}}) {
    const auto meaning = MarkPairs::meaning_of(one.label);
    EXPECT_EQ(meaning.role, one.role) << one.label;
    EXPECT_EQ(meaning.window, one.window) << one.label;
  }
}

TEST(Marks, TheProgramOfDeepedgebench) {
  const auto log = read_text(content_of(import_golden("deepedgebench_marks.txt")), {});
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  ASSERT_EQ(log->windows.size(), 7u);
  EXPECT_EQ(log->windows[0].name, "test");
  EXPECT_EQ(log->windows[1].name, "init");
  EXPECT_EQ(log->windows[2].name, "inf_batch_1");
  EXPECT_NEAR(log->windows[2].duration().value(), 23.080119, 1e-9);
  EXPECT_FALSE(log->counters.any());
}

TEST(Marks, LabelBeforeTimeAndThreeCells) {
  const auto log =
      read_text("power_begin,08-07-2021 11:58:49.160\npower_end,08-07-2021 12:08:49.261\n", {});
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_NEAR(log->windows[0].duration().value(), 600.101, 1e-9);
  const auto three = read_text("warm up;1.5;2\nbatch 1;2;3,5\nbatch 2;4;5\n", format("marks"));
  ASSERT_EQ(three->windows.size(), 2u);  // '3,5' is no time
  EXPECT_EQ(three->windows[1].name, "batch 2");
  EXPECT_EQ(three->windows[1].begin.ns, 4'000'000'000);
}

TEST(Marks, AMarkWithoutItsOtherIsCounted) {
  const auto log =
      read_text("1.0 a_begin\n2.0 b_end\n3.0 c_begin\n4.0 c_end\n5.0 c_end\n", format("marks"));
  EXPECT_EQ(log->counters[Counter::trace_ends_in_phase], 1u);
  EXPECT_EQ(log->counters[Counter::line_malformed], 2u);
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_EQ(log->windows[0].name, "c");
}

TEST(Marks, ATimeThatWasCutIsNone) {
  const auto log =
      read_text("10.250 a_begin\n12.500 a_end\n13.250 b_begin\n14.5 b_end", format("marks"));
  EXPECT_EQ(log->counters[Counter::line_truncated], 1u);
  EXPECT_EQ(log->windows.size(), 1u);
}

TEST(Marks, ACommaInsideATimeIsItsPoint) {
  const auto log = read_text("2021-02-06 13:36:32,500 inf_start\n2021-02-06 13:36:33,750 inf_end\n",
                             format("marks"));
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_EQ(log->windows[0].name, "inf");
  EXPECT_NEAR(log->windows[0].duration().value(), 1.25, 1e-9);
  const auto apart = read_text("inf_1_begin,13:36:32\ninf_1_end,13:36:33\n", format("marks"));
  EXPECT_EQ(apart->windows.at(0).name, "inf_1");
}

TEST(Marks, TimesOfDayGoOnOverMidnight) {
  const auto log = read_text("23:59:00 night_begin\n00:01:00 night_end\n", format("marks"));
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_NEAR(log->windows[0].duration().value(), 120, 1e-9);
  const auto three = read_text("night,23:00:00,07:00:00\n", format("marks"));
  ASSERT_EQ(three->windows.size(), 1u);
  EXPECT_NEAR(three->windows[0].duration().value(), 8 * 3600, 1e-9);
}

TEST(Marks, OneFileHasOneClock) {
  const auto log = read_text("2021-02-06 13:36:32 a_begin\n5.0 a_end\n2021-02-06 13:36:34 a_end\n",
                             format("marks"));
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_EQ(log->windows[0].duration(), Second(2));
  EXPECT_EQ(log->counters[Counter::line_malformed], 1u);
  const auto pair = read_text("a,5.0,1612618592\nb,6,7\n", format("marks"));
  ASSERT_EQ(pair->windows.size(), 1u);
  EXPECT_EQ(pair->windows[0].name, "b");
}

}  // namespace
}  // namespace isojoule

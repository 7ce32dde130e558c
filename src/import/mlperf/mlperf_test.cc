#include <gtest/gtest.h>

#include "import/test_log.h"

namespace isojoule {
namespace {

std::string corpus(const std::string& name) {
  return content_of(std::string(ISOJOULE_SOURCE_DIR) + "/tests/corpus/import_mlperf/" + name);
}

TEST(Mlperf, PowerBeginAndEndAreLoadgensClock) {
  const auto reader = open_text(corpus("mllog.txt"), {});
  ASSERT_TRUE(reader.has_value());
  const auto log = read_log(**reader);
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_EQ(log->windows[0].name, "power");
  EXPECT_NEAR(log->windows[0].duration().value(), 60.1, 1e-9);
  EXPECT_EQ((*reader)->print_time(log->windows[0].begin), "07-20-2024 17:54:38.800");
  EXPECT_EQ((*reader)->time_base(), TimeBase::wall_clock);
  EXPECT_FALSE(log->counters.any());
}

TEST(Mlperf, TheFormBeforeMllog) {
  const auto log = read_text(corpus("old.txt"), {});
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_NEAR(log->windows[0].duration().value(), 60, 1e-9);
}

TEST(Mlperf, LoggersOfTrainingWriteMillisecondsSince1970) {
  const auto log = read_text(corpus("training.txt"), {});
  ASSERT_EQ(log->windows.size(), 1u);
  EXPECT_EQ(log->windows[0].name, "run");
  EXPECT_EQ(log->windows[0].begin.ns, 1'594'520'079'101'000'000);
}

TEST(Mlperf, TimesSinceLoadgensStartAreNoTimesOfATrace) {
  const auto log = read_text(R"(:::MLLOG {"key": "x_begin", "value": null, "time_ms": 12.5})"
                             "\n"
                             R"(:::MLLOG {"key": "x_end", "value": null, "time_ms": 13.5})"
                             "\n",
                             {});
  EXPECT_TRUE(log->windows.empty());
}

TEST(Mlperf, LinesThatAreBrokenAreCounted) {
  const auto log = read_text(corpus("broken.txt"), {});
  EXPECT_EQ(log->counters[Counter::line_malformed], 3u);
}

TEST(Mlperf, AWholeEntryNeedsNoEndOfItsLine) {
  const std::string begin =
      ":::MLLOG {\"key\": \"power_begin\", \"value\": \"07-20-2024 17:54:38.800\"}\n";
  const std::string end =
      ":::MLLOG {\"key\": \"power_end\", \"value\": \"07-20-2024 17:55:38.800\"}";
  const auto whole = read_text(begin + end, {});
  EXPECT_EQ(whole->windows.size(), 1u);
  EXPECT_FALSE(whole->counters.any());
  const auto cut = read_text(begin + end.substr(0, end.size() - 1), {});
  EXPECT_TRUE(cut->windows.empty());
  EXPECT_EQ(cut->counters[Counter::line_truncated], 1u);
}

TEST(Mlperf, ATimeBeyondAllTimesIsNone) {
  const auto log = read_text(
      ":::MLLOG {\"key\": \"run_start\", \"time_ms\": 1e13}\n"
      ":::MLLOG {\"key\": \"run_stop\", \"time_ms\": 2e13}\n",
      {});
  EXPECT_TRUE(log->windows.empty());
}

}  // namespace
}  // namespace isojoule

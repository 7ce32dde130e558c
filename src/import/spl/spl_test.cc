#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "import/holds.h"
#include "import/spl/line.h"
#include "import/test_log.h"

namespace isojoule {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
const std::string kLine =
    "Time,08-10-2021 21:10:30.749,Watts,6.704000,Volts,249.780000,Amps,0.074380,PF,0.360900,Mark,x";

Result<Log> spl_of(const std::string& text, std::size_t chunk = 65536) {
  return read_text(text, format("spl"), chunk);
}

std::string line_at(const std::string& clock, const std::string& watts) {
  return "Time,08-10-2021 " + clock + ",Watts," + watts +
         ",Volts,249.780000,Amps,0.074380,PF,0.360900,Mark,x\n";
}

TEST(Spl, ALineOfPtdaemon) {
  spl::Reading reading;
  EXPECT_EQ(spl::parse_line(kLine, reading), spl::LineState::reading);
  EXPECT_EQ(reading.microwatts, 6'704'000);
  EXPECT_EQ(reading.time_ns, 1'628'629'830 * kSecond + 749'000'000);  // date -u -d ...
}

TEST(Spl, TheFirstMinuteOfARealLog) {
  const auto log = spl_of(content_of(import_golden("spl_agx_xavier.txt")));
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  ASSERT_EQ(log->trace.channels.size(), 1u);
  const Channel& channel = log->trace.channels[0];
  EXPECT_EQ(channel.info.rail, "power");
  EXPECT_EQ(log->trace.total, "power");
  EXPECT_EQ(channel.info.window, Second(1));
  EXPECT_EQ(channel.info.power_quantum, Watt(1e-3));
  EXPECT_NEAR(channel.info.gain_uncertainty, 0.01 / std::sqrt(3.0), 1e-12);
  EXPECT_EQ(channel.time_ns.size(), 60u);
  EXPECT_NEAR(channel.power_at(0).value(), 6.704, 1e-9);
  EXPECT_NEAR(log->trace.period.seconds().value(), 1, 1e-3);
  EXPECT_FALSE(log->counters.any());
}

TEST(Spl, MinusTwoEverywhereIsNoReading) {
  const auto log = spl_of(content_of(import_golden("spl_no_reading.txt")));
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->counters[Counter::sample_failed], 6u);
  const Channel& channel = log->trace.channels[0];
  EXPECT_EQ(channel.time_ns.size(), 34u);
  for (std::size_t i = 0; i < channel.a.size(); ++i) EXPECT_GT(channel.power_at(i).value(), 4);
}

TEST(Spl, AMeasuredMinusTwoIsAReading) {
  const auto log =
      spl_of(line_at("21:10:30.749", "5.000000") + line_at("21:10:31.749", "-2.000000"));
  ASSERT_EQ(log->trace.channels[0].a.size(), 2u);
  EXPECT_NEAR(log->trace.channels[0].power_at(1).value(), -2, 1e-9);
}

TEST(Spl, WhatIsWrongIsCountedAndLeftOut) {
  const auto log = spl_of(line_at("21:10:30.749", "5.000000") + line_at("21:10:30.749", "5.1") +
                          line_at("21:10:29.749", "5.2") + line_at("21:10:31.749", "nan") +
                          line_at("21:10:32.749", "abc") + "Time,garbage\n\n" +
                          line_at("21:10:33.749", "-0.5") + kLine.substr(0, 40));
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->counters[Counter::time_backwards], 2u);
  EXPECT_EQ(log->counters[Counter::not_a_number], 1u);
  EXPECT_EQ(log->counters[Counter::line_malformed], 2u);
  EXPECT_EQ(log->counters[Counter::line_truncated], 1u);
  ASSERT_EQ(log->trace.channels[0].a.size(), 2u);
  EXPECT_NEAR(log->trace.channels[0].power_at(1).value(), -0.5, 1e-9);
}

TEST(Spl, LinesOfWindows) {
  const std::string text = content_of(import_golden("spl_agx_xavier.txt"));
  std::string windows;
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto one = spl_of(text), two = spl_of(windows);
  EXPECT_EQ(one->trace, two->trace);
  EXPECT_FALSE(two->counters.any());
}

TEST(Spl, APowerFarBeyondTheFirstOnesIsAnErrorWithItsLine) {
  std::string text = line_at("21:10:30.749", "5.000000");
  const std::string far = line_at("21:10:31.749", "99999.000000");
  while (text.size() < LogFile::kHeadSize) text += "\n";
  const auto log = spl_of(text + far);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().kind, ErrorKind::parse);
  EXPECT_NE(log.error().remedy.find("largest="), std::string::npos);
  EXPECT_TRUE(read_text(text + far, format("spl", {{"largest", "100000"}})).has_value());
}

TEST(Spl, ItsWindowLiesBesideIt) {
  const std::string folder = testing::TempDir() + "isojoule_spl_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/spl.txt") << line_at("21:10:30.749", "5.0");
  const auto without = open_log(folder + "/spl.txt", {});
  ASSERT_TRUE(without.has_value());
  EXPECT_TRUE((*without)->windows().empty());
  // No end of the last line: the file is short, and the time is whole.
  std::ofstream(folder + "/window.txt")
      << "power_begin,08-10-2021 21:10:30.800\npower_end,08-10-2021 21:10:31.800";
  const auto with = open_log(folder + "/spl.txt", {});
  ASSERT_EQ((*with)->windows().size(), 1u);
  EXPECT_EQ((*with)->windows()[0].name, "power");
  EXPECT_EQ((*with)->windows()[0].duration(), Second(1));
  EXPECT_EQ((*with)->print_time((*with)->windows()[0].begin), "08-10-2021 21:10:30.800");
  ImportOptions named;
  named.options["window"] = folder + "/none.txt";
  EXPECT_EQ(open_log(folder + "/spl.txt", named).error().kind, ErrorKind::not_found);
  named.options["window"] = folder + "/spl.txt";
  EXPECT_EQ(open_log(folder + "/spl.txt", named).error().kind, ErrorKind::parse);
  std::filesystem::remove_all(folder);
}

TEST(Spl, AWindowFileWithoutAWindowIsNoted) {
  const std::string folder = testing::TempDir() + "isojoule_spl_note_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/spl.txt") << line_at("21:10:30.749", "5.0");
  std::ofstream(folder + "/window.txt") << "power_begin,08-10-2021 21:10:30.800\n";
  const auto reader = open_log(folder + "/spl.txt", {});
  ASSERT_TRUE(reader.has_value());
  EXPECT_NE((*reader)->notes().back().find("window.txt"), std::string::npos);
  std::filesystem::remove_all(folder);
}

// ---- the fast way against the careful way -------------------------------------------------------

rc::Gen<std::string> any_line() {
  return rc::gen::exec([] {
    const auto two = [](int limit) {
      std::string text = std::to_string(*rc::gen::inRange(0, limit));
      return text.size() < 2 ? "0" + text : text;
    };
    std::string watts = std::to_string(*rc::gen::inRange(0, 2'000'000)) + ".";
    for (int i = *rc::gen::weightedElement<int>({{8, 6}, {1, 5}, {1, 7}}); i > 0; --i)
      watts += static_cast<char>('0' + *rc::gen::inRange(0, 10));
    if (*rc::gen::inRange(0, 10) == 0) watts.insert(0, "-");
    std::string line = "Time,08-10-2021 2" + std::to_string(*rc::gen::inRange(0, 4)) + ":" +
                       two(60) + ":" + two(62) + "." +
                       std::to_string(*rc::gen::inRange(100, 1000)) + ",Watts," + watts +
                       ",Volts,1.0,Mark,x";
    if (*rc::gen::inRange(0, 4) == 0) {
      const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
      line[at] = *rc::gen::elementOf(std::string("0123456789,.:- eTW"));
    }
    return line + "\n";
  });
}

RC_GTEST_PROP(Spl, TheFastWaySaysWhatTheCarefulWaySays, ()) {
  std::string text;
  const auto lines = *rc::gen::container<std::vector<std::string>>(any_line());
  // Each line twice: the second time its minute is known.
  for (const std::string& line : lines) text += line + line;
  RC_ASSERT(spl::fast_agrees(text).empty());
}

TEST(Spl, TheFastWayReadsRealLines) {
  const std::string text = content_of(import_golden("spl_agx_xavier.txt"));
  EXPECT_EQ(spl::fast_agrees(text), "");
  spl::FastLine fast;
  std::string_view rest(text);
  std::size_t quick = 0, lines = 0;
  while (rest.size() > 256) {
    const char* const at = rest.data();
    const auto line = take_line(rest);
    spl::Reading reading;
    ++lines;
    if (fast.parse(at, reading)) {
      ++quick;
    } else {
      ASSERT_EQ(spl::parse_line(line, reading), spl::LineState::reading);
      fast.learn(line, reading);
    }
  }
  EXPECT_EQ(quick + 1, lines);  // the first says which day it is
}

}  // namespace
}  // namespace isojoule

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "import/csv/layout.h"
#include "import/test_log.h"

namespace isojoule {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Result<Log> csv_of(const std::string& text, std::map<std::string, std::string> options = {}) {
  return read_text(text, format("csv", std::move(options)));
}

// "rail: power@seconds ..." of the first rail.
std::string told(const Result<Log>& log, std::size_t rail = 0) {
  if (!log) return to_string(log.error());
  const Channel& channel = log->trace.channels.at(rail);
  std::string text = channel.info.rail + ":";
  for (std::size_t i = 0; i < channel.time_ns.size(); ++i)
    text += fmt::format(" {:.6g}@{:.9g}", channel.power_at(i).value(),
                        static_cast<double>(channel.time_ns[i]) * 1e-9);
  return text;
}

TEST(Csv, Cells) {
  std::vector<std::string_view> cells;
  csv::split_row("a, b ,\"c,d\",", ',', cells);
  EXPECT_EQ(cells, (std::vector<std::string_view>{"a", "b", "c,d", ""}));
  csv::split_row("  1   2\t3 ", ' ', cells);
  EXPECT_EQ(cells, (std::vector<std::string_view>{"1", "2", "3"}));
  csv::split_row("", ',', cells);
  EXPECT_EQ(cells.size(), 1u);
  csv::split_row("\"open", ',', cells);
  EXPECT_EQ(cells, (std::vector<std::string_view>{"open"}));
  const auto cell = csv::split_cell("515.5 mW", '.');
  EXPECT_EQ(cell.number, "515.5");
  EXPECT_EQ(cell.unit, "mW");
  EXPECT_EQ(csv::split_cell("1e-3W", '.').number, "1e-3");
}

TEST(Csv, NamesAndUnitsOfTheHeader) {
  EXPECT_EQ(told(csv_of("time,power\n1.0,5.5\n2.0,5.75\n")), "power: 5.5@1 5.75@2");
  EXPECT_EQ(told(csv_of("Time (ms),Power (mW)\n1000,5500\n2000,5750\n")), "power: 5.5@1 5.75@2");
  EXPECT_EQ(told(csv_of("timestamp_us\tvdd_in_mw\n1000000\t5500\n2000000\t5750\n")),
            "vdd_in: 5.5@1 5.75@2");
  EXPECT_EQ(told(csv_of("t;Watts\n1;5\n2;6\n")), "power: 5@1 6@2");
  EXPECT_EQ(told(csv_of("# made by me\n# t, P\n1, 5\n2, 6\n")), "power: 5@1 6@2");
  EXPECT_EQ(told(csv_of("time,power\ns,mW\n1,5000\n2,6000\n")), "power: 5@1 6@2");
}

TEST(Csv, VoltageAndCurrent) {
  const auto log = csv_of("time,voltage (V),current (mA)\n1,5.0,1000\n2,5.1,2000\n");
  EXPECT_EQ(told(log), "power: 5@1 10.2@2");
  EXPECT_EQ(log->trace.channels[0].info.kind, ChannelKind::voltage_current);
  EXPECT_EQ(told(csv_of("1 5 2\n2 5 3\n", {{"time", "1"}, {"voltage", "2:V"}, {"current", "3:A"}})),
            "power: 10@1 15@2");
}

TEST(Csv, SeveralRails) {
  const auto log = csv_of("time,VDD_IN (mW),VDD_CPU (mW)\n1,4500,1200\n2,4600,\n3,4700,1300\n");
  EXPECT_EQ(told(log), "VDD_IN: 4.5@1 4.6@2 4.7@3");
  EXPECT_EQ(told(log, 1), "VDD_CPU: 1.2@1 1.3@3");
  EXPECT_EQ(log->counters[Counter::not_a_number], 1u);
  EXPECT_EQ(log->trace.total, "");
  const auto named = csv_of(
      "1,2,3\n2,3,4\n",
      {{"time", "1"}, {"power", "2:W,3:mW"}, {"rail", "board,fan"}, {"total", "board + fan"}});
  EXPECT_EQ(told(named, 1), "fan: 0.003@1 0.004@2");
  EXPECT_EQ(named->trace.total, "board + fan");
  EXPECT_EQ(csv_of("1,2,3\n2,3,4\n", {{"time", "1"}, {"power", "2"}, {"total", "x"}}).error().kind,
            ErrorKind::invalid);
}

TEST(Csv, EnergyThatIsCounted) {
  const auto log =
      csv_of("time,meter\n0,10.000\n10,10.001\n", {{"energy", "meter:Wh"}, {"time", "time:s"}});
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  const Channel& channel = log->trace.channels[0];
  EXPECT_EQ(channel.info.kind, ChannelKind::energy_counter);
  EXPECT_NEAR((channel.a[1] - channel.a[0]) * channel.info.step_a, 3.6, 1e-9);
}

TEST(Csv, TheBenchSupplyOfDeepedgebench) {
  const auto reader = open_text(content_of(import_golden("deepedgebench_batch_1.txt")), {});
  ASSERT_TRUE(reader.has_value()) << to_string(reader.error());
  const auto log = read_log(**reader);
  const Channel& channel = log->trace.channels[0];
  EXPECT_EQ(channel.info.rail, "power");
  EXPECT_EQ(channel.info.kind, ChannelKind::power);
  EXPECT_EQ(channel.info.window, Second(0));
  EXPECT_FALSE(log->counters.any());
  double mean = 0;
  for (std::size_t i = 0; i < channel.a.size(); ++i) mean += channel.power_at(i).value();
  EXPECT_NEAR(mean / static_cast<double>(channel.a.size()), 6.6, 1.0);
  EXPECT_EQ((*reader)->time_base(), TimeBase::wall_clock);
  EXPECT_EQ((*reader)->parse_time("1612620916.907567")->ns, 1'612'620'916'907'567'000);
}

TEST(Csv, TimesOfEveryKind) {
  constexpr const char* kRest = ",5\n";
  struct Case {
    const char *first, *second;
  };
  for (const Case& one :
       {Case{"1612618592.5", "1612618593.5"}, Case{"1612618592500", "1612618593500"},
        Case{"1612618592500000", "1612618593500000"},
        Case{"1612618592500000000", "1612618593500000000"},
        Case{"2021-02-06T13:36:32.5Z", "2021-02-06T13:36:33.5Z"},
        Case{"2021-02-06 13:36:32.5", "2021-02-06 13:36:33.5"},
        Case{"2021-02-06T15:36:32.5+02:00", "2021-02-06T15:36:33.5+02:00"},
        Case{"02/06/2021 13:36:32.5", "02/06/2021 13:36:33.5"}}) {
    const auto log = csv_of(std::string("time,power\n") + one.first + kRest + one.second + kRest);
    ASSERT_TRUE(log.has_value()) << one.first << to_string(log.error());
    EXPECT_EQ(log->trace.channels[0].time_ns,
              (std::vector<std::int64_t>{1'612'618'592 * kSecond + kSecond / 2,
                                         1'612'618'593 * kSecond + kSecond / 2}))
        << one.first;
  }
  EXPECT_EQ(told(csv_of("date,time,power\n2021-02-06,13:36:32,5\n2021-02-06,13:36:33,6\n")),
            "power: 5@1.61261859e+09 6@1.61261859e+09");
  const auto day_first = csv_of("time,power\n01/02/2021 00:00:00,5\n", {{"date", "dmy"}});
  EXPECT_EQ(day_first->trace.channels[0].time_ns[0], 1'612'137'600 * kSecond);
}

TEST(Csv, DecimalCommas) {
  const auto log = csv_of("time;power\n1,0;5,25\n2,0;5,75\n");
  EXPECT_EQ(told(log), "power: 5.25@1 5.75@2");
  const auto reader = open_text("time;power\n1,0;5,25\n2,0;5,75\n", format("csv"));
  EXPECT_NE((*reader)->notes().front().find("decimal commas"), std::string::npos);
  EXPECT_EQ(told(csv_of("1 5,25\n2 5,75\n", {{"delimiter", "space"}, {"decimal", ","}})),
            "power: 5.25@1 5.75@2");
  const auto mixed = csv_of("time;power\n1,0;5,25\n2.0;5.75\n");
  ASSERT_FALSE(mixed.has_value());
  EXPECT_EQ(mixed.error().kind, ErrorKind::parse);
  EXPECT_NE(mixed.error().what.find(":3: "), std::string::npos) << mixed.error().what;
  const auto lost = csv_of("time,power\n1,0,5,25\n2,0,5,75\n");
  ASSERT_FALSE(lost.has_value());
  EXPECT_NE(lost.error().what.find("decimal commas"), std::string::npos);
  EXPECT_EQ(csv_of("1,2\n", {{"decimal", ","}, {"delimiter", "comma"}}).error().kind,
            ErrorKind::invalid);
}

TEST(Csv, MixedUnitsAreAnErrorWithTheLine) {
  const auto cells = csv_of("time,power\n1,515mW\n2,516mW\n3,5.1W\n");
  ASSERT_FALSE(cells.has_value());
  EXPECT_EQ(cells.error().kind, ErrorKind::parse);
  EXPECT_NE(cells.error().what.find(":4: mixed units"), std::string::npos) << cells.error().what;
  const auto times = csv_of("time,power\n1612618592,5\n1612618593000,5\n");
  ASSERT_FALSE(times.has_value());
  EXPECT_NE(times.error().what.find(":3: mixed units of time"), std::string::npos);
  EXPECT_EQ(told(csv_of("time,power\n1,515mW\n2,516 mW\n")), "power: 0.515@1 0.516@2");
}

TEST(Csv, WhatIsWrongIsCountedAndLeftOut) {
  const auto log = csv_of(
      "time,power\r\n1,5\r\n2,nan\r\n3,-1\r\n2.5,7\r\n3,7\r\nx,7\r\n4\r\n5,abc\r\n6,inf\r\n\r\n7,"
      "8\r\n8,9");
  EXPECT_EQ(told(log), "power: 5@1 -1@3 8@7");
  EXPECT_EQ(log->counters[Counter::not_a_number], 2u);
  EXPECT_EQ(log->counters[Counter::time_backwards], 2u);
  EXPECT_EQ(log->counters[Counter::line_malformed], 3u);
  EXPECT_EQ(log->counters[Counter::line_truncated], 1u);
}

TEST(Csv, WhatIsNotKnownIsAskedFor) {
  for (const char* text : {"1,2,3\n2,3,4\n3,4,5\n", "time,a,b\n1,2,3\n", "a,b\n1,2\n"}) {
    const auto log = csv_of(text);
    ASSERT_FALSE(log.has_value()) << text;
    EXPECT_NE(log.error().remedy.find("--option time="), std::string::npos);
  }
  EXPECT_EQ(csv_of("time,power\n1,2\n", {{"power", "powr"}}).error().kind, ErrorKind::invalid);
  EXPECT_NE(csv_of("time,power\n1,2\n", {{"power", "powr"}}).error().remedy.find("power"),
            std::string::npos);
  EXPECT_EQ(csv_of("time,power\n1,2\n", {{"power", "power:kg"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(csv_of("time,v\n1,2\n", {{"voltage", "2"}}).error().kind, ErrorKind::invalid);
  for (const char* skip : {"-2", "0.5", "x", "1e9"})
    EXPECT_EQ(csv_of("time,v\n1,2\n", {{"skip", skip}}).error().kind, ErrorKind::invalid) << skip;
  for (const char* skip : {"0", "1"})
    EXPECT_EQ(told(csv_of("t,power\n1,2\n2,3\n", {{"skip", skip}, {"time", "1"}, {"power", "2"}})),
              "power: 2@1 3@2");
  EXPECT_EQ(csv_of("time,power\n1,2\n", {{"date", "xyz"}}).error().kind, ErrorKind::invalid);
}

TEST(Csv, TheFirstReadingsMayLackTheirNumber) {
  const auto log = csv_of("time,power\n1,nan\n2,\n3,5\n4,6\n");
  EXPECT_EQ(told(log), "power: 5@3 6@4");
  EXPECT_EQ(log->counters[Counter::not_a_number], 2u);
  const auto days = csv_of("date,time,power\n2021-02-06,13:36:31,N/A\n2021-02-06,13:36:32,5\n");
  ASSERT_TRUE(days.has_value()) << to_string(days.error());
  EXPECT_EQ(days->counters[Counter::not_a_number], 1u);
}

TEST(Csv, ARailWhoseFirstReadingIsMissingIsARail) {
  const auto log = csv_of("time,A (W),B (W)\n1,1.5,\n2,1.5,2.5\n");
  ASSERT_EQ(log->trace.channels.size(), 2u);
  EXPECT_EQ(told(log, 1), "B: 2.5@2");
  EXPECT_EQ(told(csv_of("1 5 -\n2 5 3\n", {{"time", "1"}, {"power", "2:W,3:mW"}}), 1),
            "power 2: 0.003@2");
}

TEST(Csv, WhatAMeterWritesBesideThePowerIsNone) {
  const auto meter = csv_of(
      "time,Voltage (V),Current (A),Power (W),Power Factor,Apparent Power (VA)\n"
      "1,230,0.1,11.5,0.5,23\n2,230,0.1,12,0.5,23\n");
  EXPECT_EQ(told(meter), "power: 11.5@1 12@2");
  EXPECT_EQ(meter->trace.channels.size(), 1u);
  const auto driver = csv_of(
      "timestamp, power.draw [W], power.limit [W]\n2021/02/06 13:36:32.500, 35.1 W, 250.0 W\n"
      "2021/02/06 13:36:33.500, [N/A], 250.0 W\n");
  ASSERT_EQ(driver->trace.channels.size(), 1u);
  EXPECT_EQ(driver->trace.channels[0].info.rail, "power.draw");
  EXPECT_EQ(driver->counters[Counter::not_a_number], 1u);
}

TEST(Csv, AnotherUnitThanIsAskedForIsRefused) {
  const std::string volts = "time,Voltage (V),power\n1,5,6\n2,5,6\n";
  EXPECT_EQ(csv_of(volts, {{"power", "2"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(told(csv_of(volts, {{"power", "2:W"}})), "power: 5@1 5@2");
  EXPECT_EQ(csv_of("time (min),power\n1,5\n2,6\n").error().kind, ErrorKind::invalid);
  EXPECT_EQ(told(csv_of("time (min),power\n1,5\n2,6\n", {{"time", "1:s"}})), "power: 5@1 6@2");
  EXPECT_EQ(csv_of("time,Power (dBm)\n1,5\n2,6\n", {{"power", "2"}}).error().kind,
            ErrorKind::invalid);
  const auto cell = csv_of("time,power\n1,515mV\n2,516mV\n");
  ASSERT_FALSE(cell.has_value());
  EXPECT_NE(cell.error().what.find(":2: "), std::string::npos) << cell.error().what;
  EXPECT_FALSE(csv_of("time,power\n1,515mW\n2,516mV\n").has_value());
}

TEST(Csv, TimesOfDayGoOnOverMidnight) {
  const auto reader =
      open_text("time,power\n23:59:58,5\n23:59:59,5\n00:00:00,6\n00:00:01,6\n00:00:00.5,6\n", {});
  const auto log = read_log(**reader);
  EXPECT_EQ(log->trace.channels[0].time_ns,
            (std::vector<std::int64_t>{86'398 * kSecond, 86'399 * kSecond, 86'400 * kSecond,
                                       86'401 * kSecond}));
  EXPECT_EQ(log->counters[Counter::time_backwards], 1u);
  EXPECT_EQ((*reader)->time_base(), TimeBase::time_of_day);
  EXPECT_EQ((*reader)->parse_time("00:00:01")->ns, 86'401 * kSecond);
  EXPECT_EQ((*reader)->print_time({86'401 * kSecond}), "00:00:01");
  // A clock that was set back in the afternoon is no midnight.
  const auto set = csv_of("time,power\n15:00:00,5\n12:00:00,5\n15:00:01,6\n");
  EXPECT_EQ(told(set), "power: 5@54000 6@54001");
  EXPECT_EQ(set->counters[Counter::time_backwards], 1u);
}

TEST(Csv, ACounterOfAnySizeAndAnyPace) {
  // Microjoules, and more of them from row to row than 32 bits hold.
  const auto log = csv_of("time,e\n0,1000.000001\n600,9000.000002\n1200,17000.5\n",
                          {{"energy", "e:J"}, {"time", "time:s"}});
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  const Channel& channel = log->trace.channels[0];
  EXPECT_NEAR((channel.a[1] - channel.a[0]) * channel.info.step_a, 8000, 1e-3);
  EXPECT_NEAR((channel.a[2] - channel.a[1]) * channel.info.step_a, 8000.5, 1e-3);
  // However far it falls when it is reset, it goes back by one.
  const auto reset =
      csv_of("time,e\n0,9000.000001\n1,9001\n2,0\n3,1\n", {{"energy", "e:J"}, {"time", "time:s"}});
  const Channel& counter = reset->trace.channels[0];
  EXPECT_EQ(counter.a[2] - counter.a[1], -1);
  EXPECT_NEAR((counter.a[3] - counter.a[2]) * counter.info.step_a, 1, 1e-3);
}

TEST(Csv, LargestHoldsForVoltageAndCurrentToo) {
  std::string text = "time,voltage,current\n";
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + ",5,0.000001\n";
  text += "20000,5,900\n";
  EXPECT_EQ(csv_of(text).error().kind, ErrorKind::parse);
  EXPECT_TRUE(csv_of(text, {{"largest", "1000"}}).has_value());
}

// ---- what is printed is read again --------------------------------------------------------------

RC_GTEST_PROP(Csv, ATraceThatIsPrintedIsReadAgain, ()) {
  const char delimiter = *rc::gen::element(',', ';', '\t', ' ');
  const char point = delimiter == ';' ? *rc::gen::element('.', ',') : '.';
  const bool has_header = *rc::gen::arbitrary<bool>();
  const auto rows = *rc::gen::inRange<std::size_t>(3, 60);
  std::vector<std::int64_t> times, milliwatts;
  auto time = *rc::gen::inRange<std::int64_t>(1'600'000'000'000, 1'700'000'000'000);
  for (std::size_t i = 0; i < rows; ++i) {
    times.push_back(time);
    time += *rc::gen::inRange<std::int64_t>(1, 100'000);
    milliwatts.push_back(*rc::gen::inRange<std::int64_t>(-2'000, 60'000));
  }
  std::string text = has_header ? std::string("time") + delimiter + "power\n" : "";
  for (std::size_t i = 0; i < rows; ++i) {
    const auto at = [&](std::int64_t value) {
      std::string number = fmt::format("{}{}.{:03}", value < 0 ? "-" : "", std::abs(value) / 1000,
                                       std::abs(value) % 1000);
      std::replace(number.begin(), number.end(), '.', point);
      return number;
    };
    text += at(times[i]) + delimiter + at(milliwatts[i]) + "\n";
  }
  const auto log = csv_of(text);
  RC_ASSERT(log.has_value());
  const Channel& channel = log->trace.channels[0];
  RC_ASSERT(channel.time_ns.size() == rows);
  for (std::size_t i = 0; i < rows; ++i) {
    RC_ASSERT(channel.time_ns[i] == times[i] * 1'000'000);
    RC_ASSERT(std::abs(channel.power_at(i).value() - static_cast<double>(milliwatts[i]) * 1e-3) <
              1e-9);
  }
  RC_ASSERT(!log->counters.any());
}

// RAPL counts in steps of 1/65536 J; in steps of the last digit 32 bits would hold 4 mJ.
TEST(Csv, ACounterOfManyDigitsDoesNotRunRoundUnseen) {
  const auto log = csv_of(
      "time_s,package_j\n1,0.0000152587890625\n2,5.0000152587890625\n3,1005.0000152587890625\n",
      {{"energy", "package_j"}});
  ASSERT_TRUE(log.has_value()) << to_string(log.error());
  const Channel& channel = log->trace.channels[0];
  ASSERT_EQ(channel.info.kind, ChannelKind::energy_counter);
  ASSERT_EQ(channel.a.size(), 3U);
  EXPECT_NEAR((channel.a[1] - channel.a[0]) * channel.info.step_a, 5, 1e-5);
  EXPECT_NEAR((channel.a[2] - channel.a[1]) * channel.info.step_a, 1000, 1e-5);
}

}  // namespace
}  // namespace isojoule

#include "import/time_line.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "import/number.h"

namespace isojoule::import {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(ImportTime, DaysOfTheCalendar) {
  EXPECT_EQ(days_of_date(1970, 1, 1), 0);
  EXPECT_EQ(days_of_date(2000, 3, 1), 11'017);
  EXPECT_EQ(days_of_date(2024, 2, 29), 19'782);
  for (std::int64_t day = -800; day < 80'000; ++day) {
    const Date date = date_of_days(day);
    ASSERT_EQ(days_of_date(date.year, date.month, date.day), day);
  }
}

// 1628337513 is 2021-08-07 11:58:33 UTC (date -u -d @1628337513).
TEST(ImportTime, EveryFormOfAStamp) {
  constexpr std::int64_t kAt = 1'628'337'513 * kSecond;
  struct Case {
    const char* text;
    std::int64_t ns;
  };
  for (const Case& one :
       {Case{"08-07-2021 11:58:33.523", kAt + 523'000'000},
        Case{"2021-08-07 11:58:33.523", kAt + 523'000'000},
        Case{"2021-08-07T11:58:33,5", kAt + 500'000'000}, Case{"2021-08-07T11:58:33Z", kAt},
        Case{"2021-08-07T13:58:33+02:00", kAt}, Case{"2021-08-07T06:28:33.000000001-0530", kAt + 1},
        Case{"2021/08/07 11:58:33", kAt}, Case{"8/7/2021 11:58:33", kAt},
        Case{"07.08.2021 11:58:33,25", kAt + 250'000'000}}) {
    const auto stamp = parse_stamp(one.text);
    ASSERT_TRUE(stamp.has_value()) << one.text;
    EXPECT_EQ(stamp->ns, one.ns) << one.text;
  }
  EXPECT_EQ(parse_stamp("07/08/2021 11:58:33", DateOrder::day_first)->ns, kAt);
  const auto clock = parse_stamp("11:58:33.5");
  ASSERT_TRUE(clock.has_value());
  EXPECT_FALSE(clock->form.has_date);
  EXPECT_EQ(clock->ns, (11 * 3600 + 58 * 60 + 33) * kSecond + kSecond / 2);
}

TEST(ImportTime, WhatIsNoStamp) {
  for (const char* text :
       {"", "12", "12.5", "2021-02-29 00:00:00", "13-07-2021 11:58:33", "2021-08-07", "08-07-2021",
        "2021-08-07 24:00:00", "2021-08-07 11:60:00", "2021-08-07 11:58:33 x", "21-08-07 11:58:33",
        "2021-08/07 11:58:33", "2021-08-07 11:58:33+99:00", "aa-bb-cccc 11:58:33"})
    EXPECT_FALSE(parse_stamp(text).has_value()) << text;
}

RC_GTEST_PROP(ImportTime, AStampIsReadAsItIsPrinted, ()) {
  StampForm form;
  form.order = static_cast<DateOrder>(*rc::gen::inRange(0, 3));
  form.separator = form.order == DateOrder::day_first ? '.' : *rc::gen::element('-', '/');
  form.between = *rc::gen::element(' ', 'T');
  form.point = *rc::gen::element('.', ',');
  form.digits = *rc::gen::inRange(0, 10);
  if (*rc::gen::arbitrary<bool>()) form.zone_minutes = *rc::gen::inRange(-14 * 60, 14 * 60 + 1);
  const auto ns = *rc::gen::inRange<std::int64_t>(86'400 * kSecond, 4'500'000'000 * kSecond);
  const std::string text = print_stamp(ns, form);
  const auto stamp = parse_stamp(text);
  RC_ASSERT(stamp.has_value());
  RC_ASSERT(stamp->ns == ns);
}

TimeLine stamps_of(const char* first) {
  const auto stamp = parse_stamp(first);
  TimeLine line;
  line.kind = TimeLine::Kind::stamps;
  line.form = stamp->form;
  line.first_ns = stamp->ns;
  return line;
}

TEST(ImportTime, TimesOfALogOfStamps) {
  const TimeLine line = stamps_of("08-07-2021 11:58:33.523");
  EXPECT_EQ(line.parse("08-07-2021 11:58:33.523")->ns, line.first_ns);
  EXPECT_EQ(line.parse("+12.5")->ns, line.first_ns + 12'500'000'000);
  EXPECT_EQ(line.parse("12.5")->ns, line.first_ns + 12'500'000'000);
  EXPECT_EQ(line.parse("11:58:34.523")->ns, line.first_ns + kSecond);
  EXPECT_EQ(line.parse("2021-08-07T11:58:33.523")->ns, line.first_ns);
  EXPECT_EQ(line.print(Instant{line.first_ns}), "08-07-2021 11:58:33.523");
  const auto wrong = line.parse("noon");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().kind, ErrorKind::parse);
  EXPECT_NE(wrong.error().remedy.find("08-07-2021 11:58:33.523"), std::string::npos);
}

TEST(ImportTime, ATimeWithoutAZoneIsOfTheLogsZone) {
  const TimeLine line = stamps_of("2021-08-07T13:58:33+02:00");
  EXPECT_EQ(line.parse("2021-08-07T13:58:33")->ns, line.first_ns);
  EXPECT_EQ(line.parse("2021-08-07T11:58:33Z")->ns, line.first_ns);
  EXPECT_EQ(line.parse("13:58:33")->ns, line.first_ns);
  EXPECT_EQ(line.print(Instant{line.first_ns}), "2021-08-07T13:58:33+02:00");
}

TEST(ImportTime, TimesOfALogOfNumbers) {
  TimeLine line;
  line.since_1970 = true;
  line.first_ns = 1'612'618'592'620'721'000;
  EXPECT_EQ(line.parse("1612618592.620721")->ns, line.first_ns);
  EXPECT_EQ(line.print(Instant{line.first_ns}), "1612618592.620721");
  EXPECT_EQ(line.parse("+1")->ns, line.first_ns + kSecond);
  EXPECT_EQ(line.parse("2021-02-06 13:36:32.620721")->ns, line.first_ns);
  line.unit_ns = 1'000'000;
  EXPECT_EQ(line.parse("1612618592620.721")->ns, line.first_ns);
  EXPECT_EQ(line.print(Instant{-1'500'000}), "-1.5");
  EXPECT_FALSE(line.parse("").has_value());
  EXPECT_FALSE(line.parse("+").has_value());
  EXPECT_FALSE(line.parse("11:58:33").has_value());
}

TEST(ImportTime, ATimeOfDayAfterMidnightIsOfTheNextDay) {
  const TimeLine line = stamps_of("08-07-2021 23:50:00");
  EXPECT_EQ(line.parse("00:10:00")->ns, line.first_ns + 1200 * kSecond);
  EXPECT_EQ(line.parse("23:49:59")->ns, line.first_ns - kSecond);
  const TimeLine dateless = stamps_of("23:50:00");
  EXPECT_EQ(dateless.parse("00:10:00")->ns, dateless.first_ns + 1200 * kSecond);
}

TEST(ImportTime, NoTimeIsSoFarAwayThatADifferenceOverflows) {
  TimeLine line;
  line.since_1970 = true;
  line.first_ns = 1'612'618'592'000'000'000;
  EXPECT_FALSE(line.parse("+4000000000").has_value());
  EXPECT_TRUE(line.parse("+2000000000").has_value());
  line.point = ',';
  EXPECT_EQ(line.parse("+12,5")->ns, line.first_ns + 12'500'000'000);
}

TEST(ImportTime, EpochsByTheirSize) {
  EXPECT_EQ(epoch_unit_ns(1612618592.6), kSecond);
  EXPECT_EQ(epoch_unit_ns(1612618592620.0), 1'000'000);
  EXPECT_EQ(epoch_unit_ns(1612618592620721.0), 1'000);
  EXPECT_EQ(epoch_unit_ns(1612618592620721000.0), 1);
  EXPECT_FALSE(epoch_unit_ns(12.5).has_value());
  EXPECT_FALSE(epoch_unit_ns(-1612618592.0).has_value());
}

TEST(ImportNumber, Decimals) {
  EXPECT_EQ(parse_decimal("12.5"), 12.5);
  EXPECT_EQ(parse_decimal("-12,5", ','), -12.5);
  EXPECT_EQ(parse_decimal("+3"), 3.0);
  EXPECT_EQ(parse_decimal("1e-3"), 1e-3);
  EXPECT_EQ(parse_decimal(".5"), 0.5);
  for (const char* text : {"", "-", "nan", "inf", "0x10", "12,5", "1.2.3", "5 W", "--1", "1e999"})
    EXPECT_FALSE(parse_decimal(text).has_value()) << text;
  EXPECT_FALSE(parse_decimal("1.5", ',').has_value());
  for (const char* text : {"", "-", "NaN", "-nan", "inf", "N/A", "null"})
    EXPECT_TRUE(is_no_number(text)) << text;
  EXPECT_FALSE(is_no_number("12"));
}

TEST(ImportNumber, ScaledIsExact) {
  EXPECT_EQ(parse_scaled("1612618592.620721", kSecond), 1'612'618'592'620'721'000);
  EXPECT_EQ(parse_scaled("1612618592.123456789", kSecond), 1'612'618'592'123'456'789);
  EXPECT_EQ(parse_scaled("0.0000000005", kSecond), 1);
  EXPECT_EQ(parse_scaled("-0,25", kSecond, ','), -250'000'000);
  EXPECT_EQ(parse_scaled("1612618592620721001", 1), 1'612'618'592'620'721'001);
  EXPECT_EQ(parse_scaled("1.5e3", 1000), 1'500'000);
  for (const char* text : {"", ".", "-", "99999999999999999999", "1612618592620721", "nan"})
    EXPECT_FALSE(parse_scaled(text, kSecond).has_value()) << text;
}

TEST(ImportNumber, AScaleHasRoomAndKeepsTheResolution) {
  const Scale fine = scale_for(8.4, 1e-3);
  EXPECT_LE(fine.step, 1e-5);
  EXPECT_TRUE(fine.raw(20 * 8.4).has_value());
  const Scale coarse = scale_for(5000, 1e-9);
  EXPECT_TRUE(coarse.raw(100'000).has_value());
  EXPECT_FALSE(coarse.raw(1e15).has_value());
  EXPECT_GT(scale_for(0, 1).step, 0);
}

}  // namespace
}  // namespace isojoule::import

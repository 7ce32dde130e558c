// Times as logs write them: dates, seconds since 1970, seconds since the log's own zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::import {

// Which comes first where the year stands last, or none is longer than two digits.
enum class DateOrder : std::uint8_t { year_first, month_first, day_first };

// How a date and a time of day are written.
struct StampForm {
  DateOrder order = DateOrder::year_first;
  char separator = '-';  // of the date: '-', '/' or '.'
  char between = ' ';    // of date and time: ' ' or 'T'
  char point = '.';      // of the second
  int digits = 3;        // behind it
  bool has_date = true;
  std::optional<int> zone_minutes;  // as the log says it; applied
};

struct Stamp {
  std::int64_t ns = 0;  // since 1970 of the clock that it shows, or of UTC where it names a zone;
                        // without a date: since midnight
  StampForm form;
};

// Days since 1970-01-01 in the Gregorian calendar, and back.
std::int64_t days_of_date(std::int64_t year, int month, int day);
struct Date {
  std::int64_t year = 0;
  int month = 0, day = 0;
};
Date date_of_days(std::int64_t days);

// "2021-08-07 11:58:33.523", "2021-08-07T11:58:33,5+02:00", "08-07-2021 11:58:33.523" and
// "08/07/2021 ..." (month first, unless `order` says otherwise), "07.08.2021 ..." (day first),
// "11:58:33.523". Nothing where it is none of these, or no day of the calendar.
std::optional<Stamp> parse_stamp(std::string_view text,
                                 std::optional<DateOrder> order = std::nullopt);
std::string print_stamp(std::int64_t ns, const StampForm& form);

// The line on which one log's times lie.
struct TimeLine {
  enum class Kind : std::uint8_t { stamps, number } kind = Kind::number;
  StampForm form;                        // of stamps
  std::optional<DateOrder> order;        // as the user says it
  std::int64_t unit_ns = 1'000'000'000;  // of number: nanoseconds of one
  char point = '.';                      // of number
  bool since_1970 = false;               // else since the log's own zero
  std::int64_t first_ns = 0;             // the first reading

  // As the log writes its times; "+12.5": seconds after the first reading. Of a log of stamps a
  // plain number is that too, and a time of day is of the first reading's day, or of the next where
  // it would lie more than half a day before that reading. Errors: parse.
  Result<Instant> parse(std::string_view text) const;
  std::string print(Instant instant) const;
};

// Times of day in their order, over midnight: one that is earlier than the last is of the next day
// where midnight lies less than `farthest` before it; else the clock went back.
class Midnights {
 public:
  explicit Midnights(Duration farthest = Duration{7'200'000'000'000}) : farthest_(farthest) {}
  // Since the first midnight.
  std::int64_t carry(std::int64_t of_day_ns);

 private:
  Duration farthest_;
  std::int64_t days_ns_ = 0, last_ns_ = 0;
};

// Half of what the integers hold (the year 2116, or 146 years from a log's zero): no difference of
// two such times is too large. Beyond it a time is none.
inline constexpr std::int64_t kLargestTime_ns = 4'600'000'000'000'000'000;

// Seconds, milliseconds, microseconds or nanoseconds since 1970, by the size alone (1973 to 5138 in
// seconds); nothing for a smaller number, which counts from another zero.
std::optional<std::int64_t> epoch_unit_ns(double number);

}  // namespace isojoule::import

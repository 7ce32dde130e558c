#include "import/time_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "import/number.h"

namespace isojoule::import {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kLastYear = 2114;  // before kLargestTime_ns

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes `least` to `most` digits off.
bool take_digits(std::string_view& text, std::size_t least, std::size_t most, std::int64_t& value) {
  std::size_t count = 0;
  value = 0;
  while (count < most && count < text.size() && is_digit(text[count]))
    value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count >= least;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Three numbers with '-', '/' or '.' between them; the year has four digits.
bool take_date(std::string_view& text, std::optional<DateOrder> wanted, StampForm& form,
               std::int64_t& days) {
  std::array<std::int64_t, 3> part{};
  std::array<std::size_t, 3> width{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t before = text.size();
    if (!take_digits(text, 1, 4, part[i])) return false;
    width[i] = before - text.size();
    if (i == 0) {
      if (!text.starts_with('-') && !text.starts_with('/') && !text.starts_with('.')) return false;
      form.separator = text.front();
    }
    if (i < 2 && !take(text, form.separator)) return false;
  }
  form.order = DateOrder::year_first;
  if (width[2] == 4 && width[0] <= 2) {
    form.order = form.separator == '.' ? DateOrder::day_first : DateOrder::month_first;
    if (wanted && *wanted != DateOrder::year_first) form.order = *wanted;
  } else if (width[0] != 4) {
    return false;
  }
  const bool year_first = form.order == DateOrder::year_first;
  const std::int64_t year = year_first ? part[0] : part[2];
  const std::int64_t month =
      year_first ? part[1] : (form.order == DateOrder::month_first ? part[0] : part[1]);
  const std::int64_t day =
      year_first ? part[2] : (form.order == DateOrder::month_first ? part[1] : part[0]);
  if (year < 1970 || year > kLastYear || month < 1 || month > 12 || day < 1 || day > 31)
    return false;
  days = days_of_date(year, static_cast<int>(month), static_cast<int>(day));
  return date_of_days(days).day == day;
}

// "11:58:33.523", "11:58"
bool take_clock(std::string_view& text, StampForm& form, std::int64_t& ns) {
  std::int64_t hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 1, 2, hour) || !take(text, ':') || !take_digits(text, 2, 2, minute))
    return false;
  if (take(text, ':') && !take_digits(text, 2, 2, second)) return false;
  if (hour > 23 || minute > 59 || second > 60) return false;
  ns = ((hour * 60 + minute) * 60 + second) * kSecond;
  form.digits = 0;
  if (text.size() > 1 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
    form.point = text.front();
    text.remove_prefix(1);
    std::int64_t weight = kSecond;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
      weight /= 10;
      ns += (text.front() - '0') * weight;
      form.digits = std::min(9, form.digits + 1);
    }
  }
  return true;
}

// "Z", "+02:00", "-0530", " UTC"
bool take_zone(std::string_view& text, StampForm& form) {
  if (text.empty()) return true;
  if (text == "Z" || text == "z" || text == " UTC" || text == " GMT" || text == "UTC") {
    form.zone_minutes = 0;
    text = {};
    return true;
  }
  const char sign = text.front();
  std::int64_t hours = 0, minutes = 0;
  if (sign != '+' && sign != '-') return false;
  text.remove_prefix(1);
  if (!take_digits(text, 2, 2, hours)) return false;
  take(text, ':');
  if (!text.empty() && !take_digits(text, 2, 2, minutes)) return false;
  if (hours > 14 || minutes > 59) return false;
  const auto total = static_cast<int>(hours * 60 + minutes);
  form.zone_minutes = sign == '-' ? -total : total;
  return text.empty();
}

std::string fraction_text(std::int64_t ns, int digits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%09lld", static_cast<long long>(ns));
  return std::string(text.data(), static_cast<std::size_t>(digits));
}

// At least `digits` behind the point, and all that are not zero.
int digits_needed(std::int64_t ns, int digits) {
  int needed = 9;
  while (needed > digits && ns % 10 == 0) {
    ns /= 10;
    --needed;
  }
  return needed;
}

std::int64_t floor_of(std::int64_t value, std::int64_t unit) {
  return (value >= 0 ? value : value - unit + 1) / unit;
}

std::string print_number(std::int64_t ns, std::int64_t unit_ns) {
  const bool negative = ns < 0;
  const std::int64_t size = negative ? -ns : ns;
  std::string text = (negative ? "-" : "") + std::to_string(size / unit_ns);
  int places = 0;
  for (std::int64_t unit = unit_ns; unit > 1; unit /= 10) ++places;
  std::string fraction = std::to_string(size % unit_ns);
  while (fraction.size() < static_cast<std::size_t>(places)) fraction.insert(0, "0");
  while (fraction.ends_with('0')) fraction.pop_back();
  return places == 0 || fraction.empty() ? text : text + "." + fraction;
}

}  // namespace

// Days of the Gregorian calendar with years that begin in March, 400 of them to an era (H. Hinnant,
// "chrono-Compatible Low-Level Date Algorithms").
std::int64_t days_of_date(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = floor_of(y, 400), of_era = y - era * 400;
  const std::int64_t of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Date date_of_days(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = floor_of(shifted, 146'097), of_era = shifted - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

std::optional<Stamp> parse_stamp(std::string_view text, std::optional<DateOrder> order) {
  text = trimmed_view(text);
  Stamp stamp;
  std::int64_t days = 0, clock = 0;
  std::string_view rest = text;
  stamp.form.has_date = take_date(rest, order, stamp.form, days);
  if (stamp.form.has_date) {
    if (rest.empty() || (rest.front() != ' ' && rest.front() != 'T')) return std::nullopt;
    stamp.form.between = rest.front();
    while (take(rest, stamp.form.between)) {
    }
  } else {
    rest = text;
    stamp.form = StampForm();
    stamp.form.has_date = false;
  }
  if (!take_clock(rest, stamp.form, clock) || !take_zone(rest, stamp.form)) return std::nullopt;
  stamp.ns = (stamp.form.has_date ? days * kDay : 0) + clock -
             stamp.form.zone_minutes.value_or(0) * (60 * kSecond);
  return stamp;
}

std::string print_stamp(std::int64_t ns, const StampForm& form) {
  ns += form.zone_minutes.value_or(0) * (60 * kSecond);
  const std::int64_t days = floor_of(ns, kDay), of_day = ns - days * kDay;
  const Date date = date_of_days(days);
  std::array<char, 64> text{};
  std::string result;
  const auto year = static_cast<long long>(date.year);
  const char s = form.separator;
  if (form.has_date) {
    if (form.order == DateOrder::year_first)
      std::snprintf(text.data(), text.size(), "%04lld%c%02d%c%02d", year, s, date.month, s,
                    date.day);
    else if (form.order == DateOrder::month_first)
      std::snprintf(text.data(), text.size(), "%02d%c%02d%c%04lld", date.month, s, date.day, s,
                    year);
    else
      std::snprintf(text.data(), text.size(), "%02d%c%02d%c%04lld", date.day, s, date.month, s,
                    year);
    result = std::string(text.data()) + form.between;
  }
  const std::int64_t second = of_day / kSecond, fraction = of_day % kSecond;
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(second / 3600),
                static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
  result += text.data();
  if (const int digits = digits_needed(fraction, form.digits); digits > 0)
    result += form.point + fraction_text(fraction, digits);
  if (!form.zone_minutes) return result;
  const int zone = *form.zone_minutes;
  if (zone == 0) return result + "Z";
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", zone < 0 ? '-' : '+', std::abs(zone) / 60,
                std::abs(zone) % 60);
  return result + text.data();
}

std::int64_t Midnights::carry(std::int64_t of_day_ns) {
  std::int64_t ns = days_ns_ + of_day_ns;
  if (ns < last_ns_ && ns + kDay - last_ns_ <= farthest_.ns) {
    days_ns_ += kDay;
    ns += kDay;
  }
  last_ns_ = std::max(last_ns_, ns);
  return ns;
}

Result<Instant> TimeLine::parse(std::string_view text) const {
  text = trimmed_view(text);
  const auto wrong = [&] {
    return fail(ErrorKind::parse, "'" + std::string(text) + "' is no time",
                "Write it as the log does (its first reading: " + print(Instant{first_ns}) +
                    "), or as seconds after the first reading: +12.5");
  };
  if (text.starts_with('+') || (kind == Kind::stamps && parse_decimal(text))) {
    const std::string_view number = text.starts_with('+') ? text.substr(1) : text;
    auto seconds = parse_scaled(number, kSecond);
    if (!seconds) seconds = parse_scaled(number, kSecond, point);
    if (!seconds || std::abs(*seconds) > 4'000'000'000 * kSecond ||
        std::abs(first_ns + *seconds) > kLargestTime_ns)
      return wrong();
    return Instant{first_ns + *seconds};
  }
  if (kind == Kind::number) {
    const auto value = parse_scaled(text, unit_ns, point);
    if (value && std::abs(*value) <= kLargestTime_ns) return Instant{*value};
    if (value || !since_1970) return wrong();
  }
  const auto stamp = parse_stamp(text, order);
  if (!stamp) return wrong();
  std::int64_t ns = stamp->ns;
  if (kind == Kind::stamps) {
    // Without a zone of its own it is of the log's.
    const std::int64_t zone = form.zone_minutes.value_or(0) * (60 * kSecond);
    if (!stamp->form.zone_minutes) ns -= zone;
    if (!stamp->form.has_date) {
      if (form.has_date) ns += floor_of(first_ns + zone, kDay) * kDay;
      if (ns < first_ns - kDay / 2) ns += kDay;
    }
  } else if (!stamp->form.has_date) {
    return wrong();
  }
  return Instant{ns};
}

std::string TimeLine::print(Instant instant) const {
  if (kind == Kind::stamps) return print_stamp(instant.ns, form);
  std::string text = print_number(instant.ns, unit_ns);
  std::replace(text.begin(), text.end(), '.', point);
  return text;
}

std::optional<std::int64_t> epoch_unit_ns(double number) {
  if (number >= 1e8 && number < 1e11) return kSecond;
  if (number >= 1e11 && number < 1e14) return 1'000'000;
  if (number >= 1e14 && number < 1e17) return 1'000;
  if (number >= 1e17 && number < 9.2e18) return 1;
  return std::nullopt;
}

}  // namespace isojoule::import

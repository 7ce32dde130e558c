#include "import/spl/line.h"

#include <cmath>
#include <cstring>

#include "import/holds.h"
#include "import/number.h"
#include "import/source.h"

namespace isojoule::spl {
namespace {

using import::parse_decimal;

constexpr double kMost_w = 1e9;  // beyond it is no reading of a meter

std::string_view take_field(std::string_view& line) {
  const std::size_t comma = line.find(',');
  const std::string_view field = line.substr(0, comma);
  line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  return field;
}

// The first value that goes by `name` in the rest of a line.
bool find_value(std::string_view rest, std::string_view name, std::string_view& value) {
  while (!rest.empty()) {
    const std::string_view key = take_field(rest);
    value = take_field(rest);
    if (key == name) return true;
  }
  return false;
}

}  // namespace

LineState parse_line(std::string_view line, Reading& reading, import::StampForm* form) {
  if (take_field(line) != "Time") return LineState::malformed;
  const auto stamp = import::parse_stamp(take_field(line), import::DateOrder::month_first);
  std::string_view watts, volts;
  if (!stamp || !stamp->form.has_date || !find_value(line, "Watts", watts))
    return LineState::malformed;
  reading.time_ns = stamp->ns;
  if (form != nullptr) *form = stamp->form;
  const auto value = parse_decimal(watts);
  if (!value) return import::is_no_number(watts) ? LineState::no_number : LineState::malformed;
  if (*value == -2.0 && find_value(line, "Volts", volts) && parse_decimal(volts) == -2.0)
    return LineState::no_reading;
  if (!(std::abs(*value) < kMost_w)) return LineState::malformed;
  reading.microwatts = std::llround(*value * 1e6);
  return LineState::reading;
}

void FastLine::learn(std::string_view line, const Reading& reading) {
  // "Time,MM-DD-YYYY HH:MM:SS": signs at their places and digits elsewhere; a leap second is left
  // to the careful way.
  constexpr std::string_view kForm = "Time,dd-dd-dddd dd:dd:dd";
  known_ = false;
  if (line.size() < kForm.size()) return;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? digit(line[i]) > 9 : line[i] != kForm[i]) return;
  if (line[22] > '5') return;
  line.copy(prefix_.data(), kPrefix);
  // parse_line() has read the day: what is left is the time of day.
  constexpr std::int64_t kDay = 86'400'000'000'000;
  day_ns_ = reading.time_ns - reading.time_ns % kDay;
  take_minute(line.data());
  known_ = true;
}

bool FastLine::take_minute(const char* at) {
  const unsigned h1 = digit(at[16]), h0 = digit(at[17]), m1 = digit(at[19]), m0 = digit(at[20]);
  if (h1 > 9 || h0 > 9 || m1 > 5 || m0 > 9 || at[18] != ':' || at[21] != ':') return false;
  const unsigned hour = h1 * 10 + h0;
  if (hour > 23) return false;
  constexpr std::int64_t kMinute = 60'000'000'000;
  minute_ns_ = day_ns_ + static_cast<std::int64_t>(hour * 60 + m1 * 10 + m0) * kMinute;
  std::memcpy(prefix_.data() + 16, at + 16, kPrefix - 16);
  return true;
}

std::string fast_agrees(std::string_view text) {
  const std::string padded = std::string(text) + std::string(FastLine::kRoom, '\n');
  FastLine fast;
  std::string_view rest(padded);
  while (rest.size() > FastLine::kRoom) {
    const char* const at = rest.data();
    const std::string_view line = take_line(rest);
    Reading quick, careful;
    const LineState state = parse_line(line, careful);
    if (fast.parse(at, quick)) {
      if (state != LineState::reading || quick.time_ns != careful.time_ns ||
          quick.microwatts != careful.microwatts)
        return "the fast way differs: " + std::string(line);
    } else if (state == LineState::reading) {
      fast.learn(line, careful);
    }
  }
  return {};
}

}  // namespace isojoule::spl

#include "sensor/estimate/model.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace isojoule::estimate {
namespace {

bool take_number(std::string_view& row, std::int64_t& value) {
  const std::size_t start = row.find_first_not_of(' ');
  if (start == std::string_view::npos) return false;
  const auto parsed = std::from_chars(row.data() + start, row.data() + row.size(), value);
  if (parsed.ec != std::errc() || value < 0) return false;
  row.remove_prefix(static_cast<std::size_t>(parsed.ptr - row.data()));
  return true;
}

// "0 4705 150 1120 16250 520 0 75 0 0 0", after "cpu": number, user, nice, system, idle, iowait,
// irq, softirq, steal, ...
bool parse_core(std::string_view row, std::int64_t& number, Ticks& ticks) {
  constexpr int kIdle = 3, kIoWait = 4, kSteal = 7;
  if (!take_number(row, number)) return false;
  ticks = {0, 0, true};
  std::int64_t value = 0;
  int column = 0;
  for (; column <= kSteal && take_number(row, value); ++column) {
    ticks.all += value;
    if (column != kIdle && column != kIoWait) ticks.busy += value;
  }
  return column > kIdle;
}

}  // namespace

std::size_t parse_stat(std::string_view text, std::span<Ticks> ticks) {
  std::fill(ticks.begin(), ticks.end(), Ticks{});
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view row = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    // "cpu  ..." is the sum over all; the last row of a cut text may be half a row.
    if (row.size() < 4 || row.substr(0, 3) != "cpu" || row[3] == ' ') continue;
    row.remove_prefix(3);
    std::int64_t number = 0;
    Ticks core;
    if (!parse_core(row, number, core) || static_cast<std::size_t>(number) >= ticks.size())
      continue;
    ticks[static_cast<std::size_t>(number)] = core;
    count = std::max(count, static_cast<std::size_t>(number) + 1);
  }
  return count;
}

double busy_share(const Ticks& before, const Ticks& after) {
  const std::int64_t all = after.all - before.all;
  if (!before.seen || !after.seen || all <= 0) return -1;
  // iowait may run backwards (proc(5)), so the share is kept between its bounds.
  return std::clamp(static_cast<double>(after.busy - before.busy) / static_cast<double>(all), 0.0,
                    1.0);
}

Watt power(const Constants& constants, std::span<const double> busy,
           std::span<const double> frequency_share, std::size_t cores) {
  const Watt per_core =
      (constants.maximum - constants.idle) / static_cast<double>(std::max<std::size_t>(1, cores));
  Watt sum = constants.idle;
  for (std::size_t i = 0; i < busy.size() && i < frequency_share.size(); ++i) {
    if (busy[i] < 0) continue;
    const double share = std::clamp(frequency_share[i], 0.0, 1.0);
    sum += per_core * (busy[i] * std::pow(share, constants.exponent));
  }
  return sum;
}

}  // namespace isojoule::estimate

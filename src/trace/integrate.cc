#include "trace/integrate.h"

#include <algorithm>

#include "trace/window_integral.h"

namespace isojoule {

namespace {

// While a source says the same, which of its readings are news is told from the last change on.
std::size_t since_change(const Channel& channel, std::size_t row) {
  constexpr std::size_t kMost = 4096;
  const std::size_t least = row - std::min(row, kMost);
  const auto same_as_before = [&channel](std::size_t i) {
    return channel.a[i] == channel.a[i - 1] &&
           (channel.b.empty() || channel.b[i] == channel.b[i - 1]);
  };
  while (row > least && same_as_before(row)) --row;
  return row;
}

}  // namespace

Energy integrate(const Channel& channel, Instant begin, Instant end, Duration period,
                 Counters& counters) {
  WindowIntegral integral(channel.info, begin, end, period);
  const auto& times = channel.time_ns;
  const std::int64_t reach = WindowIntegral::reach(channel.info, period).ns;
  const auto first = std::lower_bound(times.begin(), times.end(), begin.ns - reach);
  const auto last = std::upper_bound(first, times.end(), end.ns + reach);
  // A gap beside the window is seen from its other side.
  constexpr std::ptrdiff_t kFurther = 4;
  auto from =
      static_cast<std::size_t>(first - times.begin() - std::min(kFurther, first - times.begin()));
  const auto to =
      static_cast<std::size_t>(last - times.begin() + std::min(kFurther, times.end() - last));
  if (channel.info.update_period > Second(0) && from < to) from = since_change(channel, from);
  integral.add(channel, from, to);
  return integral.finish(counters);
}

}  // namespace isojoule

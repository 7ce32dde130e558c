#include "trace/short_windows.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "trace/cells.h"
#include "trace/statistic.h"
#include "trace/total.h"
#include "trace/window_integral.h"

namespace isojoule {
namespace {

constexpr double kRectangle = 3.4641016151377544;  // sqrt(12)

// Without overlaps, ascending.
std::vector<TimeSpan> united(std::vector<TimeSpan> all) {
  std::sort(all.begin(), all.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.begin < b.begin; });
  std::vector<TimeSpan> result;
  for (const TimeSpan& one : all)
    if (!result.empty() && one.begin <= result.back().end)
      result.back().end = std::max(result.back().end, one.end);
    else
      result.push_back(one);
  return result;
}

// As every integral sees them: repeated readings left out, dated in the middle of how old they may
// be, calibrated. A counter that was reset tells nothing of that stretch.
std::vector<ReadStretch> readings_of(const Channel& channel) {
  std::vector<ReadStretch> readings;
  if (channel.time_ns.empty()) return readings;
  const ChannelInfo& info = channel.info;
  const std::int64_t origin = channel.time_ns.front();
  CellMaker maker(info, Instant{origin});
  Cells cells;
  maker.add(channel, 0, channel.time_ns.size(), cells);
  const auto on_clock = [origin](double at) { return origin + std::llround(at * 1e9); };
  const double offset = info.calibration ? info.calibration->offset.value() : 0;
  readings.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (info.kind != ChannelKind::energy_counter || cells.power_w[i] >= offset)
      readings.push_back({on_clock(cells.begin(i)), on_clock(cells.end(i)), cells.power_w[i]});
  return readings;
}

// The share of each reading's stretch that lies in the windows; one pass over both.
std::vector<double> shares_of(const std::vector<ReadStretch>& readings,
                              const std::vector<TimeSpan>& windows) {
  std::vector<double> shares;
  std::size_t first = 0;
  for (const ReadStretch& reading : readings) {
    while (first < windows.size() && windows[first].end < reading.begin) ++first;
    const std::int64_t length = reading.end - reading.begin;
    std::int64_t inside = 0;
    bool is_in = false;
    for (std::size_t i = first; i < windows.size() && windows[i].begin <= reading.end; ++i) {
      inside += std::max<std::int64_t>(
          0, std::min(windows[i].end, reading.end) - std::max(windows[i].begin, reading.begin));
      is_in = is_in || reading.begin < windows[i].end;
    }
    shares.push_back(length > 0 ? static_cast<double>(inside) / static_cast<double>(length)
                                : (is_in ? 1.0 : 0.0));
  }
  return shares;
}

struct Power {
  double mean_w = 0, uncertainty_w = 0;
};

// Few readings tell little of how they scatter: what makes k = 2 hold as often as it says.
double of_few(double freedom) { return student_t(kCoverage, freedom) / 2; }

// The line P = a + b f at f = 1, by least squares.
std::optional<Power> from_line(const std::vector<ReadStretch>& readings,
                               const std::vector<double>& shares) {
  const auto n = static_cast<double>(readings.size());
  if (n < 3) return std::nullopt;
  double f = 0, p = 0, ff = 0, fp = 0;
  for (std::size_t i = 0; i < readings.size(); ++i) f += shares[i], p += readings[i].power_w;
  f /= n, p /= n;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    ff += (shares[i] - f) * (shares[i] - f);
    fp += (shares[i] - f) * (readings[i].power_w - p);
  }
  if (ff < 1e-12) return std::nullopt;
  const double slope = fp / ff;
  double square = 0, neighbours = 0, last = 0;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const double rest = readings[i].power_w - p - slope * (shares[i] - f);
    square += rest * rest;
    if (i > 0) neighbours += rest * last;
    last = rest;
  }
  const double r = square > 0 ? std::clamp(neighbours / square, 0.0, 0.98) : 0.0;
  const double sigma = std::sqrt(square / (n - 2) * (1 + r) / (1 - r)) * of_few(n - 2);
  return Power{p + slope * (1 - f), sigma * std::sqrt(1 / n + (1 - f) * (1 - f) / ff)};
}

// As if power were the same inside and outside.
std::optional<Power> from_mean(const std::vector<ReadStretch>& readings, double covered) {
  if (readings.empty() || covered <= 0) return std::nullopt;
  double sum = 0, square = 0;
  for (const ReadStretch& reading : readings) sum += reading.power_w;
  const auto n = static_cast<double>(readings.size());
  const double mean = sum / n;
  for (const ReadStretch& reading : readings)
    square += (reading.power_w - mean) * (reading.power_w - mean);
  const double scatter = n > 1 ? std::sqrt(square / (n - 1) / n) * of_few(n - 1) : std::abs(mean);
  const double rest = (1 - std::min(1.0, covered)) / std::min(1.0, covered) * std::abs(mean);
  return Power{mean, std::hypot(scatter, rest / std::sqrt(3.0))};
}

// Those that tell of nothing but the time between the two: what the program does before and after
// need not be what it does between its windows. Of few windows also those around them; where a tick
// was late, or the last one was before the window, the nearest that a bridged gap would reach.
std::vector<ReadStretch> readings_between(const std::vector<ReadStretch>& all, std::int64_t begin,
                                          std::int64_t end, std::int64_t around) {
  for (const std::int64_t margin : {std::int64_t{0}, around, around * kLongGap}) {
    std::vector<ReadStretch> some;
    const auto first =
        std::lower_bound(all.begin(), all.end(), begin - margin,
                         [](const ReadStretch& one, std::int64_t time) { return one.end < time; });
    for (auto at = first; at != all.end() && at->begin <= end + margin; ++at)
      if (margin > 0 || (at->begin >= begin && at->end <= end)) some.push_back(*at);
    if (some.size() >= 3 || (margin > 0 && !some.empty())) return some;
  }
  return {};
}

// The windows' share of the time that they and the readings span.
double covered_of(const std::vector<ReadStretch>& readings, const std::vector<TimeSpan>& merged) {
  std::int64_t begin = merged.front().begin, end = merged.back().end;
  for (const ReadStretch& reading : readings) {
    begin = std::min(begin, reading.begin);
    end = std::max(end, reading.end);
  }
  return static_cast<double>(length_of(merged)) / static_cast<double>(end - begin);
}

void set_energy(const ChannelInfo& info, const Power& power, double volts, double time_s,
                std::size_t readings, Energy& result) {
  const double joules = power.mean_w * time_s;
  CauseBudget& budget = result.budget_j;
  if (const auto& calibration = info.calibration) {
    budget["calibration"] = calibration_uncertainty_j(*calibration, joules, time_s);
  } else {
    budget["gain"] = std::abs(joules) * info.gain_uncertainty;
    budget["offset"] =
        (volts * info.current_offset_uncertainty.value() + info.power_offset_uncertainty.value()) *
        time_s;
  }
  // The readings' scatter holds the rounding already; one step is the least that a mean of equal
  // readings can be wrong by.
  const bool has_current = info.kind == ChannelKind::voltage_current;
  const double step = has_current ? volts * std::max(info.current_quantum.value(), info.step_b)
                                  : std::max(info.power_quantum.value(), info.step_a);
  budget["quantisation"] = step / kRectangle * time_s / std::sqrt(static_cast<double>(readings));
  budget["sampling"] = power.uncertainty_w * time_s;
  result.energy.value = Joule(joules);
  result.energy.uncertainty = Joule(root_of_squares(budget));
}

}  // namespace

SeenChannel seen_of(const Channel& channel) {
  SeenChannel seen{readings_of(channel), 0};
  if (channel.b.empty()) return seen;
  for (const std::int32_t raw : channel.a) seen.mean_voltage_v += raw * channel.info.step_a;
  seen.mean_voltage_v = std::abs(seen.mean_voltage_v) / static_cast<double>(channel.a.size());
  return seen;
}

Energy energy_together(const ChannelInfo& info, const SeenChannel& seen,
                       const std::vector<TimeSpan>& windows, Duration period) {
  Energy result;
  const double time_s = static_cast<double>(length_of(windows)) * 1e-9;
  const std::vector<TimeSpan> merged = united(windows);
  const std::int64_t around =
      std::max({Duration::from(info.window).ns, Duration::from(info.update_period).ns, period.ns});
  const std::vector<ReadStretch> readings =
      readings_between(seen.readings, merged.front().begin, merged.back().end, around);
  const double covered = covered_of(readings, merged);
  const auto line = from_line(readings, shares_of(readings, merged));
  const auto mean = from_mean(readings, covered);
  if (!mean) {
    result.energy.why_absent = "no reading of rail " + info.rail + " is near any of the windows";
    return result;
  }
  const Power& power = line && line->uncertainty_w < mean->uncertainty_w ? *line : *mean;
  set_energy(info, power, seen.mean_voltage_v, time_s, readings.size(), result);
  return result;
}

std::int64_t length_of(const std::vector<TimeSpan>& all) {
  std::int64_t sum = 0;
  for (const TimeSpan& one : all) sum += one.end - one.begin;
  return sum;
}

}  // namespace isojoule

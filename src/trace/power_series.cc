#include "trace/power_series.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "trace/total.h"

namespace isojoule {
namespace {

// More than so many usual spacings without a reading: nobody knows what was between.
constexpr double kGap = 4;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median_step(const std::vector<double>& times) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
  return median(std::move(steps));
}

// Between two reads of the source, new or not.
double poll_s(const Channel& channel) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < channel.time_ns.size(); ++i)
    steps.push_back(static_cast<double>(channel.time_ns[i] - channel.time_ns[i - 1]) * 1e-9);
  return median(std::move(steps));
}

double quantum_of(const Channel& channel) {
  const ChannelInfo& info = channel.info;
  if (info.kind != ChannelKind::voltage_current)
    return std::max(info.power_quantum.value(), info.step_a);
  double volt = 0;
  for (const auto a : channel.a) volt = std::max(volt, std::abs(a * info.step_a));
  return volt * std::max(info.current_quantum.value(), info.step_b);
}

bool same_reading(const Channel& channel, std::size_t i, std::size_t j) {
  return channel.a[i] == channel.a[j] && (channel.b.empty() || channel.b[i] == channel.b[j]);
}

// How long the source goes on telling the same. One that dates its readings is never asked too
// early: each line of its log is news.
double news_s(const ChannelInfo& info) {
  return info.is_dated_by_source ? 0 : std::max(info.update_period.value(), 0.0);
}

// Of sources of power: the first sight of each new reading.
void take_readings(const Channel& channel, PowerSeries& series) {
  const ChannelInfo& info = channel.info;
  const double news = news_s(info), wait = std::min(news, poll_s(channel));
  const double late = info.lag.value() + wait / 2 + info.window.value() / 2;
  // Polled faster than there is news, an equal reading within that time is the old one.
  const std::int64_t fresh_ns = Duration::from(Second(news)).ns;
  std::size_t last = 0;
  for (std::size_t i = 0; i < channel.time_ns.size(); ++i) {
    const bool is_first = series.time_s.empty();
    const std::int64_t age = is_first ? 0 : channel.time_ns[i] - channel.time_ns[last];
    if (!is_first && (age <= 0 || (age < fresh_ns && same_reading(channel, i, last)))) continue;
    last = i;
    series.time_s.push_back(static_cast<double>(channel.time_ns[i] - series.origin_ns) * 1e-9 -
                            late);
    series.power_w.push_back(channel.told_power_at(i).value());
  }
  series.window_s = info.window.value();
  series.spacing_s = median_step(series.time_s);
  series.quantum_w = quantum_of(channel);
}

// Differences modulo 2^32, as the integrator takes them (trace/integrate.cc). A counter that has
// not moved before there can be news says nothing of the power.
void take_counter(const Channel& channel, PowerSeries& series) {
  const ChannelInfo& info = channel.info;
  const double news = news_s(info);
  const double late = info.lag.value() + std::min(news, poll_s(channel)) / 2;
  std::size_t last = 0;
  for (std::size_t i = 1; i < channel.time_ns.size(); ++i) {
    const double span = static_cast<double>(channel.time_ns[i] - channel.time_ns[last]) * 1e-9;
    if (span <= 0) continue;
    const auto steps = static_cast<std::int32_t>(static_cast<std::uint32_t>(channel.a[i]) -
                                                 static_cast<std::uint32_t>(channel.a[last]));
    if (steps == 0 && span < news) continue;
    last = i;
    if (steps < 0) continue;  // it was reset
    const double end = static_cast<double>(channel.time_ns[i] - series.origin_ns) * 1e-9;
    series.time_s.push_back(end - span / 2 - late);
    series.power_w.push_back(steps * info.step_a / span);
  }
  series.spacing_s = series.window_s = median_step(series.time_s);
  if (series.spacing_s > 0) series.quantum_w = info.step_a / series.spacing_s;
}

const Channel* channel_of(const Trace& trace, const std::string& rail) {
  const auto found =
      std::find_if(trace.channels.begin(), trace.channels.end(),
                   [&rail](const Channel& channel) { return channel.info.rail == rail; });
  return found == trace.channels.end() ? nullptr : &*found;
}

void add(PowerSeries& sum, const PowerSeries& other) {
  const PowerLine line(other);
  for (std::size_t i = 0; i < sum.time_s.size(); ++i)
    sum.power_w[i] += line.at(other.at(sum.instant(sum.time_s[i])));
  sum.window_s = std::max(sum.window_s, other.window_s);
  sum.quantum_w = std::hypot(sum.quantum_w, other.quantum_w);
}

}  // namespace

Instant PowerSeries::instant(double time) const {
  return Instant{origin_ns} + Duration::from(Second(time));
}

double PowerSeries::at(Instant instant) const {
  return static_cast<double>(instant.ns - origin_ns) * 1e-9;
}

Result<PowerSeries> power_series(const Channel& channel) {
  PowerSeries series;
  if (!channel.time_ns.empty()) series.origin_ns = channel.time_ns.front();
  if (channel.info.kind == ChannelKind::energy_counter)
    take_counter(channel, series);
  else
    take_readings(channel, series);
  if (series.time_s.size() < 2)
    return fail(ErrorKind::no_data, "rail " + channel.info.rail + " has fewer than two readings",
                "Record longer");
  return series;
}

Result<PowerSeries> power_series(const Trace& trace, const std::string& rail) {
  const bool is_total = rail.empty() || rail == "total";
  const auto rails = is_total ? rails_in(trace.total) : std::vector<std::string>{rail};
  std::vector<std::string> known;
  for (const Channel& channel : trace.channels) known.push_back(channel.info.rail);
  if (rails.empty())
    return fail(ErrorKind::no_data, "the trace names no total",
                "Name a rail: " + join(known, ", "));
  std::optional<PowerSeries> sum;
  for (const std::string& name : rails) {
    const Channel* channel = channel_of(trace, name);
    if (channel == nullptr)
      return fail(ErrorKind::not_found, "rail '" + name + "' is not in the trace",
                  unknown_name_remedy(name, known));
    ISOJOULE_TRY(PowerSeries series, power_series(*channel));
    if (sum)
      add(*sum, series);
    else
      sum = std::move(series);
  }
  return *sum;
}

PowerSeries part_of(const PowerSeries& series, double from_s, double to_s) {
  PowerSeries part = series;
  part.time_s.clear();
  part.power_w.clear();
  for (std::size_t i = 0; i < series.time_s.size(); ++i) {
    if (series.time_s[i] < from_s || series.time_s[i] > to_s) continue;
    part.time_s.push_back(series.time_s[i]);
    part.power_w.push_back(series.power_w[i]);
  }
  return part;
}

PowerLine::PowerLine(const PowerSeries& series) : series_(series) {
  const auto& time = series.time_s;
  const auto& power = series.power_w;
  joules_.resize(time.size());
  gaps_.resize(time.size());
  for (std::size_t i = 1; i < time.size(); ++i) {
    const double span = time[i] - time[i - 1];
    joules_[i] = joules_[i - 1] + (power[i] + power[i - 1]) / 2 * span;
    gaps_[i] = gaps_[i - 1] + (span > kGap * series.spacing_s ? 1 : 0);
  }
}

std::size_t PowerLine::after(double time_s) const {
  const auto& time = series_.time_s;
  return static_cast<std::size_t>(std::upper_bound(time.begin(), time.end(), time_s) -
                                  time.begin());
}

double PowerLine::at(double time_s) const {
  const auto& time = series_.time_s;
  const auto& power = series_.power_w;
  const std::size_t next = after(time_s);
  if (next == 0) return power.front();
  if (next == time.size()) return power.back();
  const double share = (time_s - time[next - 1]) / (time[next] - time[next - 1]);
  return power[next - 1] + share * (power[next] - power[next - 1]);
}

double PowerLine::integral(double time_s) const {
  const auto& time = series_.time_s;
  const std::size_t next = after(time_s);
  if (next == 0) return (time_s - time.front()) * series_.power_w.front();
  const double since = time_s - time[next - 1], before = series_.power_w[next - 1];
  if (next == time.size()) return joules_[next - 1] + before * since;
  const double slope = (series_.power_w[next] - before) / (time[next] - time[next - 1]);
  return joules_[next - 1] + (before + slope * since / 2) * since;
}

double PowerLine::mean(double from_s, double to_s) const {
  if (!(to_s > from_s)) return at(from_s);
  return (integral(to_s) - integral(from_s)) / (to_s - from_s);
}

bool PowerLine::covers(double from_s, double to_s) const {
  const auto& time = series_.time_s;
  // The first and the last reading tell of half a spacing beyond their middles, too.
  const double beyond = std::max(series_.spacing_s, series_.window_s) / 2;
  if (time.empty() || from_s < time.front() - beyond || to_s > time.back() + beyond) return false;
  const std::size_t first = std::max<std::size_t>(after(from_s), 1) - 1;
  const auto reached = std::lower_bound(time.begin(), time.end(), to_s) - time.begin();
  const std::size_t last = std::min(static_cast<std::size_t>(reached), time.size() - 1);
  return gaps_[last] == gaps_[first];
}

}  // namespace isojoule

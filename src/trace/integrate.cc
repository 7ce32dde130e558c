#include "trace/integrate.h"

#include <algorithm>
#include <cmath>

#include "trace/power_curve.h"

namespace isojoule {
namespace {

Energy absent(std::string why) {
  Energy energy;
  energy.energy.why_absent = std::move(why);
  return energy;
}

void close_budget(Energy& energy) {
  double square = 0;
  for (const auto& [cause, joules] : energy.budget_j) square += joules * joules;
  energy.energy.uncertainty = Joule(std::sqrt(square));
}

// Readings inside the window, and the counters that follow from when they were taken.
std::int64_t count_readings(const Channel& channel, Instant begin, Instant end, Duration period,
                            Counters& counters) {
  const auto& times = channel.time_ns;
  const auto first = std::lower_bound(times.begin(), times.end(), begin.ns);
  const auto last = std::upper_bound(first, times.end(), end.ns);
  if ((end - begin).seconds() < channel.info.window)
    counters.add(Counter::window_shorter_than_sensor);
  // A source that has news more seldom than the ticks come leaves no gap by that.
  const std::int64_t pace = std::max(period.ns, Duration::from(channel.info.update_period).ns);
  const std::int64_t limit = pace + pace / 2;
  if (first == last) {
    counters.add(Counter::phase_without_samples);
    return 0;
  }
  if (period.ns <= 0) return last - first;
  if (times.back() < end.ns - limit) counters.add(Counter::trace_ends_in_phase);
  // Gaps that reach into the window, the one before its first and after its last reading included.
  std::int64_t before = first == times.begin() ? begin.ns : *(first - 1);
  const auto stop = last == times.end() ? last : last + 1;
  for (auto at = first; at != stop; before = *at++)
    if (*at - before > limit) counters.add(Counter::sample_gap);
  return last - first;
}

// One edge: where the power changes there, a reading cannot say when within its window, or between
// two readings, it did.
double edge_uncertainty(const PowerCurve& curve, double at_s, double window_s) {
  const double width = std::max(window_s, curve.spacing_at(at_s));
  const double step = curve.power_at(at_s + width) - curve.power_at(at_s - width);
  return std::abs(step) * width / std::sqrt(12.0);
}

Energy integrate_power(const Channel& channel, const PowerCurve& curve, Instant begin, Instant end,
                       Duration period, Counters& counters) {
  if (count_readings(channel, begin, end, period, counters) == 0)
    return absent("no reading falls into the phase");
  const double from = curve.on_line(begin), to = curve.on_line(end), length = to - from;
  const double window = channel.info.window.value();
  const PowerCurve::Quanta quanta = curve.quanta(begin, end);
  counters.add(Counter::sample_stale, static_cast<std::uint64_t>(quanta.stale));
  counters.add(Counter::negative_power, static_cast<std::uint64_t>(quanta.negative));

  Energy result;
  const double joules = curve.integral(from, to);
  result.energy.value = Joule(joules);
  auto& budget = result.budget_j;
  budget["gain"] = std::abs(joules) * channel.info.gain_uncertainty;
  budget["offset"] =
      quanta.mean_voltage_v * channel.info.current_offset_uncertainty.value() * length;
  // Readings that do not change share one rounding error, however many they are: only changes
  // count.
  budget["quantisation"] =
      quanta.power_w * length /
      std::sqrt(static_cast<double>(std::max<std::int64_t>(1, quanta.changes)));
  budget["sampling"] = curve.sampling_uncertainty(from, to);
  const double left = edge_uncertainty(curve, from, window);
  double right = edge_uncertainty(curve, to, window);
  // Beyond the last reading's window by more than the usual wait for a tick: power is held, a
  // guess.
  const double guessed = to - (curve.last_s() + window / 2 + 1.5 * period.seconds().value());
  if (guessed > 0) right += std::abs(curve.power_at(to)) * guessed / std::sqrt(12.0);
  budget["edges"] = std::hypot(left, right);
  close_budget(result);
  return result;
}

// Energy counters. The column holds the low 32 bits of the chip's counter, of 32, 63 or any more
// bits: differences modulo 2^32 are exact as long as less than 2^31 steps pass between two
// readings.
Energy integrate_counter(const Channel& channel, Instant begin, Instant end, Duration period,
                         Counters& counters) {
  if (count_readings(channel, begin, end, period, counters) == 0)
    return absent("no reading falls into the phase");
  const auto& times = channel.time_ns;
  const double step = channel.info.step_a;
  double joules = 0, left = 0, right = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (times[i] <= begin.ns || times[i - 1] >= end.ns || times[i] <= times[i - 1]) continue;
    const auto raw =
        static_cast<std::uint32_t>(channel.a[i]) - static_cast<std::uint32_t>(channel.a[i - 1]);
    const auto difference = static_cast<std::int32_t>(raw);
    if (difference < 0) {
      counters.add(Counter::sample_failed);
      return absent("the energy counter ran backwards: it was reset");
    }
    const double span = static_cast<double>(times[i] - times[i - 1]);
    const double inside =
        static_cast<double>(std::min(times[i], end.ns) - std::max(times[i - 1], begin.ns));
    joules += difference * step * inside / span;
    // An interval that the edge cuts: its power need not be even.
    if (times[i - 1] < begin.ns) left = difference * step / std::sqrt(12.0);
    if (times[i] > end.ns) right = difference * step / std::sqrt(12.0);
  }
  if (times.front() > begin.ns || times.back() < end.ns) {
    // A counter says nothing of the time before its first and after its last reading.
    const double covered =
        static_cast<double>(std::min(times.back(), end.ns) - std::max(times.front(), begin.ns));
    if (covered <= 0) return absent("the energy counter was read only once in the phase");
    const double whole = static_cast<double>((end - begin).ns);
    right = std::hypot(right, joules * (whole / covered - 1) / std::sqrt(3.0));
    joules *= whole / covered;
  }
  Energy result;
  result.energy.value = Joule(joules);
  result.budget_j = {{"gain", std::abs(joules) * channel.info.gain_uncertainty},
                     {"offset", 0.0},
                     {"quantisation", step * std::sqrt(2.0 / 12.0)},  // of the two ends
                     {"sampling", 0.0},
                     {"edges", std::hypot(left, right)}};
  close_budget(result);
  return result;
}

}  // namespace

Energy integrate(const Channel& channel, Instant begin, Instant end, Duration period,
                 Counters& counters) {
  return ChannelIntegrator(channel).integrate(begin, end, period, counters);
}

struct ChannelIntegrator::Curve {
  PowerCurve power;
};

ChannelIntegrator::ChannelIntegrator(const Channel& channel) : channel_(channel) {
  if (channel.info.kind != ChannelKind::energy_counter)
    curve_ = std::make_unique<Curve>(Curve{PowerCurve(channel)});
}
ChannelIntegrator::~ChannelIntegrator() = default;

Energy ChannelIntegrator::integrate(Instant begin, Instant end, Duration period,
                                    Counters& counters) const {
  if (end <= begin) return absent("the phase has no length");
  if (channel_.time_ns.empty()) {
    counters.add(Counter::phase_without_samples);
    return absent("the rail " + channel_.info.rail + " gave no reading");
  }
  return curve_ ? integrate_power(channel_, curve_->power, begin, end, period, counters)
                : integrate_counter(channel_, begin, end, period, counters);
}

}  // namespace isojoule

#include "trace/power_curve.h"

#include <algorithm>
#include <cmath>

namespace isojoule {

PowerCurve::PowerCurve(const Channel& channel) : channel_(channel) {
  const std::size_t count = channel.time_ns.size();
  if (count == 0) return;
  const std::int64_t window = Duration::from(channel.info.window).ns;
  const double lag_s = channel.info.window.value() / 2;
  const bool has_b = !channel.b.empty();
  origin_ns_ = channel.time_ns.front();
  time_s_.reserve(count);
  power_w_.reserve(count);
  place_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!place_.empty()) {
      const std::size_t last = place_.back();
      const bool same =
          channel.a[i] == channel.a[last] && (!has_b || channel.b[i] == channel.b[last]);
      const std::int64_t age = channel.time_ns[i] - channel.time_ns[last];
      if (age <= 0 || (same && age < window)) continue;
    }
    place_.push_back(static_cast<std::uint32_t>(i));
    time_s_.push_back(static_cast<double>(channel.time_ns[i] - origin_ns_) * 1e-9 - lag_s);
    power_w_.push_back(channel.power_at(i).value());
  }
}

double PowerCurve::on_line(Instant instant) const {
  return static_cast<double>(instant.ns - origin_ns_) * 1e-9;
}

std::size_t PowerCurve::after(double time_s) const {
  return static_cast<std::size_t>(std::upper_bound(time_s_.begin(), time_s_.end(), time_s) -
                                  time_s_.begin());
}

double PowerCurve::power_at(double time_s) const {
  const std::size_t next = after(time_s);
  if (next == 0) return power_w_.front();
  if (next == time_s_.size()) return power_w_.back();
  const double share = (time_s - time_s_[next - 1]) / (time_s_[next] - time_s_[next - 1]);
  return power_w_[next - 1] + share * (power_w_[next] - power_w_[next - 1]);
}

double PowerCurve::integral(double begin_s, double end_s) const {
  double joules = 0, time = begin_s, power = power_at(begin_s);
  for (std::size_t i = after(begin_s); i < time_s_.size() && time_s_[i] < end_s; ++i) {
    joules += (power + power_w_[i]) / 2 * (time_s_[i] - time);
    time = time_s_[i];
    power = power_w_[i];
  }
  return joules + (power + power_at(end_s)) / 2 * (end_s - time);
}

// Each reading is held against the straight line between its neighbours: the rule with it and the
// rule without it. If readings scatter by sigma around a smooth curve, that difference has the
// variance sigma^2 (1 + w^2 + (1-w)^2), w the place between the neighbours; a reading stands for
// half of the time between its neighbours, and the parts add in quadrature. A constant and a ramp
// give zero.
double PowerCurve::sampling_uncertainty(double begin_s, double end_s) const {
  double square = 0;
  for (std::size_t i = std::max<std::size_t>(1, after(begin_s));
       i + 1 < time_s_.size() && time_s_[i] < end_s; ++i) {
    const double span = time_s_[i + 1] - time_s_[i - 1];
    const double w = (time_s_[i] - time_s_[i - 1]) / span;
    const double off = power_w_[i] - (1 - w) * power_w_[i - 1] - w * power_w_[i + 1];
    square += off * off / (1 + w * w + (1 - w) * (1 - w)) * span * span / 4;
  }
  return std::sqrt(square);
}

double PowerCurve::spacing_at(double time_s) const {
  if (time_s_.size() < 2) return 0;
  const std::size_t next = std::clamp<std::size_t>(after(time_s), 1, time_s_.size() - 1);
  return time_s_[next] - time_s_[next - 1];
}

PowerCurve::Quanta PowerCurve::quanta(Instant begin, Instant end) const {
  const ChannelInfo& info = channel_.info;
  const bool has_b = info.kind == ChannelKind::voltage_current;
  const double root = std::sqrt(12.0);  // a uniform distribution one step wide
  const double volt = std::max(info.voltage_quantum.value(), has_b ? info.step_a : 0) / root;
  const double ampere = std::max(info.current_quantum.value(), has_b ? info.step_b : 0) / root;
  const auto& times = channel_.time_ns;
  const auto taken_before = [&times](std::uint32_t place, std::int64_t ns) {
    return times[place] < ns;
  };
  const auto first = std::lower_bound(place_.begin(), place_.end(), begin.ns, taken_before);
  const auto last = std::lower_bound(first, place_.end(), end.ns + 1, taken_before);
  Quanta quanta;
  double square = 0, voltage = 0;
  for (auto at = first; at != last; ++at) {
    const std::size_t i = *at;
    const double u = channel_.a[i] * info.step_a;
    const double v = has_b ? u * ampere : std::max(info.power_quantum.value(), info.step_a) / root;
    const double c = has_b ? channel_.b[i] * info.step_b * volt : 0;
    square += v * v + c * c;
    voltage += has_b ? u : 0;
    quanta.negative += power_w_[static_cast<std::size_t>(at - place_.begin())] < 0 ? 1 : 0;
    const bool same = at != first && channel_.a[i] == channel_.a[*(at - 1)] &&
                      (!has_b || channel_.b[i] == channel_.b[*(at - 1)]);
    quanta.changes += same ? 0 : 1;
  }
  quanta.readings = last - first;
  const auto all = std::upper_bound(times.begin(), times.end(), end.ns) -
                   std::lower_bound(times.begin(), times.end(), begin.ns);
  quanta.stale = all - quanta.readings;
  if (quanta.readings > 0) {
    quanta.power_w = std::sqrt(square / static_cast<double>(quanta.readings));
    quanta.mean_voltage_v = voltage / static_cast<double>(quanta.readings);
  }
  return quanta;
}

}  // namespace isojoule

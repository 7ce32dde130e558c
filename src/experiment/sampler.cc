#include "experiment/sampler.h"

#include <algorithm>

namespace isojoule {
namespace {

// Temperatures move slowly: once a second is enough, and spares the governors' nodes the load.
constexpr Duration kSlowPeriod = Duration::milliseconds(1000);

bool is_slow(const WatchSpec& spec) { return spec.name.starts_with("temperature"); }

// So many new readings that are all the same are no coincidence on a rail that carries a load.
constexpr double kStuckReadings = 50;

// A regulated voltage may well stay, so of a pair the current decides.
const std::vector<std::int32_t>& telling_column(const Channel& channel) {
  return channel.info.kind == ChannelKind::voltage_current ? channel.b : channel.a;
}

// The value of the first stretch of equal readings that is too long to be true.
std::optional<std::int32_t> stuck_value(const Channel& channel, Duration period) {
  const double step_s = std::max(
      {channel.info.window.value(), channel.info.update_period.value(), period.seconds().value()});
  const auto limit_ns = static_cast<std::int64_t>(kStuckReadings * step_s * 1e9);
  const auto& column = telling_column(channel);
  std::size_t begin = 0;
  for (std::size_t i = 1; i < column.size(); ++i) {
    if (column[i] != column[begin]) begin = i;
    if (channel.time_ns[i] - channel.time_ns[begin] >= limit_ns) return column[begin];
  }
  return std::nullopt;
}

// A rail that says zero all the time may belong to something that is off; a total may not.
std::uint64_t stuck_rails(const Trace& trace) {
  const auto total = rails_of_total(trace.total);
  std::uint64_t stuck = 0;
  for (const Channel& channel : trace.channels) {
    const auto value = stuck_value(channel, trace.period);
    if (!value) continue;
    const bool is_whole = total && total->size() == 1 && total->front() == channel.info.rail;
    if (is_whole || *value != 0) ++stuck;
  }
  return stuck;
}

}  // namespace

Sampler::Sampler(Board& board, Duration period, Duration expected, LiveSession* live)
    : board_(board), live_(live), period_(period), margin_(period) {
  trace_.total = board.file.total;
  trace_.period = period;
  const auto rows =
      static_cast<std::size_t>(std::max<std::int64_t>(16, expected.ns / period.ns + 16));
  for (const auto& sensor : board.sensors) add_sensor(*sensor, rows);
  for (const WatchSpec& spec : board.release.watches) add_watch(spec, rows);
}

void Sampler::add_sensor(Sensor& sensor, std::size_t rows) {
  const auto& infos = sensor.channels();
  sources_.push_back({&sensor, trace_.channels.size(), std::vector<RawReading>(infos.size())});
  for (const ChannelInfo& info : infos) {
    Channel channel;
    channel.info = info;
    channel.info.calibration = board_.calibration_of(info);
    channel.time_ns.reserve(rows);
    channel.a.reserve(rows);
    if (info.kind == ChannelKind::voltage_current) channel.b.reserve(rows);
    trace_.channels.push_back(std::move(channel));
    const Duration step = std::max(period_, Duration::from(info.update_period));
    margin_ = std::max(margin_, Duration::from(info.window) + step);
  }
}

void Sampler::add_watch(const WatchSpec& spec, std::size_t rows) {
  auto file = board_.tree->open(spec.path);
  if (!file) {
    counters_.add(Counter::state_unreadable);
    return;
  }
  const std::int64_t every =
      is_slow(spec) ? std::max<std::int64_t>(1, kSlowPeriod.ns / period_.ns) : 1;
  nodes_.push_back({std::move(*file), spec.scale, every});
  Watch watch;
  watch.name = spec.name;
  watch.time_ns.reserve(rows / static_cast<std::size_t>(every) + 1);
  watch.value.reserve(rows / static_cast<std::size_t>(every) + 1);
  trace_.watches.push_back(std::move(watch));
}

void Sampler::start() {
  // A counter that was not read since the run before cannot say how often it wrapped: this reading
  // is the one from which the trace's differences count, and no part of it.
  for (Source& source : sources_) source.sensor->read(*board_.clock, source.readings);
  if (live_ != nullptr) live_->begin_sampling();
  ticker_ = board_.clock->every(period_, [this](Instant due) { tick(due); });
}

void Sampler::stop() { ticker_.reset(); }

void Sampler::pass_on(SampleTap& tap, Duration watch_period) {
  tap_ = &tap;
  for (Node& node : nodes_) node.every = std::max(node.every, watch_period.ns / period_.ns);
}

void Sampler::tick(Instant due) {
  std::unique_lock held(lock_, std::defer_lock);
  if (is_shared_) held.lock();
  const Instant begin = tap_ != nullptr ? board_.clock->now() : due;
  for (Source& source : sources_) {
    source.sensor->read(*board_.clock, source.readings);
    for (std::size_t i = 0; i < source.readings.size(); ++i)
      store(source.first + i, source.readings[i]);
  }
  read_watches();
  ++ticks_;
  if (tap_ != nullptr) tap_->ticked(due, begin);
}

void Sampler::read_watches() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (ticks_ % nodes_[i].every != 0) continue;
    const auto value = read_integer(*nodes_[i].file);
    const double scaled = value ? static_cast<double>(*value) * nodes_[i].scale : 0;
    const std::int64_t now_ns = board_.clock->now().ns;
    if (tap_ != nullptr) {
      tap_->watched(i, now_ns, value ? std::optional(scaled) : std::nullopt);
    } else if (!value) {
      counters_.add(Counter::state_unreadable);
    } else {
      trace_.watches[i].time_ns.push_back(now_ns);
      trace_.watches[i].value.push_back(scaled);
    }
  }
}

void Sampler::store(std::size_t place, const RawReading& reading) {
  if (tap_ != nullptr) {
    tap_->reading(place, reading);
    return;
  }
  Channel& channel = trace_.channels[place];
  if (reading.state != ReadingState::ok) {
    counters_.add(Counter::sample_failed);
    return;
  }
  channel.time_ns.push_back(reading.time_ns);
  channel.a.push_back(reading.a);
  if (channel.info.kind == ChannelKind::voltage_current) channel.b.push_back(reading.b);
  if (live_ != nullptr) live_->reading(place, channel);
}

Trace Sampler::copy_from(Instant begin) const {
  const std::lock_guard held(lock_);
  const std::int64_t from = begin.ns - 2 * margin_.ns;
  Trace copy;
  copy.total = trace_.total;
  copy.period = trace_.period;
  for (const Channel& channel : trace_.channels) {
    const auto first = std::lower_bound(channel.time_ns.begin(), channel.time_ns.end(), from) -
                       channel.time_ns.begin();
    Channel part;
    part.info = channel.info;
    part.time_ns.assign(channel.time_ns.begin() + first, channel.time_ns.end());
    part.a.assign(channel.a.begin() + first, channel.a.end());
    if (!channel.b.empty()) part.b.assign(channel.b.begin() + first, channel.b.end());
    copy.channels.push_back(std::move(part));
  }
  return copy;
}

void Sampler::forget_before(Instant begin) {
  const std::lock_guard held(lock_);
  const std::int64_t from = begin.ns - 2 * margin_.ns;
  const auto count = [from](const std::vector<std::int64_t>& times) {
    return std::lower_bound(times.begin(), times.end(), from) - times.begin();
  };
  for (Channel& channel : trace_.channels) {
    const auto first = count(channel.time_ns);
    channel.time_ns.erase(channel.time_ns.begin(), channel.time_ns.begin() + first);
    channel.a.erase(channel.a.begin(), channel.a.begin() + first);
    if (!channel.b.empty()) channel.b.erase(channel.b.begin(), channel.b.begin() + first);
  }
  for (Watch& watch : trace_.watches) {
    const auto first = count(watch.time_ns);
    watch.time_ns.erase(watch.time_ns.begin(), watch.time_ns.begin() + first);
    watch.value.erase(watch.value.begin(), watch.value.begin() + first);
  }
}

std::size_t Sampler::readings() const {
  const std::lock_guard held(lock_);
  std::size_t sum = 0;
  for (const Channel& channel : trace_.channels) sum += channel.time_ns.size();
  return sum;
}

Trace Sampler::take(Counters& counters) {
  counters += counters_;
  counters.add(Counter::reading_stuck, stuck_rails(trace_));
  counters_ = {};
  return std::move(trace_);
}

}  // namespace isojoule

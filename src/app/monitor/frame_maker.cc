#include "app/monitor/frame_maker.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "board/throttle.h"
#include "data/distinct_names.h"
#include "data/setting.h"
#include "isojoule/version.h"

namespace isojoule {
namespace {

constexpr Duration kThrottlePeriod = Duration::milliseconds(1000);
constexpr const char* kNoPhaseName = "none";
// Values of a watch are shown so long after the node fell silent.
constexpr Duration kWatchPatience = Duration::milliseconds(3000);
constexpr std::int64_t kWatchPaces = 3;

std::string kind_of(std::string_view name) {
  if (name.ends_with("_frequency")) return "clock";
  if (name.starts_with("temperature")) return "temperature";
  if (name.find("throttle") != std::string_view::npos) return "throttle";
  if (name.find("activity") != std::string_view::npos ||
      name.find("load") != std::string_view::npos)
    return "load";
  if (name.starts_with("fan")) return "fan";
  return "other";
}

std::string unit_text(std::string_view name) {
  switch (unit_of_axis(name)) {
    case Unit::hertz: return "Hz";
    case Unit::celsius: return "°C";
    case Unit::watt: return "W";
    default: return "";
  }
}

bool is_watched(const Board& board, const std::string& path) {
  return std::any_of(board.release.watches.begin(), board.release.watches.end(),
                     [&](const WatchSpec& spec) { return spec.path == path; });
}

void add_zones_found(Board& board) {
  constexpr const char* kFolder = "/sys/class/thermal";
  const auto names = board.tree->list(kFolder);
  if (!names) return;
  DistinctNames distinct;
  for (const std::string& name : *names) {
    const std::string folder = std::string(kFolder) + "/" + name;
    const auto type = read_line(*board.tree, folder + "/type");
    if (!name.starts_with("thermal_zone") || !type) continue;
    board.release.watches.push_back(
        {"temperature_" + distinct.take(*type), folder + "/temp", 1e-3});
  }
}

// Processor time of this program, all its threads, and the time it is a share of.
std::int64_t own_cpu_ns() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto ns = [](const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_usec} * 1000;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}
std::int64_t real_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void add_live_watches(Board& board) {
  for (const auto& [zone, path] : board.thermal_paths)
    if (!is_watched(board, path))
      board.release.watches.push_back({"temperature_" + zone, path, 1e-3});
  if (!board.release.discover) return;
  const std::string clock = "/sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq";
  if (board.tree->exists(clock) && !is_watched(board, clock))
    board.release.watches.push_back({"cpu_frequency", clock, 1e3});
  if (board.thermal_paths.empty()) add_zones_found(board);
}

FrameMaker::FrameMaker(Board& board, const Trace& shape, Duration sampling, Duration frame)
    : board_(board),
      sampling_(sampling),
      watches_(shape.watches.size()),
      throttle_(board.release.throttles.size()),
      cpu_ns_(own_cpu_ns()),
      real_ns_(real_now_ns()) {
  for (const Channel& channel : shape.channels) rails_.emplace_back(channel.info, sampling);
  read_ns_.resize(rails_.size());
  for (const Watch& watch : shape.watches)
    head_.watches.push_back({watch.name, kind_of(watch.name), unit_text(watch.name)});
  make_head(sampling, frame);
}

void FrameMaker::make_head(Duration sampling, Duration frame) {
  head_.board = board_.file.name;
  head_.release = board_.release.name;
  head_.version = ISOJOULE_VERSION;
  head_.simulated = board_.simulated;
  head_.start_unix_s =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  head_.sampling_period_s = sampling.seconds().value();
  head_.frame_period_s = frame.seconds().value();
  DistinctNames names;
  for (const RailSum& sum : rails_) {
    LiveHead::RailHead rail;
    rail.name = names.take(sum.info().rail);
    rail.sensor = sum.info().sensor;
    for (const Rail& known : board_.file.rails)
      if (known.name == sum.info().rail) rail.parent = known.parent, rail.what = known.what;
    head_.rails.push_back(std::move(rail));
  }
  for (const Error& problem : board_.problems)
    head_.notes.push_back(problem.what + (problem.kind == ErrorKind::unmeasured
                                              ? " (looked at: " + problem.tried + ")"
                                              : std::string()));
  for (const WatchSpec& spec : board_.release.watches)
    if (std::none_of(head_.watches.begin(), head_.watches.end(),
                     [&](const auto& watch) { return watch.name == spec.name; })) {
      counters_.add(Counter::state_unreadable);
      head_.notes.push_back("no " + spec.name + ": " + spec.path + " cannot be opened");
    }
  if (rails_.empty() && board_.problems.empty())
    head_.notes.push_back("no power source that this version can read");
  const auto summands = rails_of_total(board_.file.total);
  if (!summands || board_.file.total.empty()) return;
  for (const std::string& name : *summands) {
    const auto rail = std::find_if(head_.rails.begin(), head_.rails.end(),
                                   [&](const auto& other) { return other.name == name; });
    if (rail == head_.rails.end()) {
      if (!rails_.empty())
        head_.notes.push_back("no total: rail " + name + " of " + board_.file.total +
                              " is not there");
      total_.clear();
      return;
    }
    total_.push_back(static_cast<std::size_t>(rail - head_.rails.begin()));
  }
  head_.total = board_.file.total;
  head_.rails.push_back({"total", "", "module total: " + head_.total, ""});
}

const std::string& FrameMaker::phase_at(std::int64_t time_ns) {
  while (!changes_.empty() && changes_.front().at.ns <= time_ns) {
    phase_ = std::move(changes_.front().phase);
    has_phases_ = true;
    changes_.pop_front();
  }
  return phase_;
}

void FrameMaker::take(const SampleRecord& record) {
  if (listener_) listener_(record);
  switch (record.kind) {
    case SampleRecord::Kind::reading: {
      const std::string& phase = phase_at(record.time_ns);
      rails_[record.place].take(record.time_ns, record.a, record.b,
                                phase.empty() ? kNoPhaseName : phase, counters_);
      read_ns_[record.place] = record.time_ns;
      break;
    }
    case SampleRecord::Kind::failed: counters_.add(Counter::sample_failed); break;
    case SampleRecord::Kind::watch: watches_[record.place] = {record.value, record.time_ns}; break;
    case SampleRecord::Kind::watch_failed: counters_.add(Counter::state_unreadable); break;
    case SampleRecord::Kind::tick:
      late_s_ = std::max(late_s_, record.a * 1e-6);
      add_total();
      break;
  }
}

// Of the rails that one tick has read: their sum at one moment, which least and most are of.
void FrameMaker::add_total() {
  double watts = 0;
  bool is_whole = !total_.empty();
  for (const std::size_t place : total_) {
    const auto power = rails_[place].power_at(read_ns_[place]);
    is_whole = is_whole && read_ns_[place] != 0 && power;
    watts += power.value_or(0);
  }
  std::fill(read_ns_.begin(), read_ns_.end(), 0);
  if (!is_whole) return;
  total_least_ = total_count_ == 0 ? watts : std::min(total_least_, watts);
  total_most_ = total_count_ == 0 ? watts : std::max(total_most_, watts);
  total_sum_ += watts;
  ++total_count_;
  ++total_readings_;
}

// Its energy is the rails', each over its own readings; absent where one of them has none.
void FrameMaker::end_total(LiveFrame& frame) {
  if (total_.empty()) return;
  LiveRail total;
  total.readings = total_readings_;
  double power_w = 0, energy_j = 0;
  bool has_power = true, has_energy = true;
  for (const std::size_t place : total_) {
    const LiveRail& rail = frame.rails[place];
    has_power = has_power && rail.power_w;
    has_energy = has_energy && rail.energy_j;
    power_w += rail.power_w.value_or(0);
    energy_j += rail.energy_j.value_or(0);
  }
  if (has_energy) total.energy_j = energy_j;
  if (has_power) {
    total.power_w = total.least_w = total.most_w = power_w;
    if (total_count_ > 0) {
      total.power_w = total_sum_ / static_cast<double>(total_count_);
      total.least_w = total_least_;
      total.most_w = total_most_;
    }
  }
  total_sum_ = 0;
  total_count_ = 0;
  for (auto& [phase, joules] : frame.phase_energy_j) {
    double sum = 0;
    for (const std::size_t place : total_) sum += joules[place];
    joules.push_back(sum);
  }
  frame.rails.push_back(total);
}

void FrameMaker::look_at_throttles(Instant now) {
  if (throttle_.empty() || now < next_throttle_) return;
  next_throttle_ = now + kThrottlePeriod;
  std::optional<bool> throttles;
  for (std::size_t i = 0; i < throttle_.size(); ++i) {
    const ThrottleSpec& spec = board_.release.throttles[i];
    const auto value = read_throttle(*board_.tree, spec);
    if (!value) {
      counters_.add(Counter::state_unreadable);
      throttle_[i].reset();
      continue;
    }
    const bool is_raised = throttle_[i] && *value > *throttle_[i];
    throttles = throttles.value_or(false) || (spec.is_state ? *value > 0 : is_raised);
    throttle_[i] = *value;
  }
  if (throttles.value_or(false) && !throttled_.value_or(false)) counters_.add(Counter::throttled);
  throttled_ = throttles;
}

void FrameMaker::add_cost(LiveFrame& frame) {
  const std::int64_t cpu_ns = own_cpu_ns(), real_ns = real_now_ns();
  if (real_ns > real_ns_)
    frame.cost_percent =
        100.0 * static_cast<double>(cpu_ns - cpu_ns_) / static_cast<double>(real_ns - real_ns_);
  cpu_ns_ = cpu_ns;
  real_ns_ = real_ns;
}

LiveFrame FrameMaker::make(SampleRing& ring, Instant began, Instant now) {
  // What comes while we look belongs to the next frame: a slow reader must end, too.
  SampleRecord record;
  for (std::size_t i = 0; i < SampleRing::kRoom && ring.take(record); ++i) take(record);
  look_at_throttles(now);
  LiveFrame frame;
  frame.number = number_++;
  frame.time_s = (now - began).seconds().value();
  frame.phase = phase_at(now.ns);
  for (RailSum& sum : rails_) {
    const RailSum::Stretch stretch = sum.end_frame(now.ns);
    frame.rails.push_back(
        {stretch.power_w, stretch.least_w, stretch.most_w, sum.energy_j(), sum.readings()});
  }
  if (has_phases_)
    for (std::size_t i = 0; i < rails_.size(); ++i)
      for (const auto& [phase, joules] : rails_[i].phase_energy_j()) {
        auto& all = frame.phase_energy_j[phase];
        all.resize(rails_.size());
        all[i] = joules;
      }
  end_total(frame);
  // Watches are read at ticks: one that is slow to come is not one that fell silent.
  const std::int64_t patience_ns = std::max(kWatchPatience.ns, kWatchPaces * sampling_.ns);
  for (const WatchState& watch : watches_)
    frame.watches.push_back(watch.value && now.ns - watch.time_ns <= patience_ns ? watch.value
                                                                                 : std::nullopt);
  for (const CounterInfo& info : all_counters())
    if (const std::uint64_t times = counters_[info.counter]; times > 0)
      frame.counters[info.counter] = times;
  frame.throttled = throttled_;
  frame.lost = ring.lost();
  frame.late_s = std::exchange(late_s_, 0);
  add_cost(frame);
  return frame;
}

}  // namespace isojoule

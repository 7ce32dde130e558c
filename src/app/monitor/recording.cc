#include "app/monitor/recording.h"

#include <algorithm>

#include "base/wall_time.h"
#include "trace/integrate.h"
#include "trace/window_energies.h"

namespace isojoule {
namespace {

constexpr std::size_t kMostWindowsOfPiece = 65536;
constexpr std::size_t kMostNotesOfPiece = 1000;
// Every save writes all of the piece: what is written stays near to twenty times the readings.
constexpr std::int64_t kSavesOfAge = 20;
constexpr std::int64_t kPausePerSave = 20;
// The stretch that is all of a piece: a board that nobody tells of has no phases.
constexpr const char* kAll = "monitored";
constexpr Counter kOfIntegralsAlone[] = {
    Counter::sample_stale,          Counter::window_shorter_than_sensor,
    Counter::phase_without_samples, Counter::trace_ends_in_phase,
    Counter::marker_outside,        Counter::rail_missing};

Counters difference(const Counters& now, const Counters& before) {
  Counters more;
  for (const CounterInfo& info : all_counters())
    more.add(info.counter, now[info.counter] - before[info.counter]);
  return more;
}

}  // namespace

LiveRecording::LiveRecording(std::unique_ptr<StudyFile> study, About about, const Trace& shape,
                             Instant now)
    : study_(std::move(study)), about_(std::move(about)), began_(now), saved_(now) {
  trace_.total = shape.total;
  trace_.period = shape.period;
  for (const Channel& channel : shape.channels) trace_.channels.emplace_back().info = channel.info;
  for (const Watch& watch : shape.watches) trace_.watches.emplace_back().name = watch.name;
  begin_piece(now, {});
}

Result<std::unique_ptr<LiveRecording>> LiveRecording::create(const std::string& path, About about,
                                                             const Trace& shape, Instant now) {
  ISOJOULE_TRY(auto study, StudyFile::create(path, about.info));
  return std::unique_ptr<LiveRecording>(
      new LiveRecording(std::move(study), std::move(about), shape, now));
}

void LiveRecording::begin_piece(Instant now, const Counters& counters) {
  for (Channel& channel : trace_.channels) {
    channel.time_ns.clear();
    channel.a.clear();
    channel.b.clear();
  }
  for (Watch& watch : trace_.watches) {
    watch.time_ns.clear();
    watch.value.clear();
  }
  readings_ = 0;
  began_ = now;
  open_since_ = std::max(open_since_, now);
  before_ = counters;
  phases_.clear();
  batches_.clear();
  windows_.clear();
  own_ = {};
  wall_time_ = wall_time_now();
}

void LiveRecording::take(const SampleRecord& record) {
  if (record.kind == SampleRecord::Kind::watch) {
    trace_.watches[record.place].time_ns.push_back(record.time_ns);
    trace_.watches[record.place].value.push_back(record.value);
  }
  if (record.kind != SampleRecord::Kind::reading) return;
  Channel& channel = trace_.channels[record.place];
  channel.time_ns.push_back(record.time_ns);
  channel.a.push_back(record.a);
  if (channel.info.kind == ChannelKind::voltage_current) channel.b.push_back(record.b);
  ++readings_;
}

void LiveRecording::take(const Event& event) {
  switch (event.kind) {
    case EventKind::phase_begin:
      open_ = event.phase;
      open_since_ = std::max(event.begin, began_);
      break;
    case EventKind::phase_end:
      if (open_ == event.phase && event.end > open_since_)
        phases_.push_back({event.phase, open_since_, event.end});
      open_.reset();
      break;
    case EventKind::batch:
      // One that goes on through the cut belongs to the piece in which it ends.
      if (event.end > began_) batches_.push_back({event.begin, event.end});
      break;
    case EventKind::windows:
      // Of one that goes on through the cut, no piece has all the readings.
      for (const Window& window : event.windows)
        if (window.begin >= began_ && windows_.size() < kMostWindowsOfPiece)
          windows_.push_back(window);
        else
          own_.add(Counter::window_lost);
      break;
    case EventKind::note:
      if (notes_.size() < kMostNotesOfPiece) notes_[event.key] = event.value;
      break;
    default: break;
  }
}

std::string LiveRecording::network_of_piece() const {
  return about_.network + (sequence_ > 0 ? ", part " + std::to_string(sequence_ + 1) : "");
}

bool LiveRecording::is_empty() const {
  return readings_ == 0 && std::all_of(trace_.watches.begin(), trace_.watches.end(),
                                       [](const Watch& watch) { return watch.time_ns.empty(); });
}

Run LiveRecording::run_of(Instant now, const Counters& counters) const {
  Run run;
  run.sequence = run.block = sequence_;
  run.network = network_of_piece();
  run.setting = about_.setting;
  run.phases = phases_;
  if (open_ && now > open_since_) run.phases.push_back({*open_, open_since_, now});
  run.batches = batches_;
  run.inferences = static_cast<std::int64_t>(batches_.size()) * about_.batch;
  run.windows = windows_;
  run.windows.push_back({kAll, began_, now});
  std::stable_sort(run.windows.begin(), run.windows.end(),
                   [](const Window& a, const Window& b) { return a.begin < b.begin; });
  // The integrals find gaps and the like again: of what they raise, only that which the sums of the
  // frames do not know is taken over.
  Counters of_integrals;
  run.energies = phase_energies(trace_, run.phases, of_integrals);
  run.window_energies = window_energies(trace_, run.windows, run.phases, of_integrals);
  run.counters = difference(counters, before_);
  run.counters += own_;
  for (const Counter counter : kOfIntegralsAlone) run.counters.add(counter, of_integrals[counter]);
  run.residency_percent = residency_percent(trace_, began_, now);
  for (const Watch& watch : trace_.watches) {
    constexpr std::string_view kPrefix = "temperature_";
    if (!watch.name.starts_with(kPrefix) || watch.value.empty()) continue;
    run.temperature_start_c[watch.name.substr(kPrefix.size())] = watch.value.front();
    run.temperature_end_c[watch.name.substr(kPrefix.size())] = watch.value.back();
  }
  run.notes = notes_;
  run.wall_time = wall_time_;
  return run;
}

Status LiveRecording::save(Instant now, const Counters& counters) {
  const auto real_now = [this] { return about_.real != nullptr ? about_.real->now() : Instant{}; };
  const Instant begin = real_now();
  saved_ = now;
  ISOJOULE_TRY(
      [[maybe_unused]] const std::int64_t id,
      study_->replace(run_of(now, counters),
                      trace_.channels.empty() && trace_.watches.empty() ? nullptr : &trace_));
  pieces_ = sequence_ + 1;
  saving_ = real_now() - begin;
  return {};
}

Status LiveRecording::tidy(Instant now, const Counters& counters) {
  const bool is_full = readings_ >= kPieceReadings || now - began_ >= kPieceLength;
  const Duration pause = std::max({kSavePeriod, Duration{(now - began_).ns / kSavesOfAge},
                                   Duration{saving_.ns * kPausePerSave}});
  if (!is_full && now - saved_ < pause) return {};
  ISOJOULE_CHECK(save(now, counters));
  if (!is_full) return {};
  ++sequence_;
  begin_piece(now, counters);
  return {};
}

Status LiveRecording::finish(Instant now, const Counters& counters) {
  if (now <= began_ || (is_empty() && sequence_ > 0)) return {};
  return save(now, counters);
}

}  // namespace isojoule

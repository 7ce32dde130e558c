#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/random.h"
#include "base/text.h"
#include "base/wall_time.h"
#include "board/throttle.h"
#include "experiment/apply.h"
#include "experiment/calibration_notes.h"
#include "experiment/experiment.h"
#include "experiment/sampler.h"
#include "trace/integrate.h"
#include "trace/window_energies.h"

namespace isojoule {
namespace {

// An engine that says nothing for so long hangs. Nothing of the studies has batches of minutes.
constexpr Duration kSilence = Duration::milliseconds(600'000);
// How late a Ctrl-C may be seen on a real clock.
constexpr Duration kSlice = Duration::milliseconds(50);
// What the trace's columns are reserved for.
constexpr Duration kUsualRun = Duration::milliseconds(400'000);

// The board or the user cannot do it, and no further run will: the study ends. Of an engine it is a
// failed run all the same: another network, batch or precision may do.
bool is_final(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
    case ErrorKind::permission_denied:
    case ErrorKind::read_only:
    case ErrorKind::invalid:
    case ErrorKind::parse:
    case ErrorKind::out_of_range:
    case ErrorKind::unsupported:
    case ErrorKind::interrupted:
    case ErrorKind::internal: return true;
    default: return false;
  }
}

class Measurement {
 public:
  Measurement(Board& board, Engine& engine, const Job& job, const Protocol& protocol,
              const PlannedRun& planned, const std::atomic<bool>& interrupted, LiveSession* live)
      : board_(board),
        engine_(engine),
        job_(job),
        protocol_(protocol),
        planned_(planned),
        interrupted_(interrupted),
        live_(live) {}

  Result<MeasuredRun> make() {
    run() = run_of(planned_);
    if (live_ != nullptr) live_->begin_run(planned_);
    auto made = prepare_and_run();
    if (live_ != nullptr) live_->leave_run();
    if (!made) {
      if (is_final(made.error().kind)) return tl::unexpected<Error>(made.error());
      fail_run(made.error());
      if (engine_started_) run().counters.add(Counter::engine_failed);
    }
    return std::move(result_);
  }

 private:
  Run& run() { return result_.run; }

  Status prepare_and_run() {
    if (board_.begin_run)
      board_.begin_run(seed_for(protocol_.seed, std::to_string(planned_.sequence)));
    ISOJOULE_TRY(run().knobs, apply_setting(board_, planned_, run().counters));
    ISOJOULE_CHECK(wait(protocol_.settle));
    ISOJOULE_CHECK(wait_until_cool());
    run().temperature_start_c = temperatures();
    const auto throttled_before = throttle_counts();
    Sampler sampler(board_, protocol_.sampling_period, kUsualRun, live_);
    sampler.start();
    const Status ran = idle_and_run(sampler.margin());
    sampler.stop();
    result_.trace = sampler.take(run().counters);
    ISOJOULE_CHECK(ran);
    run().temperature_end_c = temperatures();
    if (has_throttled(throttled_before)) note_throttling();
    evaluate();
    return {};
  }

  Status idle_and_run(Duration margin) {
    ISOJOULE_CHECK(wait(margin));
    if (protocol_.idle.ns > 0) {
      const Instant begin = board_.clock->now();
      if (live_ != nullptr) live_->enter(PhaseKind::idle);
      ISOJOULE_CHECK(wait(protocol_.idle));
      if (live_ != nullptr) live_->leave_phase();
      run().phases.push_back({PhaseKind::idle, begin, board_.clock->now()});
    }
    ISOJOULE_CHECK(run_engine());
    return wait(margin);
  }

  Status wait(Duration duration) {
    const Instant end = board_.clock->now() + duration;
    while (!interrupted_.load(std::memory_order_relaxed)) {
      const Instant now = board_.clock->now();
      if (now >= end) return {};
      board_.clock->sleep_until(board_.clock->is_virtual() ? end : std::min(end, now + kSlice));
    }
    return interruption();
  }

  tl::unexpected<Error> interruption() const {
    return fail(ErrorKind::interrupted, "the run was interrupted");
  }

  Status wait_until_cool() {
    if (protocol_.start_temperature_c <= 0) return {};
    const Instant end = board_.clock->now() + protocol_.cool_down;
    while (hottest() > protocol_.start_temperature_c) {
      if (board_.clock->now() >= end) {
        run().counters.add(Counter::temperature_high);
        return {};
      }
      ISOJOULE_CHECK(wait(std::min(Duration::milliseconds(1000), end - board_.clock->now())));
    }
    return {};
  }

  std::map<std::string, double> temperatures() {
    std::map<std::string, double> found;
    for (const auto& [name, path] : board_.thermal_paths) {
      const auto millidegrees = read_integer(*board_.tree, path);
      if (millidegrees)
        found[name] = static_cast<double>(*millidegrees) * 1e-3;
      else
        run().counters.add(Counter::state_unreadable);
    }
    return found;
  }

  double hottest() {
    double most = -273.15;
    for (const auto& [name, celsius] : temperatures()) most = std::max(most, celsius);
    return most;
  }

  std::map<std::string, std::int64_t> throttle_counts() {
    std::map<std::string, std::int64_t> counts;
    for (const ThrottleSpec& spec : board_.release.throttles) {
      const auto count = read_throttle(*board_.tree, spec);
      if (count)
        counts[spec.name] = *count;
      else
        run().counters.add(Counter::state_unreadable);
    }
    return counts;
  }

  bool has_throttled(const std::map<std::string, std::int64_t>& before) {
    const auto after = throttle_counts();
    const auto& specs = board_.release.throttles;
    return std::any_of(specs.begin(), specs.end(), [&](const ThrottleSpec& spec) {
      const auto then = before.find(spec.name), now = after.find(spec.name);
      return then != before.end() && now != after.end() &&
             throttled(spec, then->second, now->second);
    });
  }

  void note_throttling() {
    run().counters.add(Counter::throttled);
    if (run().state == RunState::complete) run().state = RunState::throttled;
  }

  // ---- the engine ----

  Status run_engine() {
    const Instant began = board_.clock->now();
    auto started = engine_.start(job_);
    if (!started) return failure(started.error());
    const std::unique_ptr<Session> session = std::move(*started);
    engine_started_ = true;
    const bool is_virtual = board_.clock->is_virtual();
    const Duration silence = allowed_silence();
    Instant heard = board_.clock->now();
    while (!interrupted_.load(std::memory_order_relaxed)) {
      const Instant now = board_.clock->now();
      if (now - heard >= silence)
        return fail(ErrorKind::engine,
                    fmt::format("{} says nothing for {:.0f} s and was stopped", engine_.name(),
                                silence.seconds().value()),
                    "Try fewer inferences, or measure the engine alone");
      const Instant deadline = is_virtual ? heard + silence : now + kSlice;
      ISOJOULE_TRY(const std::optional<Event> event, session->next_event(deadline));
      if (!event) continue;
      heard = board_.clock->now();
      if (event->kind == EventKind::phase_begin && event->begin < began)
        return failure(dated_back(*event));
      if (!take(*event)) continue;
      return event->kind == EventKind::failed ? failure(error_of(*event)) : Status{};
    }
    return interruption();
  }

  // Such a phase would be given energy that is not the engine's.
  Error dated_back(const Event& event) const {
    return {ErrorKind::engine,
            fmt::format("{} dates the begin of phase {} before its own start", engine_.name(),
                        name_of(event.phase)),
            "", ""};
  }

  // Who allows an engine more time than is usual gets it here, too. A warm-up that is to be long is
  // no silence.
  Duration allowed_silence() const {
    const Duration usual = kSilence + job_.warmup_time;
    const auto option = job_.options.find("timeout_s");
    if (option == job_.options.end()) return usual;
    const auto allowed = read_timeout(option->second);
    if (!allowed) return usual;  // the engine refuses it
    return std::max(usual, *allowed + Duration::milliseconds(10'000));
  }

  // True after the last event.
  bool take(const Event& event) {
    if (live_ != nullptr) tell(event);
    switch (event.kind) {
      case EventKind::phase_begin:
        run().phases.push_back({event.phase, event.begin, event.begin});
        break;
      case EventKind::phase_end: close_phase(event); break;
      case EventKind::batch: run().batches.push_back({event.begin, event.end}); break;
      case EventKind::note: run().notes[event.key] = event.value; break;
      case EventKind::layers:
        run().layers.insert(run().layers.end(), event.layers.begin(), event.layers.end());
        break;
      case EventKind::windows: take_windows(event); break;
      case EventKind::alive: break;
      case EventKind::finished: finish(); return true;
      case EventKind::failed: return true;
    }
    return false;
  }

  void tell(const Event& event) {
    if (event.kind == EventKind::phase_begin) live_->enter(event.phase);
    if (event.kind == EventKind::phase_end) live_->leave_phase();
    if (event.kind == EventKind::batch) live_->batch();
  }

  void take_windows(const Event& event) {
    run().windows.insert(run().windows.end(), event.windows.begin(), event.windows.end());
    run().counters.add(Counter::window_not_ended, event.faults.not_ended);
    run().counters.add(Counter::window_not_begun, event.faults.not_begun);
    run().counters.add(Counter::window_lost, event.faults.lost);
  }

  void close_phase(const Event& event) {
    for (auto phase = run().phases.rbegin(); phase != run().phases.rend(); ++phase)
      if (phase->kind == event.phase) {
        phase->end = event.end;
        return;
      }
  }

  void finish() {
    const std::int64_t batch = std::max<std::int64_t>(1, job_.batch);
    const auto batches = static_cast<std::int64_t>(run().batches.size());
    // An engine that does not mark its batches has made all that was asked for, in whole batches.
    run().inferences = (batches > 0 ? batches : (job_.inferences + batch - 1) / batch) * batch;
    take_own_count();
    if (run().phase(PhaseKind::inference) == nullptr)
      take_failure(
          {ErrorKind::engine, engine_.name() + " finished without an inference phase", "", ""});
  }

  // A program knows best how many it made (engine command).
  void take_own_count() {
    const auto note = run().notes.find("inferences");
    if (note == run().notes.end()) return;
    std::int64_t count = 0;
    const std::string& text = note->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc() && end == text.data() + text.size() && count > 0)
      run().inferences = count;
  }

  // Out of memory, a crash, a file that is no network: a result of this run.
  Status failure(const Error& error) {
    // A worker may say so, too, but only the user can end a study.
    if (error.kind == ErrorKind::interrupted && interrupted_.load(std::memory_order_relaxed))
      return tl::unexpected<Error>(error);
    take_failure(error);
    return {};
  }

  Error error_of(const Event& event) const {
    return event.error.value_or(
        Error{ErrorKind::engine, engine_.name() + " failed and did not say why", "", ""});
  }

  void take_failure(const Error& error) {
    const bool memory = is_out_of_memory(error);
    run().counters.add(memory ? Counter::out_of_memory : Counter::engine_failed);
    result_.engine_error = error;
    fail_run(error);
  }

  void fail_run(const Error& error) {
    run().state = RunState::failed;
    run().failure = error.what;
    for (Phase& phase : run().phases)
      if (phase.end == phase.begin) phase.end = board_.clock->now();
  }

  // ---- what it cost ----

  void evaluate() {
    if (run().state == RunState::failed) return;
    note_calibrations(result_.trace, board_.calibration_doubts, run());
    if (board_.sensors.empty())
      explain_absence();
    else
      run().energies = phase_energies(result_.trace, run().phases, run().counters);
    evaluate_windows();
    const Phase* inference = run().phase(PhaseKind::inference);
    if (inference == nullptr) return;
    run().residency_percent = residency_percent(result_.trace, inference->begin, inference->end);
    count_drift(*inference);
  }

  // Windows of a name add up even where each alone is too short; without a sensor the names have
  // their times, and the report says why there are no joules.
  void evaluate_windows() {
    std::stable_sort(run().windows.begin(), run().windows.end(),
                     [](const Window& a, const Window& b) { return a.begin < b.begin; });
    result_.named = named_windows(result_.trace, run().windows, run().phases);
    if (board_.sensors.empty()) return;
    run().window_energies =
        window_energies(result_.trace, run().windows, run().phases, run().counters);
  }

  // No silent zero: every phase says why it has no energy, and where a sensor was looked for.
  void explain_absence() {
    std::vector<std::string> places;
    for (const Error& problem : board_.problems)
      if (!problem.tried.empty())
        places.push_back(problem.what + " (" + problem.tried + ")");
      else
        places.push_back(problem.what);
    std::string why = "no power sensor of " + board_.file.name + " can be read here";
    if (!places.empty()) why += ": " + join(places, "; ");
    for (const Phase& phase : run().phases) {
      PhaseEnergy energy;
      energy.phase = phase.kind;
      energy.rail = "total";
      energy.duration = phase.duration();
      energy.gross.why_absent = energy.net.why_absent = why;
      run().energies.push_back(std::move(energy));
    }
  }

  void count_drift(const Phase& inference) {
    for (const KnobResult& knob : run().knobs) {
      const Knob* turned = board_.knob(knob.axis);
      if (turned == nullptr || turned->axis().unit != Unit::hertz) continue;
      for (const Watch& watch : result_.trace.watches)
        if (watch.name == knob.axis) count_drift(watch, *turned, knob.achieved, inference);
    }
  }

  void count_drift(const Watch& watch, const Knob& knob, const Value& pinned,
                   const Phase& inference) {
    const auto* expected = std::get_if<double>(&pinned);
    for (std::size_t i = 0; i < watch.value.size(); ++i) {
      if (expected != nullptr && watch.value[i] == *expected) continue;
      if (watch.time_ns[i] < inference.begin.ns || watch.time_ns[i] > inference.end.ns) continue;
      if (!same_value(knob, pinned, watch.value[i])) run().counters.add(Counter::clock_drifted);
    }
  }

  Board& board_;
  Engine& engine_;
  const Job& job_;
  const Protocol& protocol_;
  const PlannedRun& planned_;
  const std::atomic<bool>& interrupted_;
  LiveSession* live_;
  MeasuredRun result_;
  bool engine_started_ = false;
};

}  // namespace

Run run_of(const PlannedRun& planned) {
  Run run;
  run.sequence = planned.sequence;
  run.block = planned.block;
  run.repeat = planned.repeat;
  run.network = planned.network;
  run.baseline = planned.baseline;
  run.setting = planned.setting;
  run.wall_time = wall_time_now();
  return run;
}

Result<MeasuredRun> measure(Board& board, Engine& engine, const Job& job, const Protocol& protocol,
                            const PlannedRun& planned, const std::atomic<bool>& interrupted,
                            LiveSession* live) {
  return Measurement(board, engine, job, protocol, planned, interrupted, live).make();
}

}  // namespace isojoule

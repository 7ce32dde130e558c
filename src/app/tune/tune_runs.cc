#include "app/tune/tune_runs.h"

#include <algorithm>

#include "app/tune/run_probe.h"
#include "experiment/live_session.h"

namespace isojoule {
namespace {

// As of a sweep: a throttled run is made again so often, and an engine that fails twice at a
// setting cannot do it.
constexpr int kThrottledTries = 3, kFailedTries = 2;

}  // namespace

Status TuneRuns::begin(const std::vector<Setting>& examples, const std::vector<Setting>& settings) {
  std::vector<PlannedRun> runs;
  for (const Setting& setting : examples) runs.push_back(planned({.setting = setting}, 0));
  ISOJOULE_TRY(rest_, Rest::of(parts_.board, runs));
  runs.clear();
  for (const Setting& setting : settings) runs.push_back(planned({.setting = setting}, 0));
  failures_.expect(runs);
  ISOJOULE_TRY(stored_, parts_.study.runs(true));
  used_.assign(stored_.size(), false);
  for (const Run& run : stored_) {
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    roles_.push_back(notes.role);
    next_sequence_ = std::max(next_sequence_, run.sequence + 1);
  }
  return {};
}

// What a run taught is known from its place in the order on, as it was then.
void TuneRuns::use(std::size_t index) {
  used_[index] = true;
  const Run& run = stored_[index];
  MeasuredRun measured;
  measured.run = run;
  const auto notes = notes_of(run);  // begin() read them all
  if (notes && notes->engine_error)
    measured.engine_error = Error{*notes->engine_error, run.failure, "", ""};
  failures_.note(planned({.setting = run.setting, .baseline = run.baseline}, run.sequence),
                 measured);
}

std::optional<std::size_t> TuneRuns::next_index() const {
  for (std::size_t i = 0; i < stored_.size(); ++i)
    if (!used_[i] && roles_[i] != TuneRole::baseline) return i;
  return {};
}

const Run* TuneRuns::next_stored() const {
  const auto index = next_index();
  return index ? &stored_[*index] : nullptr;
}

std::optional<Run> TuneRuns::take_stored(const Ask& ask) {
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    const Run& run = stored_[i];
    const bool same = roles_[i] == ask.role && run.setting == ask.setting &&
                      run.baseline == ask.baseline && run.block == ask.block;
    if (used_[i] || !same) continue;
    use(i);
    return run;
  }
  return {};
}

PlannedRun TuneRuns::planned(const Ask& ask, std::int64_t sequence) const {
  PlannedRun planned;
  planned.sequence = sequence;
  planned.block = planned.repeat = ask.block;
  planned.network = parts_.network;
  planned.baseline = ask.baseline;
  planned.setting = ask.setting;
  planned.inferences = ask.inferences;
  return planned;
}

std::optional<Run> TuneRuns::known_failure(const Setting& setting) const {
  auto known = failures_.known(planned({.setting = setting}, 0));
  if (!known) return {};
  return std::move(known->run);
}

std::optional<Error> TuneRuns::hopeless() const {
  if (!failures_.all_failed()) return {};
  return failures_.first();
}

// A run that failed for the board's sake: is the board still there, or was it this setting?
Status TuneRuns::check_board(const Error* cause) {
  for (const auto& knob : parts_.board.knobs) {
    if (!axes_.contains(knob->axis().name)) continue;
    auto value = knob->get();
    if (value) continue;
    Error error = cause != nullptr ? *cause : value.error();
    error.what = "the board is gone: " + error.what;
    error.remedy = "What was measured is in the study; the same command goes on from there";
    return tl::unexpected<Error>(std::move(error));
  }
  return {};
}

// The last attempt is kept, with the counters of the earlier ones.
Result<MeasuredRun> TuneRuns::attempt(const PlannedRun& planned) {
  const auto use = parts_.engines.find(planned.setting.text("engine").value_or(""));
  if (use == parts_.engines.end())
    return fail(ErrorKind::internal, "no engine was opened for " + to_string(planned.setting));
  const Job job = job_of(planned, parts_.protocol, use->second);
  Counters earlier;
  for (int number = 1;; ++number) {
    auto measured = measure(parts_.board, *use->second.engine, job, parts_.protocol, planned,
                            parts_.interrupted, parts_.live);
    if (!measured) {
      const ErrorKind kind = measured.error().kind;
      // One value of a knob that is refused is this setting's failure.
      if (kind != ErrorKind::out_of_range && kind != ErrorKind::invalid &&
          kind != ErrorKind::unsupported)
        return measured;
      MeasuredRun refused;
      refused.run = run_of(planned);
      refused.run.state = RunState::failed;
      // No engine_error: at another clock the engine has not been asked yet.
      refused.run.failure = measured.error().what;
      return refused;
    }
    Run& run = measured->run;
    const bool again =
        (run.state == RunState::throttled && number < kThrottledTries) ||
        (run.state == RunState::failed && !is_definite(*measured) && number < kFailedTries);
    if (!again) {
      run.counters += earlier;
      return measured;
    }
    earlier.add(Counter::throttled, run.counters[Counter::throttled]);
    earlier.add(Counter::engine_failed, run.counters[Counter::engine_failed]);
  }
}

Result<Run> TuneRuns::run(const Ask& ask) {
  if (auto stored = take_stored(ask)) return *std::move(stored);
  if (parts_.interrupted.load(std::memory_order_relaxed))
    return fail(ErrorKind::interrupted, "the search was interrupted");
  for (const auto& [axis, value] : ask.setting.values()) axes_.insert(axis);
  const Instant before = parts_.board.clock->now();
  const Status rested = rest_->bring_back(ask.setting);
  if (!rested) {
    ISOJOULE_CHECK(check_board(&rested.error()));
    return tl::unexpected<Error>(rested.error());
  }
  const PlannedRun one = planned(ask, next_sequence_);
  auto made = attempt(one);
  if (!made && made.error().kind != ErrorKind::interrupted)
    ISOJOULE_CHECK(check_board(&made.error()));
  ISOJOULE_TRY(MeasuredRun measured, std::move(made));
  Run& run = measured.run;
  const bool of_board = run.state == RunState::failed && !measured.engine_error;
  if (of_board) {
    const Error cause{ErrorKind::io, run.failure, "", ""};
    ISOJOULE_CHECK(check_board(&cause));
  }
  failures_.note(one, measured);
  TuneNotes notes{
      ask.role, ask.why, (parts_.board.clock->now() - before).seconds().value(), false, {}};
  // It was tried again already where that could have helped; a board that is hot now may be cool
  // tomorrow.
  notes.definite = !failure_of(run).empty() && run.state != RunState::throttled;
  if (measured.engine_error) notes.engine_error = measured.engine_error->kind;
  put_notes(notes, run);
  const bool keep = parts_.protocol.keep_traces && !measured.trace.channels.empty();
  ISOJOULE_TRY(run.id, parts_.study.add(run, keep ? &measured.trace : nullptr));
  if (parts_.live != nullptr) parts_.live->count(run);
  ++next_sequence_;
  ++made_;
  return run;
}

}  // namespace isojoule

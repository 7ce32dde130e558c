#include <chrono>
#include <set>

#include "board/journal.h"
#include "experiment/apply.h"
#include "experiment/experiment.h"
#include "experiment/known_failures.h"
#include "experiment/live_session.h"

namespace isojoule {
namespace {

// A throttled run is made again at most so often; then it is stored as throttled.
constexpr int kThrottledAttempts = 3;
// An engine that fails twice at a setting cannot do it.
constexpr int kFailedAttempts = 2;

class Sweep {
 public:
  Sweep(const Plan& plan, Board& board, const EngineUses& engines, StudyFile& study,
        const std::atomic<bool>& interrupted, const std::function<void(const Progress&)>& progress,
        LiveSession* live)
      : plan_(plan),
        board_(board),
        engines_(engines),
        study_(study),
        interrupted_(interrupted),
        progress_(progress),
        live_(live) {}

  // These runs, in their order.
  Status check(std::vector<PlannedRun> runs) {
    runs_ = std::move(runs);
    result_.planned = static_cast<std::int64_t>(runs_.size());
    for (const PlannedRun& run : runs_) blocks_ = std::max(blocks_, run.block + 1);
    ISOJOULE_CHECK(check_engines());
    failures_.expect(runs_);
    ISOJOULE_CHECK(check_settings());
    ISOJOULE_CHECK(look_at_what_is_there());
    if (live_ != nullptr) live_->expect(result_.planned, result_.already_there);
    return {};
  }

  Status make_runs(BoardGuard& guard) {
    ISOJOULE_TRY(Rest rest, Rest::of(board_, runs_));
    for (const PlannedRun& planned : runs_) {
      if (there_.contains(planned.sequence)) continue;
      if (interrupted_.load(std::memory_order_relaxed)) return stop();
      ISOJOULE_CHECK(guard.check_keeper());
      ISOJOULE_CHECK(rest.bring_back(planned.setting));
      std::optional<MeasuredRun> measured = failures_.known(planned);
      bool is_refused = measured.has_value();
      if (!measured) {
        auto made = attempt(planned);
        if (!made && made.error().kind == ErrorKind::interrupted) return stop();
        if (!made) return tl::unexpected<Error>(made.error());
        measured = std::move(*made);
        failures_.note(planned, *measured);
        is_refused = is_definite(*measured);
        if (failures_.all_failed()) return tl::unexpected<Error>(failures_.first());
      }
      has_worked_ =
          has_worked_ || !is_refused || measured->run.counters[Counter::out_of_memory] > 0;
      held_.push_back({&planned, std::move(*measured)});
      if (has_worked_) ISOJOULE_CHECK(store_held());
    }
    return store_held();
  }

  const SweepResult& result() const { return result_; }

 private:
  // A study that goes on still knows what did not fit.
  Status look_at_what_is_there() {
    ISOJOULE_TRY(const auto there, study_.sequences());
    if (there.empty()) return {};
    there_.insert(there.begin(), there.end());
    std::map<std::int64_t, const PlannedRun*> planned;
    for (const PlannedRun& run : runs_) planned[run.sequence] = &run;
    ISOJOULE_TRY(std::vector<Run> stored, study_.runs());
    for (Run& run : stored) {
      const auto found = planned.find(run.sequence);
      if (found == planned.end()) continue;
      ++result_.already_there;
      MeasuredRun measured;
      measured.run = std::move(run);
      failures_.note(*found->second, measured);
    }
    return {};
  }

  // A stored run is never made again. What an engine refuses altogether is therefore held back
  // until an engine has done something: a library that is missing is the study's error, and no run
  // of it.
  Status store_held() {
    for (const Held& held : held_) {
      ISOJOULE_CHECK(store(held.measured));
      report(*held.planned, held.measured.run);
    }
    held_.clear();
    return {};
  }

  // Which nodes a setting writes depends on its axes only, and a study has few combinations.
  Status check_settings() {
    std::set<std::vector<std::string>> known;
    for (const PlannedRun& run : runs_) {
      if (run.repeat > runs_.front().repeat) break;  // the first repeat has every setting
      std::vector<std::string> axes;
      for (const auto& [axis, value] : run.setting.values()) axes.push_back(axis);
      if (known.insert(std::move(axes)).second)
        ISOJOULE_CHECK(check_no_contradiction(board_, run.setting));
    }
    return {};
  }

  Status stop() {
    result_.interrupted = true;
    return {};
  }

  const EngineUse& use_of(const PlannedRun& planned) const {
    return engines_.at(planned.setting.text("engine").value_or(""));
  }

  Status check_engines() const {
    for (const PlannedRun& run : runs_) {
      const std::string engine = run.setting.text("engine").value_or("");
      const auto use = engines_.find(engine);
      if (use == engines_.end() || use->second.engine == nullptr)
        return fail(ErrorKind::not_found, "no engine '" + engine + "' was opened",
                    "Name one of 'isojoule list engines' in the plan");
      if (!use->second.model_paths.contains(run.network))
        return fail(ErrorKind::not_found, "the network '" + run.network + "' has no file",
                    "Name a network of the zoo or the path of an ONNX file");
    }
    return {};
  }

  // The last attempt is kept; the counters of the earlier ones stay with it, so that it shows.
  Result<MeasuredRun> attempt(const PlannedRun& planned) {
    const EngineUse& use = use_of(planned);
    const Job job = job_of(planned, plan_.protocol, use);
    Counters earlier;
    for (int number = 1;; ++number) {
      auto measured =
          measure(board_, *use.engine, job, plan_.protocol, planned, interrupted_, live_);
      if (!measured) return measured;
      const Run& run = measured->run;
      const bool again =
          (run.state == RunState::throttled && number < kThrottledAttempts) ||
          (run.state == RunState::failed && !is_definite(*measured) && number < kFailedAttempts);
      if (!again) {
        measured->run.counters += earlier;
        return measured;
      }
      earlier.add(Counter::throttled, run.counters[Counter::throttled]);
      earlier.add(Counter::engine_failed, run.counters[Counter::engine_failed]);
    }
  }

  Status store(const MeasuredRun& measured) {
    const bool keep = plan_.protocol.keep_traces && !measured.trace.channels.empty();
    ISOJOULE_CHECK(study_.add(measured.run, keep ? &measured.trace : nullptr));
    ++result_.made;
    if (live_ != nullptr) live_->count(measured.run);
    if (measured.run.state == RunState::failed) ++result_.failed;
    return {};
  }

  void report(const PlannedRun& planned, const Run& run) {
    if (!progress_) return;
    Progress progress;
    progress.total = result_.planned;
    progress.done = result_.made + result_.already_there;
    progress.block = planned.block;
    progress.blocks = blocks_;
    progress.elapsed =
        Second(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count());
    // The order is random, so that the runs made are like those to come.
    progress.left = progress.elapsed * (static_cast<double>(progress.total - progress.done) /
                                        static_cast<double>(result_.made));
    progress.last = &run;
    progress_(progress);
  }

  const Plan& plan_;
  Board& board_;
  const EngineUses& engines_;
  StudyFile& study_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(const Progress&)>& progress_;
  LiveSession* live_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::vector<PlannedRun> runs_;
  std::set<std::int64_t> there_;
  struct Held {
    const PlannedRun* planned;
    MeasuredRun measured;
  };
  std::vector<Held> held_;  // not stored yet
  bool has_worked_ = false;
  KnownFailures failures_;
  std::int64_t blocks_ = 0;  // highest number, from 1
  SweepResult result_;
};

}  // namespace

Job job_of(const PlannedRun& planned, const Protocol& protocol, const EngineUse& use) {
  Job job;
  job.model_path = use.model_paths.at(planned.network);
  job.network = planned.network;
  if (const auto options = use.job_options.find(planned.network); options != use.job_options.end())
    job.options = options->second;
  take_engine_axes(planned.setting, job);
  job.inferences = planned.inferences > 0 ? planned.inferences : protocol.inferences;
  job.warmup_batches = protocol.warmup_batches;
  job.warmup_time = protocol.warmup;
  job.warmup_until_stable = protocol.warmup_until_stable;
  job.profile_batches = protocol.profile_batches;
  job.seed = protocol.seed;
  return job;
}

Result<SweepResult> sweep(const Plan& plan, Board& board, const EngineUses& engines,
                          StudyFile& study, const GuardOptions& guard_options,
                          const std::atomic<bool>& interrupted,
                          const std::function<void(const Progress&)>& progress, LiveSession* live) {
  ISOJOULE_TRY(auto planned, order_runs(plan, board));
  return sweep_runs(plan, std::move(planned), board, engines, study, guard_options, interrupted,
                    progress, live);
}

Result<SweepResult> sweep_runs(const Plan& plan, std::vector<PlannedRun> planned, Board& board,
                               const EngineUses& engines, StudyFile& study,
                               const GuardOptions& guard_options,
                               const std::atomic<bool>& interrupted,
                               const std::function<void(const Progress&)>& progress,
                               LiveSession* live) {
  Sweep runs(plan, board, engines, study, interrupted, progress, live);
  ISOJOULE_CHECK(runs.check(std::move(planned)));
  ISOJOULE_TRY(const auto guard, BoardGuard::take(board, guard_options));
  const Status made = runs.make_runs(*guard);
  if (!made) return tl::unexpected<Error>(guard->restore_after(made.error()));
  ISOJOULE_CHECK(guard->restore());
  return runs.result();
}

}  // namespace isojoule

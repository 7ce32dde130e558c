#include "app/tune/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/guard_place.h"
#include "app/live_metrics.h"
#include "app/tune/earlier_probes.h"
#include "app/tune/run_probe.h"
#include "app/tune/tune_opening.h"
#include "app/tune/tune_runs.h"
#include "app/tune/tune_tale.h"
#include "app/tune/tune_words.h"
#include "base/text.h"

namespace isojoule {
namespace {

constexpr const char* kGovernors = "default";
constexpr std::int64_t kFirstInferences = 100;
constexpr double kProbe_s = 4;  // of the inference phase, at the governors' clocks
constexpr std::int64_t kFewest = 10, kMost = 1'000'000;
// Of the time that is allowed, at most so much is kept back for the blocks at the end.
constexpr double kMostForBlocks = 0.5;

class Tune {
 public:
  Tune(const Paths& paths, const TuneRequest& request, const std::atomic<bool>& interrupted,
       const std::function<void(const TuneProgress&)>& progress)
      : paths_(paths), request_(request), interrupted_(interrupted), progress_(progress) {}

  Result<TuneResult> make() {
    if (const Status opened = open(); !opened) {
      remove_empty_study();
      return tl::unexpected<Error>(opened.error());
    }
    const Status done = search_and_compare();
    const bool stopped = !done && done.error().kind == ErrorKind::interrupted;
    if (!done && !stopped) return tl::unexpected<Error>(ended(done.error()));
    ISOJOULE_CHECK(guard_ ? guard_->restore() : Status{});
    if (stopped && runs_->made() + runs_->stored() == 0) {
      remove_empty_study();
      return tl::unexpected<Error>(done.error());
    }
    return conclude(stopped);
  }

 private:
  Board& board() { return target_->board; }

  // ---- before anything runs ----

  Status open() {
    ISOJOULE_TRY(TuneOpening opened, open_tune(paths_, request_));
    protocol_ = opened.protocol;
    target_ = std::move(opened.target);
    engines_ = std::move(opened.engines);
    engine_parts_ = opened.engine_parts;
    asked_ = std::move(opened.asked);
    space_ = std::move(opened.space);
    goal_ = std::move(opened.goal);
    study_ = std::move(opened.study);
    created_ = opened.created;
    notes_ = std::move(opened.notes);
    return begin_runs();
  }

  Status begin_runs() {
    live_.emplace(board(), study_->info().engine, request_.metrics);
    ISOJOULE_CHECK(live_->begin());
    runs_.emplace(TuneRuns::Parts{board(), engines_.uses, *study_, protocol_, asked_.network,
                                  interrupted_, live_->session()});
    std::vector<Setting> settings;
    for (GridPoint point = 0; point < space_->size(); ++point)
      settings.push_back(space_->setting(point));
    const Setting governors = governors_setting(board(), settings.front(), asked_.fixed);
    ISOJOULE_CHECK(runs_->begin({settings.front(), governors}, settings));
    already_there_ = runs_->stored();
    SearchOptions options;
    options.seed = static_cast<std::uint64_t>(asked_.seed);
    options.budget = request_.budget;
    ISOJOULE_CHECK(take_earlier(options));
    ISOJOULE_TRY(tale_, TuneTale::make(*space_, *goal_, asked_.optimiser, options));
    // A twin's nodes die with the process, so its journal lies beside the study.
    GuardOptions guard = guard_options(paths_, request_.target, *target_, request_.command);
    if (target_->twin) guard.journal = request_.study_path + ".journal";
    ISOJOULE_TRY(guard_, BoardGuard::take(board(), guard));
    return {};
  }

  Status take_earlier(SearchOptions& options) {
    const EarlierRequest request{&*space_, board().file.name, board().simulated, asked_.network};
    EarlierProbes earlier;
    for (const std::string& path : request_.warm) ISOJOULE_CHECK(add_warm(request, path, earlier));
    for (const std::string& path : request_.prior)
      ISOJOULE_CHECK(path == "predict" ? add_predicted(paths_, request, earlier)
                                       : add_prior(request, path, earlier));
    options.warm = std::move(earlier.warm);
    options.prior = std::move(earlier.prior);
    notes_.insert(notes_.end(), earlier.notes.begin(), earlier.notes.end());
    return {};
  }

  // ---- runs ----

  // The first good run shows whether the goal is about something that can be measured here.
  Status check_measured(const Run& run, const Metrics& metrics) {
    if (is_checked_) return {};
    is_checked_ = true;
    for (const Metric metric : goal_->metrics()) {
      if (at(metrics, metric)) continue;
      const PhaseEnergy* const energy = run.energy(PhaseKind::inference);
      const bool of_energy = metric == Metric::energy || metric == Metric::power;
      std::string why = of_energy && energy != nullptr ? energy->gross.why_absent : "";
      if (metric == Metric::memory) why = why_no_memory(run);
      return fail(ErrorKind::unmeasured,
                  fmt::format("nothing here measures {}{}{}", name_of(metric),
                              why.empty() ? "" : ": ", why),
                  metric == Metric::memory
                      ? "Leave it away: a batch that does not fit is learnt, and not tried again"
                      : "isojoule probe says what is there");
    }
    return {};
  }

  void spend(const Probe& probe) {
    search_s_ += probe.seconds;
    search_j_ += probe.joules;
  }

  bool is_out_of_time() {
    if (!request_.at_most || tale_->steps().empty()) return false;
    const double allowed = request_.at_most->seconds().value();
    const double blocks = mean_run_s() * static_cast<double>(blocks_runs());
    return !has_time_for(mean_run_s() + std::min(blocks, kMostForBlocks * allowed));
  }
  bool has_time_for(double seconds) const {
    return !request_.at_most || search_s_ + seconds <= request_.at_most->seconds().value();
  }
  double mean_run_s() const { return search_s_ / static_cast<double>(tale_->steps().size() + 1); }
  std::int64_t blocks_runs() const {
    const auto governors = std::min(request_.finalists, static_cast<std::int64_t>(engine_parts_));
    return request_.repeats * (request_.finalists + governors);
  }

  Status search_and_compare() {
    ISOJOULE_CHECK(measure_governors());
    ISOJOULE_CHECK(search());
    return compare();
  }

  Status measure_governors() {
    const Setting setting = governors_setting(board(), space_->setting(0), asked_.fixed);
    inferences_ = asked_.inferences;
    if (inferences_ == 0) ISOJOULE_CHECK(size_probes(setting));
    ISOJOULE_TRY(const Run run,
                 runs_->run({TuneRole::baseline, setting, kGovernors, 0, inferences_, ""}));
    ISOJOULE_CHECK(take_governors(run, 0));
    if (const auto error = runs_->hopeless()) return tl::unexpected<Error>(*error);
    return {};
  }

  Status size_probes(const Setting& setting) {
    ISOJOULE_TRY(const Run run,
                 runs_->run({TuneRole::baseline, setting, kTuneSizing, 0, kFirstInferences, ""}));
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    spend(probe_of(run, notes, 0));
    if (const auto error = runs_->hopeless()) return tl::unexpected<Error>(*error);
    const auto each = at(metrics_of(run), Metric::time);
    inferences_ =
        failure_of(run).empty() && each
            ? std::clamp(static_cast<std::int64_t>(std::ceil(kProbe_s / *each)), kFewest, kMost)
            : kFirstInferences;
    return {};
  }

  Status take_governors(const Run& run, std::int64_t block) {
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    const Probe probe = probe_of(run, notes, 0);
    spend(probe);
    TuneProgress progress;
    progress.stage = block == 0 ? TuneProgress::Stage::governors : TuneProgress::Stage::blocks;
    progress.words = "governors";
    if (!probe.failure.empty()) {
      notes_.push_back("the governors could not be measured: " + probe.failure);
    } else {
      ISOJOULE_CHECK(check_measured(run, probe.metrics));
      tale_->tell_governors(run.setting, run.baseline, block, probe.metrics);
      // weighted: is over the first setting's, which comes after the governors.
      if (!goal_->cost.needs_reference()) progress.cost = goal_->cost.of(probe.metrics);
    }
    report(progress);
    return {};
  }

  Status search() {
    while (std::ssize(tale_->steps()) < request_.budget) {
      // Neither what is passed over nor what is told again asks TuneRuns, which looks, too.
      if (interrupted_.load(std::memory_order_relaxed))
        return fail(ErrorKind::interrupted, "the search was interrupted");
      if (const auto error = runs_->hopeless()) return tl::unexpected<Error>(*error);
      if ((out_of_time_ = is_out_of_time())) return {};
      auto question = tale_->ask();
      if (!question) {
        exhausted_ = true;
        return {};
      }
      if (pass_over(*question)) continue;
      ISOJOULE_TRY(const bool told, tell_stored(*question));
      if (!told) ISOJOULE_CHECK(probe(*std::move(question)));
    }
    return {};
  }

  // A batch that does not fit at one clock does not fit at the others: that costs no probe.
  bool pass_over(const Question& question) {
    if (tale_->is_out(question.point)) return false;  // it was told, and asks all the same
    const auto known = runs_->known_failure(space_->setting(question.point));
    if (!known) return false;
    tale_->tell_out(question.point, known->failure);
    ++passed_over_;
    return true;
  }

  // What the study has already, in its order: so a search goes on as if it had not been stopped.
  Result<bool> tell_stored(const Question& question) {
    const Run* const stored = runs_->next_stored();
    if (stored == nullptr) return false;
    ISOJOULE_TRY(const TuneNotes notes, notes_of(*stored));
    const auto point = space_->find(stored->setting);
    if (notes.role == TuneRole::search && point != question.point &&
        runs_->known_failure(space_->setting(question.point)))
      return false;  // no run was made of this one then, either
    const Run run = *stored;
    runs_->pass_stored();
    if (!point || !run.baseline.empty()) {
      if (!run.baseline.empty()) ISOJOULE_CHECK(take_governors(run, run.block));
      return true;
    }
    const Probe probe = probe_of(run, notes, *point);
    spend(probe);
    if (notes.role == TuneRole::final_block) {
      tale_->tell_again(probe, run.block);
      last_block_ = std::max(last_block_, run.block);
      return true;
    }
    if (*point != question.point && !diverged_) {
      diverged_ = true;
      notes_.emplace_back(
          "the search was begun otherwise: what it measured counts, what it would ask is new");
    }
    ISOJOULE_CHECK(tell({*point, notes.why}, probe, run, true));
    return true;
  }

  Status probe(Question question) {
    const Setting setting = space_->setting(question.point);
    if (const auto known = runs_->known_failure(setting)) {
      TuneNotes notes;
      notes.definite = true;
      return tell(question, probe_of(*known, notes, question.point), *known, false);
    }
    ISOJOULE_TRY(const Run run,
                 runs_->run({TuneRole::search, setting, "", 0, inferences_, question.why}));
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    const Probe probe = probe_of(run, notes, question.point);
    spend(probe);
    ISOJOULE_CHECK(tell(question, probe, run, false));
    if (const auto error = runs_->hopeless()) return tl::unexpected<Error>(*error);
    return {};
  }

  Status tell(const Question& question, const Probe& probe, const Run& run, bool stored) {
    if (probe.failure.empty()) ISOJOULE_CHECK(check_measured(run, probe.metrics));
    const SearchStep& step = tale_->tell(question, probe);
    TuneProgress progress;
    progress.stage = TuneProgress::Stage::search;
    progress.done = std::ssize(tale_->steps());
    progress.total = request_.budget;
    progress.step = &step;
    progress.cost = goal_->cost.of(probe.metrics);
    if (step.answer) progress.least = step.answer->cost;
    progress.stored = stored;
    report(progress);
    return {};
  }

  // The finalists and the governors by turns, there and back, so that what drifts hits all alike.
  Status compare() {
    if (request_.finalists < 1 || request_.repeats < 1) return {};
    const auto points = tale_->finalists(static_cast<std::size_t>(request_.finalists));
    if (points.empty()) return {};
    // A winner with another batch or precision is compared with governors that have it, too.
    std::vector<Setting> governors;
    for (const GridPoint point : points) {
      const Setting own = governors_setting(board(), space_->setting(point), asked_.fixed);
      if (std::find(governors.begin(), governors.end(), own) == governors.end())
        governors.push_back(own);
    }
    const std::size_t each = points.size() + governors.size();
    const std::int64_t first = last_block_ + 1;
    double turn_s = mean_run_s() * static_cast<double>(each);
    for (std::int64_t turn = 0; turn < request_.repeats; ++turn) {
      if (!has_time_for(turn_s)) return no_time_for_turns(turn);
      const double before = search_s_;
      for (std::size_t i = 0; i < each; ++i) {
        const std::size_t who = turn % 2 == 0 ? i : each - 1 - i;
        ISOJOULE_CHECK(who >= points.size()
                           ? again_governors(governors[who - points.size()], first + turn)
                           : again(points[who], first + turn));
      }
      turn_s = search_s_ - before;
    }
    return {};
  }

  Status no_time_for_turns(std::int64_t made) {
    out_of_time_ = true;
    notes_.push_back(fmt::format("there was time to measure the best again {} times, not {}", made,
                                 request_.repeats));
    return {};
  }

  Status again_governors(const Setting& setting, std::int64_t block) {
    ISOJOULE_TRY(const Run run,
                 runs_->run({TuneRole::final_block, setting, kGovernors, block, inferences_, ""}));
    return take_governors(run, block);
  }

  Status again(GridPoint point, std::int64_t block) {
    ISOJOULE_TRY(const Run run, runs_->run({TuneRole::final_block, space_->setting(point), "",
                                            block, inferences_, "finalist"}));
    ISOJOULE_TRY(const TuneNotes notes, notes_of(run));
    const Probe probe = probe_of(run, notes, point);
    spend(probe);
    tale_->tell_again(probe, block);
    TuneProgress progress;
    progress.stage = TuneProgress::Stage::blocks;
    progress.words = setting_words(*space_, point);
    progress.cost = goal_->cost.of(probe.metrics);
    report(progress);
    return {};
  }

  void report(TuneProgress& progress) {
    progress.space = &*space_;
    progress.goal = &*goal_;
    if (progress_) progress_(progress);
  }

  // ---- at the end ----

  Error ended(Error error) {
    const bool lost = runs_ && runs_->made() + runs_->stored() > 0;
    if (!lost) remove_empty_study();
    if (lost && error.remedy.empty())
      error.remedy = "What was measured is in " + request_.study_path +
                     "; the same command goes on from there";
    return guard_ ? guard_->restore_after(std::move(error)) : error;
  }

  void remove_empty_study() {
    if (!created_ || !study_ || (runs_ && runs_->made() > 0)) return;
    study_.reset();
    std::error_code code;
    std::filesystem::remove(request_.study_path, code);
  }

  TuneResult conclude(bool stopped) {
    TuneResult result{asked_, *goal_, *space_, study_->info(), request_.study_path};
    result.steps = tale_->steps();
    result.candidates = tale_->candidates(static_cast<std::size_t>(request_.finalists));
    result.governors = tale_->governors();
    result.answer = tale_->recommend();
    result.runs = runs_->made() + runs_->stored();
    result.already_there = already_there_;
    result.search_s = search_s_;
    result.search_j = search_j_;
    result.decide_s = tale_->decide_s();
    result.interrupted = stopped;
    result.exhausted = exhausted_;
    result.out_of_time = out_of_time_;
    result.caution = caution_of(*target_);
    result.notes = notes_;
    result.judge();
    if (passed_over_ > 0)
      result.notes.push_back(
          fmt::format("{} setting{} passed over, which cannot run as others have shown",
                      passed_over_, passed_over_ == 1 ? " was" : "s were"));
    const auto axes = std::ssize(space_->axes());
    if (std::ssize(result.steps) <= axes && !stopped)
      result.notes.push_back(
          fmt::format("{} probes cannot show what each of {} axes does: what is recommended rests "
                      "on what other boards did",
                      result.steps.size(), axes));
    return result;
  }

  const Paths& paths_;
  const TuneRequest& request_;
  const std::atomic<bool>& interrupted_;
  const std::function<void(const TuneProgress&)>& progress_;
  Protocol protocol_;
  std::unique_ptr<Target> target_;
  OpenedEngines engines_;  // refers to the target
  std::size_t engine_parts_ = 1;
  TuneMemory asked_;
  std::optional<SearchSpace> space_;
  std::optional<Goal> goal_;
  std::unique_ptr<StudyFile> study_;
  std::unique_ptr<TuneTale> tale_;
  std::optional<LiveMetrics> live_;
  std::optional<TuneRuns> runs_;
  std::unique_ptr<BoardGuard> guard_;
  std::vector<std::string> notes_;
  bool created_ = false, is_checked_ = false, exhausted_ = false, out_of_time_ = false,
       diverged_ = false;
  std::int64_t inferences_ = 0, already_there_ = 0, last_block_ = 0, passed_over_ = 0;
  double search_s_ = 0, search_j_ = 0;
};

}  // namespace

Result<TuneResult> tune(const Paths& paths, const TuneRequest& request,
                        const std::atomic<bool>& interrupted,
                        const std::function<void(const TuneProgress&)>& progress) {
  return Tune(paths, request, interrupted, progress).make();
}

}  // namespace isojoule

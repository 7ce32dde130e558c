#include "app/measure_once.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/board_study.h"
#include "app/engines.h"
#include "app/guard_place.h"
#include "app/live_metrics.h"
#include "base/hash.h"
#include "base/text.h"
#include "board/journal.h"
#include "experiment/apply.h"
#include "experiment/known_failures.h"
#include "workload/zoo.h"

namespace isojoule {
namespace {

// Why the inference phase has no energy: what its row says, else what opening the board met.
std::string reason_without_energy(const Run& run, const Board& board) {
  if (const PhaseEnergy* energy = run.energy(PhaseKind::inference)) {
    if (energy->gross.value) return {};
    if (!energy->gross.why_absent.empty() && board.problems.empty())
      return energy->gross.why_absent;
  }
  std::string reason;
  for (const Error& problem : board.problems) {
    if (!reason.empty()) reason += "; ";
    reason += problem.what;
    if (!problem.tried.empty()) reason += " (tried: " + problem.tried + ")";
    if (!problem.remedy.empty()) reason += ". " + problem.remedy;
  }
  return reason.empty() ? "the board has no power source" : reason;
}

// The start of a command, in place of a network's name.
std::string program_words(const std::vector<std::string>& program) {
  constexpr std::size_t kLongest = 60;
  std::vector<std::string> words = program;
  words[0] = std::filesystem::path(words[0]).filename().string();
  std::string text = join(words, " ");
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.size() > kLongest ? text.substr(0, kLongest) + "..." : text;
}

Protocol protocol_of(const MeasureRequest& request) {
  Protocol protocol;
  protocol.inferences = request.inferences;
  protocol.warmup_batches = request.warmup_batches;
  protocol.warmup = request.warmup_time;
  protocol.warmup_until_stable = request.warmup_until_stable;
  protocol.profile_batches = request.profile_batches;
  protocol.sampling_period = request.sampling_period;
  protocol.idle = request.idle;
  return protocol;
}

bool turns_a_knob(const Board& board, const Setting& setting) {
  const auto& values = setting.values();
  return std::any_of(values.begin(), values.end(),
                     [&board](const auto& value) { return board.knob(value.first) != nullptr; });
}

// The largest half, quarter, ... of the batch that does fit, tried with one batch each.
Result<std::optional<std::int64_t>> fitting_batch(Board& board, Engine& engine, Job job,
                                                  Protocol protocol, PlannedRun planned,
                                                  const std::atomic<bool>& interrupted) {
  job.warmup_batches = job.profile_batches = 0;
  job.warmup_time = {};
  job.warmup_until_stable = false;
  protocol.idle = {};
  while (job.batch > 1) {
    job.batch /= 2;
    job.inferences = job.batch;
    planned.setting.set("batch", static_cast<double>(job.batch));
    ISOJOULE_TRY(const MeasuredRun tried,
                 measure(board, engine, job, protocol, planned, interrupted));
    if (tried.run.state != RunState::failed) return std::optional(job.batch);
    if (tried.run.counters[Counter::out_of_memory] == 0) break;  // another reason: no answer
  }
  return std::optional<std::int64_t>();
}

StudyInfo info_of(const Target& target, const MeasureRequest& request, const std::string& engine) {
  StudyInfo info = board_study_info("measure", target.board, request.command);
  info.engine = engine;
  info.plan_hash = content_hash("measure " + info.created + info.command);  // no plan goes on here
  Protocol protocol = protocol_of(request);
  protocol.repeats = 1;
  info.protocol_json = protocol_json(protocol);
  return info;
}

// The measurement itself, with the board in its setting.
Status measure_at(Target& target, const EngineUse& use, const MeasureRequest& request,
                  const PlannedRun& planned, const Protocol& protocol,
                  const std::atomic<bool>& interrupted, LiveSession* live, MeasureResult& result) {
  Job job = job_of(planned, protocol, use);
  job.command = request.program;
  ISOJOULE_TRY(result.measured,
               measure(target.board, *use.engine, job, protocol, planned, interrupted, live));
  Run& run = result.measured.run;
  if (live != nullptr) live->count(run);
  if (run.counters[Counter::out_of_memory] == 0) {
    // What no second try would mend is the user's to mend: an error, not a run.
    if (is_definite(result.measured)) return tl::unexpected<Error>(*result.measured.engine_error);
    return {};
  }
  if (job.batch == 1) return {};
  ISOJOULE_TRY(result.batch_that_fits,
               fitting_batch(target.board, *use.engine, job, protocol, planned, interrupted));
  run.failure = "does not fit: batch " + std::to_string(job.batch) + " is " + run.failure;
  run.failure += result.batch_that_fits
                     ? "; batch " + std::to_string(*result.batch_that_fits) + " fits"
                     : "; no smaller batch that was tried fits";
  return {};
}

}  // namespace

struct MeasureSession::Parts {
  MeasureRequest request;
  std::unique_ptr<Target> target;
  PlannedRun planned;
  OpenedEngines engines;  // refers to the target
  std::unique_ptr<BoardGuard> guard;
  std::int64_t runs = 0;
  std::optional<LiveMetrics> live;  // last: refers to the target; from the first run to the last
  const EngineUse& use() const { return engines.uses.begin()->second; }
};

MeasureSession::MeasureSession(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MeasureSession::~MeasureSession() = default;

Result<std::unique_ptr<MeasureSession>> MeasureSession::open(const Paths& paths,
                                                             const MeasureRequest& request) {
  auto parts = std::make_unique<Parts>();
  parts->request = request;
  ISOJOULE_TRY(parts->target, open_target(paths, request.target));
  Target& target = *parts->target;
  PlannedRun& planned = parts->planned;
  planned.network = request.program.empty() ? request.network : program_words(request.program);
  planned.setting = request.setting;
  planned.setting.set("batch", static_cast<double>(request.batch));
  ISOJOULE_CHECK(check_setting("measure", planned.setting, target.board));
  ISOJOULE_TRY(parts->engines,
               open_engines(target, paths, {planned}, request.engine, request.options));
  if (turns_a_knob(target.board, request.setting)) {
    ISOJOULE_CHECK(check_no_contradiction(target.board, request.setting));
    ISOJOULE_TRY(parts->guard,
                 BoardGuard::take(target.board,
                                  guard_options(paths, request.target, target, request.command)));
  }
  return std::unique_ptr<MeasureSession>(new MeasureSession(std::move(parts)));
}

Board& MeasureSession::board() { return parts_->target->board; }
const Target& MeasureSession::target() const { return *parts_->target; }
const std::string& MeasureSession::engine_name() const { return parts_->use().engine->name(); }

StudyInfo MeasureSession::study_info() const {
  return info_of(*parts_->target, parts_->request, engine_name());
}

std::string MeasureSession::why_no_power_source() const {
  const Board& board = parts_->target->board;
  return board.sensors.empty() ? reason_without_energy(Run{}, board) : "";
}

std::string MeasureSession::why_no_total() const {
  const Board& board = parts_->target->board;
  const bool is_there = !board.sensors.empty() && !board.file.total.empty();
  return is_there ? "" : reason_without_energy(Run{}, board);
}

Result<MeasureResult> MeasureSession::run(const One& one, const std::atomic<bool>& interrupted) {
  const MeasureRequest& request = parts_->request;
  const Target& target = *parts_->target;
  PlannedRun planned = parts_->planned;
  planned.sequence = planned.block = planned.repeat = one.sequence;
  planned.baseline = one.baseline;
  Protocol protocol = protocol_of(request);
  protocol.inferences = one.inferences;
  protocol.sampling_period = one.period;
  MeasureResult result;
  result.info = study_info();
  if (!parts_->live) {
    parts_->live.emplace(parts_->target->board, engine_name(), request.metrics);
    ISOJOULE_CHECK(parts_->live->begin());
  }
  LiveSession* const live = parts_->live->session();
  if (live != nullptr) live->expect(++parts_->runs, 0);  // nobody knows how many more will follow
  const Status measured = measure_at(*parts_->target, parts_->use(), request, planned, protocol,
                                     interrupted, live, result);
  if (!measured)
    return tl::unexpected<Error>(parts_->guard ? parts_->guard->restore_after(measured.error())
                                               : measured.error());
  Run& run = result.measured.run;
  if (request.program.empty() && !in_zoo(run.network))
    run.network = std::filesystem::path(run.network).stem().string();
  result.engine = engine_name();
  result.board = target.board.file.name;
  result.board_title = target.board.file.title;
  result.simulated = target.board.simulated;
  result.caution = caution_of(target);
  result.why_unmeasured = reason_without_energy(run, target.board);
  return result;
}

Status store_measured(const MeasureResult& result, const std::string& path) {
  ISOJOULE_TRY(const auto study, StudyFile::create(path, result.info));
  const Trace& trace = result.measured.trace;
  ISOJOULE_CHECK(study->add(result.measured.run, trace.channels.empty() ? nullptr : &trace));
  return {};
}

Status MeasureSession::restore() { return parts_->guard ? parts_->guard->restore() : Status{}; }

Result<MeasureResult> measure_once(const Paths& paths, const MeasureRequest& request,
                                   const std::atomic<bool>& interrupted) {
  ISOJOULE_TRY(const auto session, MeasureSession::open(paths, request));
  ISOJOULE_TRY(MeasureResult result,
               session->run({0, request.inferences, request.sampling_period}, interrupted));
  ISOJOULE_CHECK(session->restore());
  return result;
}

std::optional<double> inference_count(const MeasureRequest& request, const Run& run) {
  // A program that marks no batches and says no number has made nobody knows how many; neither has
  // a run that failed.
  const bool is_said = !run.batches.empty() || run.inferences > 1 || request.inferences_given ||
                       run.notes.contains("inferences");
  if (!is_said || run.inferences < 1) return std::nullopt;
  return static_cast<double>(run.inferences);
}

std::optional<Second> batch_quantile(const Run& run, double q) {
  if (run.batches.empty()) return std::nullopt;
  std::vector<double> seconds;
  for (const BatchMark& batch : run.batches)
    seconds.push_back((batch.end - batch.begin).seconds().value());
  std::sort(seconds.begin(), seconds.end());
  const double place = q * static_cast<double>(seconds.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, seconds.size() - 1);
  return Second(seconds[below] +
                (place - static_cast<double>(below)) * (seconds[above] - seconds[below]));
}

}  // namespace isojoule

#include "engine/trtexec/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text_file.h"
#include "engine/trtexec/cache.h"
#include "engine/trtexec/command.h"
#include "engine/trtexec/placement.h"
#include "engine/trtexec/process.h"
#include "engine/trtexec/profile.h"
#include "engine/trtexec/scratch.h"

namespace isojoule::trtexec {
namespace {

namespace fs = std::filesystem;

std::string milliseconds_words(Duration time) {
  return fmt::format("{:.3g}", static_cast<double>(time.ns) * 1e-6);
}

std::string seconds_words(Duration time) { return fmt::format("{:.0f} s", time.seconds().value()); }

// Whoever waits for events, and not only for signs of life, hears something that often.
constexpr Duration kNotePeriod = Duration::milliseconds(60'000);

class JobRun {
 public:
  JobRun(const Job& job, WorkerChannel& channel) : job_(job), channel_(channel) {}

  Status run() {
    tell_phase(PhaseKind::process_start, job_.started, worker_now());
    ISOJOULE_CHECK(prepare());
    ISOJOULE_CHECK(provide_engine());
    ISOJOULE_CHECK(infer());
    if (job_.profile_batches > 0) ISOJOULE_CHECK(profile());
    return {};
  }

 private:
  Status prepare() {
    ISOJOULE_TRY(plan_.options, take_options(job_));
    ISOJOULE_TRY(const std::string path, find_program(plan_.options.program));
    ISOJOULE_TRY(plan_.program, probe_program(path));
    note_program();
    ISOJOULE_TRY(inputs_, read_model_inputs(job_.model_path));
    ISOJOULE_TRY(const auto closed,
                 resolve_inputs(inputs_.inputs, job_.batch, plan_.options.common));
    for (const TensorSpec& spec : closed)
      channel_.note("input " + spec.name, shape_words(spec.shape));
    ISOJOULE_CHECK(scratch_.make());
    plan_.model = job_.model_path;
    plan_.engine = scratch_.file("model.engine");
    plan_.shapes = shapes_argument(inputs_.inputs, closed);
    plan_.detailed = job_.profile_batches > 0;
    const bool wide = !plan_.program.version || plan_.program.version->major >= 10;
    ISOJOULE_TRY(plan_.loaded_inputs,
                 write_inputs(closed, plan_.options, wide, job_.seed, scratch_.path()));
    return {};
  }

  void note_program() {
    const auto& version = plan_.program.version;
    const Options& options = plan_.options;
    channel_.note("engine", "TensorRT " + (version ? to_string(*version) : "of unknown version"));
    channel_.note("program", plan_.program.path);
    if (!version || version->major < 8 || version->major > 10)
      channel_.note("warning version",
                    "this program was written for trtexec of TensorRT 8.0 to 10.x");
    channel_.note("provider", options.dla_core < 0
                                  ? "GPU"
                                  : fmt::format("DLA core {}{}", options.dla_core,
                                                options.fallback ? ", GPU for the rest" : ""));
    channel_.note("precision", options.precision);
    if (options.precision == "fp32") channel_.note("tf32", options.tf32 ? "on" : "off");
    if (options.precision == "int8")
      channel_.note("scales", "trtexec's own, of no calibration: times count, outputs do not");
    if (job_.threads > 0)
      channel_.note("threads",
                    fmt::format("trtexec has no such setting ({} asked for)", job_.threads));
    if (job_.warmup_until_stable)
      channel_.note("warm-up", "by time and count alone: trtexec cannot wait until times settle");
  }

  // ---- the engine ------------------------------------------------------------------------------

  Status provide_engine() {
    const std::string& folder = plan_.options.engine_cache;
    ISOJOULE_TRY(const std::vector<std::string> command, build_command(plan_));
    std::string key;
    if (!folder.empty()) {
      ISOJOULE_TRY(key, engine_key(plan_.model, inputs_, build_identity(plan_, command)));
      if (const auto cached = find_engine(folder, key)) {
        plan_.engine = cached->path;
        placement_ = cached->placement;
        channel_.note("engine from cache", cached->path);
        note_placement();
        return keep_copy();
      }
    }
    ISOJOULE_CHECK(build(command));
    note_placement();
    if (!folder.empty())
      ISOJOULE_CHECK(trtexec::keep_engine(folder, key, plan_.engine, placement_));
    return keep_copy();
  }

  Status build(const std::vector<std::string>& command) {
    channel_.phase_begin(PhaseKind::graph_initialisation);
    ISOJOULE_TRY(const Course course, call(command, "building the engine"));
    channel_.phase_end(PhaseKind::graph_initialisation);
    placement_ = placement_of(course.log);
    std::error_code error;
    if (!fs::is_regular_file(plan_.engine, error) || fs::file_size(plan_.engine, error) == 0)
      return fail(ErrorKind::engine, "trtexec says PASSED, but there is no engine",
                  "Check the space in " + scratch_.path() + ".");
    note_number("built_s", course.log.built_s);
    note_number("engine_mib", course.log.engine_mib);
    return {};
  }

  Status keep_copy() {
    if (plan_.options.keep_engine.empty()) return {};
    return copy_file_whole(plan_.engine, plan_.options.keep_engine);
  }

  void note_placement() {
    if (!placement_.known) return;
    channel_.note("layers on DLA", std::to_string(placement_.dla.size()));
    channel_.note("layers on GPU", std::to_string(placement_.gpu.size()));
  }

  // ---- the batches -----------------------------------------------------------------------------

  Status infer() {
    const auto batches = static_cast<std::size_t>((job_.inferences + job_.batch - 1) / job_.batch);
    const RunCounts counts =
        counts_of(job_, static_cast<std::int64_t>(batches), plan_.options.streams);
    const std::string file = scratch_.file("times.json");
    ISOJOULE_TRY(const auto command, run_command(plan_, counts, file));
    ISOJOULE_TRY(const Course course, call(command, "running the batches"));
    channel_.note(course.memory.key, course.memory.value);
    const auto read =
        read_text_file(file).and_then([](const std::string& text) { return parse_times(text); });
    // Of this run alone: as not_found or parse it would pass for a missing library or a bad model.
    if (!read)
      return fail(ErrorKind::engine, "trtexec exported no times: " + read.error().what,
                  read.error().remedy);
    if (read->empty()) return fail(ErrorKind::engine, "trtexec exported no times");
    const std::vector<BatchTimes>& times = *read;
    double last = 0;
    for (const BatchTimes& one : times) last = std::max(last, one.copy_out_end);
    ISOJOULE_TRY(const TimeZero zero,
                 find_time_zero(course.inference_line, course.report_line, last));
    note_zero(zero, last);
    note_run(course.log);
    ISOJOULE_TRY(
        const PlacedBatches placed,
        place_batches(times, batches, static_cast<double>(counts.warm_up_ms), zero.at, overlap()));
    return tell_phases(course, zero.at, placed);
  }

  Overlap overlap() const {
    if (plan_.options.streams > 1) return Overlap::streams;
    return plan_.options.overlap && plan_.options.transfers ? Overlap::copies : Overlap::none;
  }

  // After the fact, in their order; all of it is past.
  Status tell_phases(const Course& course, Instant zero, const PlacedBatches& placed) {
    const Instant begin = placed.batches.front().begin, end = placed.batches.back().end;
    if (zero < course.started || end > worker_now())
      return fail(ErrorKind::engine, "trtexec's times do not fit into its run",
                  "Its clock and the monotonic clock of this machine disagree.");
    tell_phase(PhaseKind::load, course.started, zero);
    Instant warm = zero;
    if (placed.first) {
      warm = placed.first->end;
      tell_phase(PhaseKind::first_inference, zero, warm);
    }
    if (!placed.first || placed.warm_up > 0) tell_phase(PhaseKind::warm_up, warm, begin);
    tell(EventKind::phase_begin, PhaseKind::inference, begin);
    channel_.tell_batches(placed.batches);
    tell(EventKind::phase_end, PhaseKind::inference, end);
    tell_phase(PhaseKind::tear_down, end, std::max(end, course.ended));
    if (!placed.first)
      channel_.note("first inference",
                    "within the warm-up: this trtexec exports no times from before its end");
    return {};
  }

  void note_zero(const TimeZero& zero, double last_end_ms) {
    channel_.note("time_zero_uncertainty_ms", zero.uncertainty
                                                  ? milliseconds_words(*zero.uncertainty)
                                                  : "not known: " + zero.fault);
    if (zero.uncertainty && !zero.fault.empty()) channel_.note("warning time_zero", zero.fault);
    channel_.note("batch_time_step_ms", fmt::format("{:.3g}", step_ms(last_end_ms)));
    if (overlap() == Overlap::copies)
      channel_.note("batch times", "computing alone; the next batch is copied meanwhile");
    if (overlap() == Overlap::streams)
      channel_.note("batch times", fmt::format("from one completion to the next, of {} streams",
                                               plan_.options.streams));
  }

  void note_run(const Log& log) {
    if (log.device.name) channel_.note("device", *log.device.name);
    note_number("loaded_s", log.loaded_s);
    note_number("deserialised_s", log.deserialised_s);
    if (log.unstable_percent) note_number("warning unstable_percent", log.unstable_percent);
    if (log.graph_ignored) channel_.note("warning cuda_graph", "trtexec could not use it");
    if (log.lazy_loading_off && plan_.options.loading == "lazy")
      channel_.note("warning loading", "CUDA does not load lazily here: it does so since 11.7");
    if (log.bound_by_enqueue)
      channel_.note("warning enqueue",
                    "the CPU may be slower at handing out work than the GPU at "
                    "doing it");
    if (!log.summary) return channel_.note("summary", "absent: " + log.why_no_summary);
    note_number("throughput_qps", log.summary->throughput_qps);
    if (log.summary->latency) note_number("latency_median_ms", log.summary->latency->median);
    if (log.summary->compute) note_number("compute_mean_ms", log.summary->compute->mean);
    if (log.summary->enqueue) note_number("enqueue_mean_ms", log.summary->enqueue->mean);
  }

  // ---- the layers ------------------------------------------------------------------------------

  Status profile() {
    const std::string times = scratch_.file("profile.json"), info = scratch_.file("layers.json");
    ISOJOULE_TRY(const auto command, profile_command(plan_, job_.profile_batches, times, info));
    channel_.phase_begin(PhaseKind::profiling);
    ISOJOULE_TRY(const Course course, call(command, "timing the layers"));
    Result<Profile> found =
        read_text_file(times).and_then([](const std::string& text) { return parse_profile(text); });
    if (!found) {
      const Error error = found.error();
      found = profile_of(course.log);
      channel_.note("profile", (found ? "from the printed table: " : "absent: ") + error.what);
    }
    const auto kinds = read_text_file(info).and_then(
        [](const std::string& text) { return parse_layer_info(text); });
    if (!kinds) channel_.note("kinds of layers", "absent: " + kinds.error().what);
    if (found) {
      Event event;
      event.kind = EventKind::layers;
      event.layers = layer_times(*found, placement_, plan_.options.dla_core >= 0,
                                 kinds.value_or(std::map<std::string, std::string>()));
      channel_.tell(event);
      if (const std::size_t idle = found->rows.size() - event.layers.size(); idle > 0)
        channel_.note("layers without time", std::to_string(idle));
    }
    channel_.phase_end(PhaseKind::profiling);
    return {};
  }

  // ---- small helpers ---------------------------------------------------------------------------

  Result<Course> call(const std::vector<std::string>& command, const std::string& doing) {
    Call call;
    call.command = command;
    call.environment = environment_of(plan_.options);
    call.doing = doing;
    call.silence = plan_.options.silence;
    call.limit = plan_.options.limit;
    const Instant begin = worker_now();
    Duration told = kNotePeriod;
    call.alive = [&] {
      channel_.tell_batches({});
      const Duration passed = worker_now() - begin;
      if (passed < told) return;
      told = passed + kNotePeriod;
      channel_.note("progress", doing + ": for " + seconds_words(passed) + " by now");
    };
    Result<Course> course = run_call(call);
    if (told > kNotePeriod)
      channel_.note("progress", doing + ": took " + seconds_words(worker_now() - begin));
    return course;
  }

  void tell(EventKind kind, PhaseKind phase, Instant at) {
    Event event;
    event.kind = kind;
    event.phase = phase;
    event.begin = event.end = at;
    channel_.tell(event);
  }

  void tell_phase(PhaseKind phase, Instant begin, Instant end) {
    tell(EventKind::phase_begin, phase, begin);
    tell(EventKind::phase_end, phase, end);
  }

  void note_number(const char* key, const std::optional<double>& number) {
    if (number) channel_.note(key, fmt::format("{:.6g}", *number));
  }

  const Job& job_;
  WorkerChannel& channel_;
  Plan plan_;
  ModelInputs inputs_;
  ScratchFolder scratch_;
  Placement placement_;
};

}  // namespace

Status run_job(const Job& job, WorkerChannel& channel) { return JobRun(job, channel).run(); }

}  // namespace isojoule::trtexec

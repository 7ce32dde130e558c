#include "app/monitor/monitor.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include "app/board_study.h"
#include "app/engines.h"
#include "app/live_twin.h"
#include "app/monitor/frame_maker.h"
#include "app/monitor/program_watch.h"
#include "app/monitor/recording.h"
#include "base/hash.h"
#include "base/text.h"

namespace isojoule {
namespace {

constexpr Duration kLookPeriod = Duration::milliseconds(100);
// Clocks move with their governors, some tens of times a second; to read them costs as much as a
// rail.
constexpr Duration kWatchPeriod = Duration::milliseconds(100);
constexpr Duration kExpectedLength = Duration::milliseconds(1000);

// A twin that plays along with real time, or the machine's own time, which goes by itself.
class Monitor {
 public:
  Monitor(const Paths& paths, const MonitorRequest& request, const std::vector<MonitorSink*>& sinks,
          const std::atomic<bool>& interrupted)
      : paths_(paths), request_(request), sinks_(sinks), interrupted_(interrupted) {}

  Result<MonitorEnd> run() {
    ISOJOULE_CHECK(open());
    for (MonitorSink* sink : sinks_) ISOJOULE_CHECK(sink->begin(frames_->head()));
    if (const Status started = start(); !started) {
      remove_recording();
      return tl::unexpected<Error>(started.error());
    }
    const Status watched = watch();
    for (MonitorSink* sink : sinks_) sink->leave();
    sampler_->stop();
    // What was sampled is kept, whatever ended it.
    const Status ended = end();
    if (!watched) return tl::unexpected<Error>(watched.error());
    if (!ended) return tl::unexpected<Error>(ended.error());
    return std::move(result_);
  }

 private:
  Instant now() { return target_->board.clock->now(); }

  Status check() const {
    const bool is_twin = request_.target.board.starts_with(kTwinPrefix);
    if (!request_.load.empty() && !is_twin)
      return fail(ErrorKind::invalid, "--load runs a network on a simulated board only",
                  "Name one with --board twin:NAME, or give a program behind --");
    if (!request_.program.empty() && is_twin)
      return fail(ErrorKind::unsupported, "the board is simulated: a program cannot run there",
                  "Leave --board away, or name a network with --load");
    std::error_code code;
    if (!request_.record.empty() && std::filesystem::exists(request_.record, code))
      return fail(ErrorKind::invalid,
                  request_.record + " is there already, and is not written over",
                  "Name another file");
    return {};
  }

  Status open() {
    ISOJOULE_CHECK(check());
    ISOJOULE_TRY(target_, open_target(paths_, request_.target));
    Board& board = target_->board;
    const std::string caution = caution_of(*target_);
    Job job;
    if (!request_.load.empty()) {
      job.network = request_.load;
      job.batch = request_.batch;
      job.inferences = 100'000;
      ISOJOULE_TRY(job.model_path, network_file(*target_, paths_, request_.load));
    }
    add_live_watches(board);
    if (target_->twin) twin_ = std::make_unique<LiveTwin>(std::move(target_->twin));
    if (!request_.load.empty()) {
      twin_->keep_events();
      ISOJOULE_CHECK(twin_->keep_busy(std::move(job)));
    }
    sampler_ = std::make_unique<Sampler>(board, request_.sampling_period, kExpectedLength);
    sampler_->pass_on(*ring_, kWatchPeriod);
    frames_ = std::make_unique<FrameMaker>(board, sampler_->shape(), request_.sampling_period,
                                           request_.frame_period);
    auto& notes = frames_->head().notes;
    if (!caution.empty()) notes.push_back(caution);
    if (twin_) notes.push_back("simulated: own cost includes the simulation of the board");
    result_.head = frames_->head();
    return {};
  }

  StudyInfo study_info() const {
    StudyInfo info = board_study_info("monitor", target_->board, request_.command);
    info.engine = !request_.program.empty() ? "command" : request_.load.empty() ? "none" : "twin";
    info.plan_hash =
        content_hash("monitor " + info.created + info.command);  // no plan goes on here
    info.planned_runs = 0;  // none was: how many pieces it becomes nobody knows
    // Of a plan's protocol nothing else holds: nothing was warmed up, repeated or waited for.
    info.protocol_json =
        nlohmann::json{{"sampling_period_ms", request_.sampling_period.seconds().value() * 1e3}}
            .dump();
    return info;
  }

  std::string what_runs() const {
    if (!request_.load.empty()) return request_.load;
    if (request_.program.empty()) return "monitor";
    return std::filesystem::path(request_.program.front()).filename().string();
  }

  Status start() {
    if (twin_) ISOJOULE_CHECK(twin_->catch_up());  // opening took its time
    began_ = now();
    if (!request_.record.empty()) {
      LiveRecording::About about{study_info(), what_runs(), {}, request_.batch, real_.get()};
      if (!request_.load.empty()) about.setting.set("batch", static_cast<double>(request_.batch));
      ISOJOULE_TRY(recording_, LiveRecording::create(request_.record, std::move(about),
                                                     sampler_->shape(), began_));
      frames_->listen([this](const SampleRecord& record) { recording_->take(record); });
    }
    sampler_->start();
    if (request_.program.empty()) return {};
    ISOJOULE_TRY(engine_, open_engine("command", paths_.workers, *target_->board.clock));
    Job job;
    job.command = request_.program;
    job.options["output"] = request_.program_output;
    // A monitor looks on: a program that it was too late to hear is not ended for that.
    job.options["together"] = "kept";
    job.started = now();
    ISOJOULE_TRY(auto session, engine_->start(job));
    program_ = std::make_unique<ProgramWatch>(std::move(session), *target_->board.clock);
    return {};
  }

  // Of a monitor that did not begin: an empty file would refuse the next attempt.
  void remove_recording() {
    if (!recording_) return;
    frames_->listen({});
    recording_.reset();
    std::error_code code;
    std::filesystem::remove(request_.record, code);
  }

  bool goes_on() const { return !over_ && !interrupted_.load(std::memory_order_relaxed); }

  Status watch() {
    Instant due = real_->now() + request_.frame_period;
    const std::optional<Instant> last =
        request_.length ? std::optional(real_->now() + *request_.length) : std::nullopt;
    while (goes_on()) {
      ISOJOULE_CHECK(wait(last ? std::min(due, *last) : due));
      const Instant at = real_->now();
      if (last && at >= *last) return {};
      if (at < due) continue;
      ISOJOULE_CHECK(show_frame());
      // A frame that was missed is not made up for.
      due = due + request_.frame_period;
      if (due <= real_->now()) due = real_->now() + request_.frame_period;
    }
    return {};
  }

  Status wait(Instant until) {
    while (goes_on() && real_->now() < until) {
      const Instant slice = std::min(until, real_->now() + kLookPeriod);
      if (program_)
        ISOJOULE_CHECK(listen_to_program(slice));
      else
        real_->sleep_until(slice);
      if (twin_) ISOJOULE_CHECK(twin_->catch_up());
      if (twin_)
        for (const Event& event : twin_->take_events()) take(event);
      for (MonitorSink* sink : sinks_) over_ = sink->look() || over_;
    }
    return {};
  }

  // The program has the machine's own clock, which is the real one.
  Status listen_to_program(Instant until) {
    ISOJOULE_TRY(const auto events, program_->take(until - real_->now()));
    for (const Event& event : events) {
      take(event);
      if (event.kind == EventKind::note) take_note(event);
      if (event.kind == EventKind::failed) result_.program_error = event.error;
      over_ = over_ || event.kind == EventKind::finished || event.kind == EventKind::failed;
    }
    return {};
  }

  void take_note(const Event& event) {
    const char* const begin = event.value.data();
    if (event.key == "exit_status")
      std::from_chars(begin, begin + event.value.size(), result_.program_status);
    if (event.key == "marks_together")
      std::from_chars(begin, begin + event.value.size(), result_.marks_together);
  }

  void take(const Event& event) {
    if (event.kind == EventKind::phase_begin)
      frames_->enter(event.begin, std::string(name_of(event.phase)));
    if (event.kind == EventKind::phase_end) frames_->enter(event.end, "");
    if (recording_) recording_->take(event);
  }

  Status show_frame() {
    result_.last = frames_->make(*ring_, began_, now());
    for (MonitorSink* sink : sinks_) ISOJOULE_CHECK(sink->show(result_.last));
    if (recording_) keep_recording(recording_->tidy(now(), frames_->counters()));
    return {};
  }

  // A disk that is full ends the recording, not the monitor, and not the program that it watches.
  void keep_recording(const Status& saved) {
    if (saved) return;
    result_.record_error = saved.error();
    result_.recorded_runs = recording_->pieces();
    frames_->listen({});
    recording_.reset();
    for (MonitorSink* sink : sinks_)
      sink->tell("the recording has ended: " + to_string(saved.error()));
  }

  Status end() {
    program_.reset();  // a program that still runs is told to end
    result_.last = frames_->make(*ring_, began_, now());
    result_.interrupted = interrupted_.load(std::memory_order_relaxed);
    result_.lost_records = ring_->lost();
    Status status;
    for (MonitorSink* sink : sinks_)
      if (Status shown = sink->show(result_.last); !shown && status) status = shown;
    if (recording_) keep_recording(recording_->finish(now(), frames_->counters()));
    if (recording_) result_.recorded_runs = recording_->pieces();
    return status;
  }

  const Paths& paths_;
  const MonitorRequest& request_;
  const std::vector<MonitorSink*>& sinks_;
  const std::atomic<bool>& interrupted_;
  MonitorEnd result_;
  std::unique_ptr<Clock> real_ = make_real_clock();
  std::unique_ptr<LiveTwin> twin_;  // before what refers to its tree and clock
  std::unique_ptr<Target> target_;
  const std::unique_ptr<SampleRing> ring_ = std::make_unique<SampleRing>();
  std::unique_ptr<FrameMaker> frames_;
  std::unique_ptr<LiveRecording> recording_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ProgramWatch> program_;
  std::unique_ptr<Sampler> sampler_;  // last: its ticks use the rest
  Instant began_;
  bool over_ = false;
};

}  // namespace

Result<MonitorEnd> run_monitor(const Paths& paths, const MonitorRequest& request,
                               const std::vector<MonitorSink*>& sinks,
                               const std::atomic<bool>& interrupted) {
  return std::make_unique<Monitor>(paths, request, sinks, interrupted)->run();
}

}  // namespace isojoule

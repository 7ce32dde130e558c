// A pattern of loads, sampled, as a study of one run.
#include <fmt/format.h>

#include <filesystem>

#include "app/board_study.h"
#include "app/calibrate.h"
#include "base/text_file.h"
#include "base/wall_time.h"
#include "data/study_file.h"
#include "experiment/sampler.h"

namespace isojoule {
namespace {

// A twin's meter: a reading every so often, and where its clock began to count.
constexpr Duration kTwinMeterPeriod = Duration::milliseconds(200);
constexpr double kTwinMeterAhead_s = 3.217;

// What the board says of itself, so that the record can be calibrated on another machine.
void note_board(Board& board, Run& run) {
  const BoardIdentity identity = identity_of(board);
  const auto put = [&run](const char* key, const std::string& value) {
    if (!value.empty()) run.notes[key] = value;
  };
  put("board.model", identity.model);
  put("board.serial", identity.serial);
  put("board.machine_id", identity.machine_id);
  put("board.hostname", identity.hostname);
  put("board.twin", identity.twin);
}

StudyInfo describe(const Board& board, const RecordRequest& request) {
  StudyInfo info = board_study_info("calibration", board, request.command);
  info.engine = "none";
  info.protocol_json = "{}";
  return info;
}

// Reads a twin's true power as a meter with a clock of its own would.
class TwinMeter {
 public:
  static Result<std::unique_ptr<TwinMeter>> start(Target& target, const std::string& path,
                                                  const std::string& rail) {
    if (!target.twin)
      return fail(ErrorKind::invalid, "only a twin in this process has a perfect meter",
                  "Use --board twin:NAME, or a real meter");
    const bool is_total = rail.empty() || rail == "total";
    ISOJOULE_TRY(auto rails, rails_of_total(is_total ? target.board.file.total : rail));
    for (const std::string& one : rails) ISOJOULE_CHECK(target.twin->true_energy(one));
    auto meter = std::unique_ptr<TwinMeter>(new TwinMeter(*target.twin, std::move(rails), path));
    TwinMeter* const self = meter.get();
    meter->ticker_ =
        target.twin->clock().every(kTwinMeterPeriod, [self](Instant) { self->tick(); });
    return meter;
  }
  Status write() {
    ticker_.reset();
    return write_text_file(path_, text_);
  }

 private:
  TwinMeter(Twin& twin, std::vector<std::string> rails, std::string path)
      : twin_(twin), rails_(std::move(rails)), path_(std::move(path)), begin_(twin.clock().now()) {}
  void tick() {
    double joules = 0;
    for (const std::string& rail : rails_)
      if (const auto energy = twin_.true_energy(rail)) joules += energy->value();
    const Instant now = twin_.clock().now();
    if (last_ && now > last_->first) {
      const double power = (joules - last_->second) / (now - last_->first).seconds().value();
      text_ += fmt::format("{:.6f},{:.6f}\n", (now - begin_).seconds().value() + kTwinMeterAhead_s,
                           power);
    }
    last_ = {now, joules};
  }
  Twin& twin_;
  std::vector<std::string> rails_;
  std::string path_;
  Instant begin_;
  std::optional<std::pair<Instant, double>> last_;
  std::string text_ = "time_s,power_w\n";
  std::unique_ptr<Ticker> ticker_;
};

// A marker's step must be longer than what either side averages over.
PatternTimes times_of(const Sampler& sampler, const RecordRequest& request) {
  PatternTimes times;
  times.step = request.step;
  const auto doubled = Duration::from(request.meter_period * 2.0);
  times.chip = std::max({doubled, sampler.margin() * 2, Duration::milliseconds(500)});
  return times;
}

Result<Trace> sample(Target& target, Load& load, const RecordRequest& request,
                     const std::atomic<bool>& interrupted, Run& run) {
  Board& board = target.board;
  std::unique_ptr<TwinMeter> meter;
  if (!request.twin_meter_path.empty()) {
    ISOJOULE_TRY(meter, TwinMeter::start(target, request.twin_meter_path, request.rail));
  }
  Sampler sampler(board, request.sampling_period, Duration::milliseconds(400'000));
  const PatternTimes times = times_of(sampler, request);
  sampler.start();
  Status played = load.run_until(board.clock->now() + sampler.margin(), interrupted);
  if (played) played = play_pattern(load, *board.clock, times, interrupted, run.windows);
  if (played) played = load.run_until(board.clock->now() + sampler.margin(), interrupted);
  sampler.stop();
  ISOJOULE_CHECK(played);
  if (meter) ISOJOULE_CHECK(meter->write());
  return sampler.take(run.counters);
}

}  // namespace

Result<Recorded> record_calibration(const Paths& paths, const RecordRequest& request,
                                    const std::atomic<bool>& interrupted) {
  TargetOptions options = request.target;
  options.calibrated = false;  // what is told counts
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  Board& board = target->board;
  if (board.sensors.empty())
    return fail(ErrorKind::unmeasured, "the board " + board.file.name + " has no power source",
                "Look at isojoule probe");
  ISOJOULE_TRY(const auto study, StudyFile::create(request.study_path, describe(board, request)));
  Recorded recorded;
  const auto made = [&]() -> Status {
    ISOJOULE_TRY(const auto load, make_load(*target, paths));
    Run& run = recorded.run;
    run.network = "calibration";
    run.wall_time = wall_time_now();
    note_board(board, run);
    run.notes["load"] = recorded.what = load->what();
    const Instant begin = board.clock->now();
    if (!board.clock->is_virtual())
      run.notes["clock.wall_less_trace_ns"] = std::to_string(wall_clock_ns() - begin.ns);
    ISOJOULE_TRY(const Trace trace, sample(*target, *load, request, interrupted, run));
    recorded.length = board.clock->now() - begin;
    for (const Channel& channel : trace.channels)
      recorded.readings = std::max(recorded.readings, channel.time_ns.size());
    ISOJOULE_TRY(run.id, study->add(run, &trace));
    return {};
  }();
  if (!made) {
    std::error_code code;
    std::filesystem::remove(request.study_path, code);
    return tl::unexpected<Error>(made.error());
  }
  recorded.board = board.file.name;
  recorded.simulated = board.simulated;
  recorded.caution = caution_of(*target);
  return recorded;
}

}  // namespace isojoule

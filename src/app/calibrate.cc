#include "app/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "base/text.h"
#include "base/wall_time.h"
#include "data/study_file.h"

namespace isojoule {
namespace {

constexpr const char* kStep = "step ";
constexpr const char* kMarker = "marker";

// What is calibrated: one run of a study, one of its channels.
struct Recording {
  Run run;
  Trace trace;
  std::string board, release;
  bool simulated = false;
  std::string rail;
};

Result<std::int64_t> run_id(StudyFile& study, const CalibrateRequest& request) {
  ISOJOULE_TRY(const auto runs, study.runs());
  if (runs.empty())
    return fail(ErrorKind::no_data, request.study_path + ": the study has no run",
                "Record one: isojoule calibrate --record FILE");
  if (!request.run) return runs.back().id;
  std::vector<std::string> ids;
  for (const Run& run : runs) {
    if (run.id == *request.run) return run.id;
    ids.push_back(std::to_string(run.id));
  }
  if (ids.size() > 20) ids.resize(20);
  return fail(ErrorKind::not_found,
              fmt::format("{}: there is no run {}", request.study_path, *request.run),
              "Known: " + join(ids, ", "));
}

Result<std::string> rail_of(const Trace& trace, const std::string& wanted,
                            const std::string& board) {
  if (!wanted.empty() && wanted != "total") return wanted;
  if (trace.total.empty())
    return fail(ErrorKind::invalid, "the board " + board + " has no total", "Name one with --rail");
  ISOJOULE_TRY(const auto rails, rails_of_total(trace.total));
  if (rails.size() == 1) return rails.front();
  // One line cannot say which of them is wrong, and by how much each.
  return fail(
      ErrorKind::invalid,
      fmt::format("the total of {} is a sum ({}): a meter of the whole does not tell which "
                  "of its rails is wrong",
                  board, trace.total),
      "Calibrate rail by rail, with the meter in that rail's supply: --rail " + rails.front());
}

Result<Recording> open_recording(const CalibrateRequest& request) {
  ISOJOULE_TRY(const auto study, StudyFile::open(request.study_path, StudyFile::Mode::read));
  ISOJOULE_TRY(const std::int64_t id, run_id(*study, request));
  Recording recording;
  ISOJOULE_TRY(recording.run, study->run(id));
  ISOJOULE_TRY(recording.trace, study->trace(id));
  recording.board = study->info().board;
  recording.release = study->info().release;
  recording.simulated = study->info().simulated;
  ISOJOULE_TRY(recording.rail, rail_of(recording.trace, request.rail, recording.board));
  return recording;
}

std::string note(const Run& run, const std::string& key) {
  const auto found = run.notes.find(key);
  return found == run.notes.end() ? "" : found->second;
}

// Of the board that the record was made on: as the record says, else as this machine says.
Result<BoardIdentity> identity_of(const Paths& paths, const Recording& recording,
                                  const CalibrateRequest& request) {
  BoardIdentity identity{recording.board,
                         note(recording.run, "board.model"),
                         note(recording.run, "board.serial"),
                         note(recording.run, "board.machine_id"),
                         note(recording.run, "board.hostname"),
                         note(recording.run, "board.twin")};
  if (same_board(identity, identity)) return identity;
  TargetOptions options = request.target;
  options.calibrated = false;
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  if (target->board.file.name != recording.board || target->board.simulated != recording.simulated)
    return fail(ErrorKind::invalid,
                fmt::format("{} was made on a {}{} and does not say which, and this is a {}",
                            request.study_path, recording.simulated ? "simulated " : "",
                            recording.board, target->board.file.name),
                "Run this command on that board, or record anew: isojoule calibrate --record FILE");
  return isojoule::identity_of(target->board);
}

Result<PowerSeries> meter_series(const Log& log, const CalibrateRequest& request) {
  if (request.meter_rail.empty() && log.trace.channels.size() == 1)
    return power_series(log.trace.channels.front());
  auto series = power_series(log.trace, request.meter_rail);
  if (!series && log.trace.channels.size() > 1 && request.meter_rail.empty())
    series.error().remedy = "Name the log's column with --meter-rail: " + [&log] {
      std::vector<std::string> names;
      for (const Channel& channel : log.trace.channels) names.push_back(channel.info.rail);
      return join(names, ", ");
    }();
  return series;
}

// The offset that the user states, as our trace's clock less the log's.
Result<Duration> stated(const Recording& recording, const PowerSeries& ours, TimeBase base,
                        Duration meter_less_ours) {
  if (base == TimeBase::own_zero)  // at our first reading the log shows this time
    return Duration{ours.origin_ns - meter_less_ours.ns};
  const std::string text = note(recording.run, "clock.wall_less_trace_ns");
  std::int64_t wall_less_trace = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), wall_less_trace);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::unsupported,
                "the log shows a wall clock and the record does not say what ours showed, so an "
                "offset between the two cannot be stated",
                "Leave out --offset, or record with isojoule calibrate --record FILE");
  return Duration{-meter_less_ours.ns - wall_less_trace};
}

// Which two clocks it joins: a number of seconds alone does not say it.
std::string words_of_stated(TimeBase base, Second offset) {
  return base == TimeBase::own_zero
             ? fmt::format(
                   "the log counts from a zero of its own and shows {:.3f} s at our first "
                   "reading",
                   offset.value())
             : fmt::format("the wall clock that the log shows less UTC is {:+.3f} s",
                           offset.value());
}

// Only what lies in a marker, with a little beside.
PowerSeries markers_of(const PowerSeries& ours, const std::vector<Window>& windows) {
  double from = 0, to = 0;
  bool any = false;
  for (const Window& window : windows) {
    if (window.name != kMarker) continue;
    const double begin = ours.at(window.begin), end = ours.at(window.end);
    if (any) break;  // the first: what lies between two of them is no marker
    from = begin - 2;
    to = end + 2;
    any = true;
  }
  return any ? part_of(ours, from, to) : PowerSeries{};
}

Result<ClockMatch> match(const Recording& recording, const PowerSeries& ours,
                         const PowerSeries& theirs, const Log& log,
                         const CalibrateRequest& request) {
  MatchOptions options;
  if (request.offset) {
    ISOJOULE_TRY(const Duration offset,
                 stated(recording, ours, log.time_base, Duration::from(*request.offset)));
    if (!request.within) return stated_offset(offset, Duration::from(request.offset_uncertainty));
    options.near = offset;
    options.within = Duration::from(*request.within);
  }
  PowerSeries markers;
  if (request.marker_only) {
    markers = markers_of(ours, recording.run.windows);
    if (markers.empty())
      return fail(ErrorKind::not_found, request.study_path + ": the run has no marker",
                  "Leave out --marker, or record with isojoule calibrate --record FILE");
  }
  ISOJOULE_TRY(ClockMatch found,
               match_clocks(request.marker_only ? markers : ours, theirs, options));
  if (found.is_sure) return found;
  return fail(ErrorKind::unmeasured,
              fmt::format("the clocks of the trace and of {} cannot be matched: {} (best offset "
                          "found {:.3f} s, correlation {:.2f}, next best {:.2f})",
                          request.log_path, found.why_unsure, found.offset.seconds().value(),
                          found.correlation, found.next_correlation),
              "Record a pattern that both see (isojoule calibrate --record FILE), or state the "
              "offset with --offset");
}

// How far the offset may be off anywhere in the overlap. A drift that was looked for and is not
// applied may be as large as it is uncertain.
Second bound_of(const ClockMatch& match) {
  const double ends = match.rate_uncertainty * match.overlap.seconds().value() / 2;
  return Second(2 * std::hypot(match.offset_uncertainty.seconds().value(), ends));
}

void judge_clocks(const PowerSeries& ours, const PowerSeries& theirs,
                  const CalibrateRequest& request, TimeBase base, CalibrateResult& result) {
  result.clock_bound = bound_of(result.match);
  if (request.offset && !request.within) result.clocks = words_of_stated(base, *request.offset);
  if (result.clock_bound.value() > std::max(ours.spacing_s, theirs.spacing_s))
    result.counters.add(Counter::clock_offset_unsure);
}

// The recorded steps, less what windows and clocks blur at their ends; without steps equal parts.
std::vector<Window> stretches_of(const Recording& recording, const PowerSeries& ours,
                                 const PowerSeries& theirs, const ClockMatch& match) {
  std::vector<Window> stretches;
  const Duration guard = Duration::from(
      Second(std::max(ours.window_s + ours.spacing_s, theirs.window_s + theirs.spacing_s) / 2 +
             3 * match.offset_uncertainty.seconds().value()));
  for (const Window& window : recording.run.windows) {
    if (!window.name.starts_with(kStep)) continue;
    const Window inner{window.name, window.begin + guard, window.end - guard};
    if (inner.begin < inner.end) stretches.push_back(inner);
  }
  return stretches.empty() ? common_stretches(ours, theirs, match) : stretches;
}

Result<std::string> sensor_of(const Recording& recording) {
  for (const Channel& channel : recording.trace.channels)
    if (channel.info.rail == recording.rail) return channel.info.sensor;
  return fail(ErrorKind::not_found, "rail '" + recording.rail + "' is not in the trace");
}

Status store(const Paths& paths, CalibrateResult& result) {
  result.file = calibration_file(paths);
  ISOJOULE_TRY(const auto all, load_calibrations(result.file));
  for (const StoredCalibration& one : all)
    if (one.sensor == result.calibration.sensor && same_board(one.board, result.calibration.board))
      result.before = one.calibration;
  ISOJOULE_CHECK(store_calibration(result.file, result.calibration));
  result.stored = true;
  return {};
}

}  // namespace

Result<CalibrateResult> calibrate(const Paths& paths, const CalibrateRequest& request,
                                  const Log& log) {
  if (log.trace.channels.empty())
    return fail(ErrorKind::no_data, request.log_path + ": the log has no power",
                "Look at its columns");
  ISOJOULE_TRY(const Recording recording, open_recording(request));
  CalibrateResult result;
  result.counters = log.counters;
  result.notes = log.notes;
  ISOJOULE_TRY(const PowerSeries ours, power_series(recording.trace, recording.rail));
  ISOJOULE_TRY(const PowerSeries theirs, meter_series(log, request));
  ISOJOULE_TRY(result.match, match(recording, ours, theirs, log, request));
  judge_clocks(ours, theirs, request, log.time_base, result);
  for (const double power : theirs.power_w)  // kept
    if (power < 0) result.counters.add(Counter::negative_power);
  auto means =
      common_means(ours, theirs, result.match, stretches_of(recording, ours, theirs, result.match));
  MeterAccuracy meter = request.meter;
  if (meter.name.empty()) meter.name = std::filesystem::path(request.log_path).filename().string();
  ISOJOULE_TRY(result.fit, fit_calibration(std::move(means), meter, wall_time_now()));
  result.calibration.rail = recording.rail;
  result.calibration.release = recording.release;
  result.calibration.calibration = result.fit.calibration;
  ISOJOULE_TRY(result.calibration.sensor, sensor_of(recording));
  ISOJOULE_TRY(result.calibration.board, identity_of(paths, recording, request));
  if (request.store) ISOJOULE_CHECK(store(paths, result));
  return result;
}

}  // namespace isojoule

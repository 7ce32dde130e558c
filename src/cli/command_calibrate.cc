#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/calibrate.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/number_between.h"
#include "cli/target_options.h"
#include "trace/calibration_text.h"

namespace isojoule::cli {
namespace {

struct CalibrateArguments {
  CalibrateRequest request;
  RecordRequest record;
  std::vector<std::string> options;  // KEY=VALUE of the log's format
  std::optional<std::string> remove;
  std::optional<double> offset_s, within_s, gain_u_percent, offset_u_w, window_s, lag_s;
  double offset_u_s = 0, step_s = 10, meter_period_s = 1, period_ms = 100;
  bool list = false, dry_run = false, json = false;
};

// ---- what is known ----

nlohmann::json json_of(const Calibration& c) {
  return {{"gain", c.gain},
          {"gain_uncertainty", c.gain_uncertainty},
          {"offset_w", c.offset.value()},
          {"offset_uncertainty_w", c.offset_uncertainty.value()},
          {"correlation", c.correlation},
          {"lowest_w", c.lowest.value()},
          {"highest_w", c.highest.value()},
          {"meter", c.meter},
          {"date", c.date}};
}

Result<int> list(const CalibrateArguments& arguments) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const auto all, known_calibrations(paths));
  if (arguments.json) {
    nlohmann::json rows = nlohmann::json::array();
    for (const StoredCalibration& one : all)
      rows.push_back({{"board", one.board.board},
                      {"model", one.board.model},
                      {"identity", name_of(one.board)},
                      {"rail", one.rail},
                      {"sensor", one.sensor},
                      {"calibration", json_of(one.calibration)}});
    fmt::print("{}\n", rows.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return kDone;
  }
  if (all.empty()) fmt::print("no rail is calibrated\n");
  for (const StoredCalibration& one : all) {
    fmt::print("{} ({}), {}: {}\n", one.board.board, name_of(one.board), one.rail, one.sensor);
    fmt::print("  {}\n", calibration_text(one.calibration));
    if (one.calibration.highest > one.calibration.lowest)
      fmt::print("  from {:.3f} to {:.3f} W\n", one.calibration.lowest.value(),
                 one.calibration.highest.value());
  }
  return kDone;
}

Result<int> remove(const CalibrateArguments& arguments) {
  ISOJOULE_TRY(const Paths paths, find_paths());
  TargetOptions options = arguments.request.target;
  options.calibrated = false;  // a damaged file shall not keep anybody from the board
  ISOJOULE_TRY(const auto target, open_target(paths, options));
  const std::string rail = *arguments.remove == "all" ? "" : *arguments.remove;
  const std::string file = calibration_file(paths);
  ISOJOULE_TRY(const std::size_t removed,
               remove_calibrations(file, identity_of(target->board), rail));
  if (removed == 0)
    return fail(ErrorKind::not_found,
                fmt::format("{} has no calibration of {} of this board", file,
                            rail.empty() ? "any rail" : rail),
                "isojoule calibrate --list shows them");
  fmt::print("removed {} from {}\n", removed, file);
  return kDone;
}

// ---- a record ----

Result<int> record(CalibrateArguments& arguments, const Program& program) {
  RecordRequest& request = arguments.record;
  ISOJOULE_TRY(const Paths paths, find_paths());
  request.target = arguments.request.target;
  request.sampling_period = Duration::from(Second(arguments.period_ms * 1e-3));
  request.step = Duration::from(Second(arguments.step_s));
  request.meter_period = Second(arguments.meter_period_s);
  request.rail = arguments.request.rail;
  request.command = program.command_line;
  fmt::print(stderr, "loads of several powers follow; the meter's log must cover all of them\n");
  ISOJOULE_TRY(const Recorded done, record_calibration(paths, request, *program.interrupted));
  fmt::print("{}recorded {:.0f} s on {} ({}), {} readings, into {}\n",
             done.simulated ? "SIMULATED: " : "", done.length.seconds().value(), done.board,
             done.what, done.readings, request.study_path);
  for (const CounterInfo& info : all_counters())
    if (const auto count = done.run.counters[info.counter]; count > 0)
      fmt::print("{}: {} x{}: {}. {}\n", name_of(info.severity), info.name, count, info.meaning,
                 info.remedy);
  if (!done.caution.empty()) fmt::print("attention: {}\n", done.caution);
  fmt::print("next: isojoule calibrate --study {} --meter LOG\n", request.study_path);
  return kDone;
}

// ---- the line ----

Status read_arguments(CalibrateArguments& arguments) {
  CalibrateRequest& request = arguments.request;
  for (const std::string& word : arguments.options) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return fail(ErrorKind::invalid, "--option '" + word + "' is not KEY=VALUE");
    request.import.options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  const auto second = [](const std::optional<double>& value) {
    return value ? std::optional(Second(*value)) : std::nullopt;
  };
  if (request.marker_only && arguments.offset_s && !arguments.within_s)
    return fail(ErrorKind::invalid, "--marker finds the clocks' offset and --offset states it",
                "Leave out one, or say how near to look with --within");
  request.offset = second(arguments.offset_s);
  request.within = second(arguments.within_s);
  request.import.window = second(arguments.window_s);
  request.import.lag = second(arguments.lag_s);
  request.offset_uncertainty = Second(arguments.offset_u_s);
  request.meter.gain_uncertainty = arguments.gain_u_percent.value_or(0) * 1e-2;
  request.meter.offset_uncertainty = Watt(arguments.offset_u_w.value_or(0));
  request.store = !arguments.dry_run;
  return {};
}

void print_points(const CalibrationFit& fit) {
  constexpr std::size_t kMost = 24;
  fmt::print("\n{:>12} {:>12} {:>12} {:>12}\n", "told W", "meter W", "line W", "residual mW");
  const std::size_t step = fit.points.size() / kMost + 1;
  for (std::size_t i = 0; i < fit.points.size(); i += step) {
    const CommonMean& point = fit.points[i];
    fmt::print("{:>12.4f} {:>12.4f} {:>12.4f} {:>+12.2f}\n", point.told.value(),
               point.meter.value(), (point.meter - point.residual).value(),
               point.residual.value() * 1e3);
  }
  if (step > 1) fmt::print("... every {}th of {} shown\n", step, fit.points.size());
}

void print_line(const CalibrateResult& result) {
  const CalibrationFit& fit = result.fit;
  const StoredCalibration& stored = result.calibration;
  const Calibration& c = stored.calibration;
  const ClockMatch& match = result.match;
  fmt::print("{} of {} ({}), {}\n", stored.rail, stored.board.board, name_of(stored.board),
             stored.sensor);
  fmt::print("clocks   ours = the meter's {:+.4f} s ± {:.4f} s (k = 2)",
             match.offset.seconds().value(), 2 * match.offset_uncertainty.seconds().value());
  if (match.correlation > 0)
    fmt::print(", correlation {:.4f}, next best {:.2f}", match.correlation, match.next_correlation);
  if (match.rate != 0)
    fmt::print(", drifting by {:.1f} ± {:.1f} ppm", match.rate * 1e6,
               2 * match.rate_uncertainty * 1e6);
  if (!result.clocks.empty()) fmt::print("; stated: {}", result.clocks);
  fmt::print("\ngain     {:.5f} ± {:.5f} (k = 2)\noffset   {:+.4f} ± {:.4f} W (k = 2)\n", c.gain,
             2 * c.gain_uncertainty, c.offset.value(), 2 * c.offset_uncertainty.value());
  fmt::print("range    {:.3f} to {:.3f} W as told; beyond it the line is a guess\n",
             c.lowest.value(), c.highest.value());
  fmt::print(
      "residual {:.2f} mW standard deviation over {} stretches, chi squared / n-2 = {:.2f}\n",
      fit.residual_deviation.value() * 1e3, fit.points.size(), fit.reduced_chi_squared);
}

void print_doubts(const CalibrateArguments& arguments, const CalibrateResult& result) {
  if (const auto bend = result.fit.bend)
    fmt::print(
        "attention: not a straight line: a parabola lies up to {:.1f} mW off it; half of that "
        "is in the offset's uncertainty\n",
        bend->value() * 1e3);
  if (!arguments.gain_u_percent && !arguments.offset_u_w)
    fmt::print(
        "attention: the meter is taken as exact; state its own with --meter-gain-u and "
        "--meter-offset-u\n");
  if (!result.clocks.empty() && arguments.offset_u_s == 0)
    fmt::print(
        "attention: the stated offset is taken as exact; say how well it is known with "
        "--offset-u\n");
  if (result.counters[Counter::clock_offset_unsure] > 0)
    fmt::print(
        "attention: the clocks may be off by {:.3f} s (k = 2), more than two readings are "
        "apart\n",
        result.clock_bound.value());
  for (const std::string& sentence : result.notes) fmt::print("assumed: {}\n", sentence);
}

void print_text(const CalibrateArguments& arguments, const CalibrateResult& result) {
  print_line(result);
  print_doubts(arguments, result);
  print_points(result.fit);
  for (const CounterInfo& info : all_counters())
    if (const auto count = result.counters[info.counter]; count > 0)
      fmt::print("{}: {} x{}: {}. {}\n", name_of(info.severity), info.name, count, info.meaning,
                 info.remedy);
  if (result.before) fmt::print("\nbefore: {}\n", calibration_text(*result.before));
  if (result.stored)
    fmt::print("\nstored in {}; measured with from now on\n", result.file);
  else
    fmt::print("\nnot stored (--dry-run)\n");
}

nlohmann::json clock_json(const CalibrateResult& result) {
  const ClockMatch& match = result.match;
  return {{"offset_s", match.offset.seconds().value()},
          {"offset_u_s", match.offset_uncertainty.seconds().value()},
          {"rate", match.rate},
          {"rate_u", match.rate_uncertainty},
          {"correlation", match.correlation},
          {"next_correlation", match.next_correlation},
          {"bound_s", result.clock_bound.value()},
          {"stated", result.clocks}};
}

void print_json(const CalibrateResult& result) {
  const CalibrationFit& fit = result.fit;
  nlohmann::json points = nlohmann::json::array();
  for (const CommonMean& point : fit.points)
    points.push_back({{"duration_s", (point.end - point.begin).seconds().value()},
                      {"told_w", point.told.value()},
                      {"told_u_w", point.told_uncertainty.value()},
                      {"meter_w", point.meter.value()},
                      {"meter_u_w", point.meter_uncertainty.value()},
                      {"residual_w", point.residual.value()}});
  nlohmann::json counters = nlohmann::json::object();
  for (const CounterInfo& info : all_counters())
    if (const auto count = result.counters[info.counter]; count > 0)
      counters[std::string(info.name)] = count;
  nlohmann::json root = {
      {"board", result.calibration.board.board},
      {"identity", name_of(result.calibration.board)},
      {"rail", result.calibration.rail},
      {"sensor", result.calibration.sensor},
      {"calibration", json_of(result.calibration.calibration)},
      {"clock", clock_json(result)},
      {"counters", std::move(counters)},
      {"notes", result.notes},
      {"residual_deviation_w", fit.residual_deviation.value()},
      {"reduced_chi_squared", fit.reduced_chi_squared},
      {"bend_w", fit.bend ? nlohmann::json(fit.bend->value()) : nlohmann::json(nullptr)},
      {"points", std::move(points)},
      {"stored", result.stored},
      {"file", result.file}};
  if (result.before) root["before"] = json_of(*result.before);
  fmt::print("{}\n", root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<int> run(CalibrateArguments& arguments, const Program& program) {
  if (arguments.list) return list(arguments);
  if (arguments.remove) return remove(arguments);
  if (!arguments.record.study_path.empty()) return record(arguments, program);
  if (arguments.request.study_path.empty() || arguments.request.log_path.empty())
    return fail(ErrorKind::invalid, "calibrate needs a record and a meter's log",
                "First isojoule calibrate --record FILE while the meter logs, then isojoule "
                "calibrate --study FILE --meter LOG");
  ISOJOULE_CHECK(read_arguments(arguments));
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const CalibrateResult result, calibrate(paths, arguments.request));
  arguments.json ? print_json(result) : print_text(arguments, result);
  return kDone;
}

void add_clock_options(CLI::App& command, CalibrateArguments& arguments) {
  auto* offset =
      command
          .add_option(
              "--offset", arguments.offset_s,
              "Seconds, if known (default: found by correlation): the wall clock that the "
              "log shows less UTC, or, of a log that counts from a zero of its own, what it "
              "shows at the record's first reading")
          ->check(number_between(-4e9, 4e9));
  auto* stated = command
                     .add_option("--offset-u", arguments.offset_u_s,
                                 "Its standard uncertainty (k = 1), in seconds")
                     ->check(number_between(0.0, 3600.0))
                     ->needs(offset);
  auto* within =
      command
          .add_option(
              "--within", arguments.within_s,
              "Find the offset by correlation, not further than this many seconds from --offset")
          ->check(number_between(0.0, 1e6))
          ->needs(offset);
  stated->excludes(within);
  command.add_flag("--marker", arguments.request.marker_only,
                   "Match the clocks by the record's first marker alone");
}

void add_log_options(CLI::App& command, CalibrateArguments& arguments) {
  CalibrateRequest& request = arguments.request;
  command.add_option("--meter", request.log_path, "The meter's log");
  command.add_option("--format", request.import.format, "Of the log (default: as it looks)");
  command.add_option("--option", arguments.options, "KEY=VALUE for the log's format");
  command.add_option("--meter-rail", request.meter_rail, "Column or rail of the log");
  command.add_option("--meter-name", request.meter.name,
                     "What the meter is, to be stored (default: the log's name)");
  command
      .add_option("--meter-gain-u", arguments.gain_u_percent,
                  "Standard uncertainty (k = 1) of the meter's gain, in percent")
      ->check(number_between(0.0, 50.0));
  command
      .add_option("--meter-offset-u", arguments.offset_u_w,
                  "Standard uncertainty (k = 1) of the meter's zero, in watts")
      ->check(number_between(0.0, 1e4));
  command
      .add_option("--meter-window", arguments.window_s,
                  "Seconds that each of its readings averages over")
      ->check(number_between(0.0, 3600.0));
  command.add_option("--meter-lag", arguments.lag_s, "Seconds by which its readings come late")
      ->check(number_between(-3600.0, 3600.0));
}

void add_record_options(CLI::App& command, CalibrateArguments& arguments) {
  command.add_option("--record", arguments.record.study_path,
                     "Make loads of several powers and record them into this new file");
  command.add_option("--step", arguments.step_s, "Seconds at each power")
      ->check(number_between(1.0, 3600.0))
      ->capture_default_str();
  command
      .add_option("--meter-period", arguments.meter_period_s,
                  "Seconds between two lines of the meter's log")
      ->check(number_between(0.001, 60.0))
      ->capture_default_str();
  command.add_option("--period-ms", arguments.period_ms, "Sampling period in milliseconds")
      ->check(number_between(0.1, 60000.0))
      ->capture_default_str();
  command.add_option("--twin-meter", arguments.record.twin_meter_path,
                     "On a twin: write what a perfect meter would have logged, as CSV");
}

}  // namespace

void add_calibrate(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "calibrate", "Correct a rail by an external meter's log, with uncertainty and date");
  auto arguments = std::make_shared<CalibrateArguments>();
  CalibrateRequest& request = arguments->request;
  auto* study_option =
      command->add_option("--study", request.study_path, "A record, or a study with traces");
  command->add_option("--run", request.run, "Id of the study's run (default: the last)");
  command->add_option("--rail", request.rail, "Rail to calibrate (default: the total)");
  add_record_options(*command, *arguments);
  add_log_options(*command, *arguments);
  add_clock_options(*command, *arguments);
  command->add_flag("--dry-run", arguments->dry_run, "Show the line, store nothing");
  auto* list_option = command->add_flag("--list", arguments->list, "What is stored");
  auto* remove_option = command->add_option("--remove", arguments->remove,
                                            "RAIL of this board, or 'all' of its rails");
  // One thing at a time: a second one would be left undone without a word.
  auto* record_option = command->get_option("--record");
  for (CLI::Option* one : {study_option, list_option, remove_option}) record_option->excludes(one);
  list_option->excludes(study_option)->excludes(remove_option);
  remove_option->excludes(study_option);
  add_target_options(*command, request.target);
  command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  command->callback([arguments, &program] {
    program.action = [arguments, &program] { return run(*arguments, program); };
  });
}

}  // namespace isojoule::cli

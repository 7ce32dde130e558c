#include "cli/measure_modes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/file_tree.h"
#include "cli/measure_program.h"
#include "cli/number_between.h"
#include "cli/overhead_report.h"
#include "cli/until_report.h"

namespace isojoule::cli {
namespace {

// A number and what stands behind it; nothing where there is no number.
std::optional<std::pair<double, std::string>> number_and_unit(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return std::pair{number, trimmed(std::string_view(end, text.data() + text.size() - end))};
}

Result<std::vector<Duration>> parse_periods(const std::string& text) {
  constexpr Duration kLeast{100'000}, kMost = Duration::milliseconds(60'000);
  std::vector<Duration> periods;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    ISOJOULE_TRY(const Duration period, parse_duration(text.substr(at, comma - at)));
    if (period < kLeast || period > kMost)
      return fail(ErrorKind::invalid, "--periods '" + text + "'",
                  "Give periods between 0.1ms and 60s, with commas");
    periods.push_back(period);
    at = comma + 1;
  }
  std::sort(periods.begin(), periods.end(), std::greater<>());
  periods.erase(std::unique(periods.begin(), periods.end()), periods.end());
  return periods;
}

Result<OverheadMeter> read_meter(const ModeWords& words) {
  OverheadMeter meter = words.meter;
  meter.offset = Second(words.meter_offset_s);
  for (const std::string& word : words.meter_options) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return fail(ErrorKind::invalid, "--meter-option '" + word + "' is not KEY=VALUE");
    meter.import.options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return meter;
}

void add_meter_options(CLI::App& command, CLI::Option* overhead, ModeWords& words) {
  auto* meter = command.add_option("--meter", words.meter.path,
                                   "With --overhead: the log that an external meter is writing; "
                                   "it tells the energy of the runs without sampling, too");
  meter->needs(overhead);
  command.add_option("--meter-format", words.meter.import.format, "Its format, as of 'energy'")
      ->needs(meter);
  command.add_option("--meter-option", words.meter_options, "KEY=VALUE for its format")
      ->needs(meter);
  command.add_option("--meter-rail", words.meter.rail, "Its rail, where it has several")
      ->needs(meter);
  command
      .add_option("--meter-offset", words.meter_offset_s,
                  "Seconds: the wall clock that it shows less UTC")
      ->needs(meter)
      ->check(number_between(-4e9, 4e9));
}

// Of a terminal alone: a line that is written over.
bool shows_progress() { return ::isatty(STDERR_FILENO) == 1; }

// What nothing here can measure has an exit status of its own.
Result<int> refused(const Error& error) {
  if (error.kind != ErrorKind::unmeasured) return tl::unexpected<Error>(error);
  fmt::print(stderr, "{}\n", to_string(error));
  return kUnmeasured;
}

void clear_progress() {
  if (shows_progress()) fmt::print(stderr, "\r\033[K");
}

}  // namespace

void add_mode_options(CLI::App& command, ModeWords& words) {
  auto* budget = command.add_flag(
      "--budget", words.budget, "Print where each energy's uncertainty comes from, cause by cause");
  auto* until = command.add_option(
      "--until", words.until,
      "Repeat until the energy of an inference is known so well (1%; expanded, k = 2)");
  command
      .add_option("--at-most", words.at_most, "With --until: for at most so long (90s, 10m, 2h)")
      ->needs(until)
      ->capture_default_str();
  command
      .add_option("--repeats-at-least", words.least_repeats,
                  "With --until: runs before their spread is believed")
      ->needs(until)
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  auto* overhead =
      command.add_flag("--overhead", words.overhead,
                       "Measure what our own sampling costs: runs without and with it, in turns");
  overhead->excludes(until)->excludes(budget);
  command.add_option("--periods", words.periods, "With --overhead: the sampling periods")
      ->needs(overhead)
      ->capture_default_str();
  command.add_option("--blocks", words.blocks, "With --overhead: how often each is run")
      ->needs(overhead)
      ->check(CLI::Range(2, 10000))
      ->capture_default_str();
  add_meter_options(command, overhead, words);
}

Result<double> parse_percent(const std::string& text) {
  const auto found = number_and_unit(text);
  if (found && found->second == "%" && found->first > 0 && found->first < 100) return found->first;
  return fail(ErrorKind::invalid, "--until '" + text + "'",
              "Give a percentage above 0 and below 100, for instance 1%");
}

Result<Duration> parse_duration(const std::string& text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};
  const auto found = number_and_unit(text);
  if (found && found->first > 0 && found->first < 1e6)
    for (const auto& [unit, seconds] : kUnits)
      if (found->second == unit) return Duration::from(Second(found->first * seconds));
  return fail(ErrorKind::invalid, "'" + text + "' is no length of time",
              "Give a number with its unit: 100ms, 90s, 10m, 2h");
}

Result<int> run_until(const Paths& paths, const MeasureRequest& request, const ModeWords& words,
                      bool json, const Program& program) {
  UntilRequest until;
  until.measure = request;
  ISOJOULE_TRY(until.percent, parse_percent(*words.until));
  ISOJOULE_TRY(until.at_most, parse_duration(words.at_most));
  until.least_repeats = words.least_repeats;
  until.study_path = words.study;
  const auto result =
      measure_until(paths, until, *program.interrupted, [](const UntilProgress& progress) {
        if (shows_progress())
          fmt::print(stderr, "\r\033[K{} runs, {:.2f} %, {:.0f} s", progress.repeats,
                     progress.percent, progress.spent.seconds().value());
      });
  clear_progress();
  if (!result) return refused(result.error());
  json ? print_until_json(until, *result) : print_until_text(until, *result, words.budget);
  if (result->failed) {
    fmt::print(stderr, "error: run {} failed: {}\n", result->runs.size() + 1,
               result->last.measured.run.failure);
    return status_of_failure(result->last);
  }
  if (result->interrupted) return kInterrupted;
  if (result->reached) return kDone;
  if (result->unreachable) {
    fmt::print(stderr,
               "error: {} cannot be reached: {:.2f} % is common to all runs, and no number of them "
               "lessens it. Calibrate the board against a meter (isojoule calibrate), or ask for "
               "more\n",
               *words.until, result->floor_percent);
    return kFailed;
  }
  fmt::print(stderr, "error: {} was not reached in {:.0f} s{}. Allow more time (--at-most)\n",
             *words.until, result->spent.seconds().value(),
             result->runs.empty()
                 ? ""
                 : fmt::format(": {:.2f} % after {} runs", result->percent, result->runs.size()));
  return kFailed;
}

Result<int> run_overhead(const Paths& paths, const MeasureRequest& request, const ModeWords& words,
                         bool json, const Program& program) {
  if (!words.study.empty())
    return fail(ErrorKind::invalid, "--overhead keeps no study: -o " + words.study,
                "Leave out -o; --json has every run");
  OverheadRequest overhead;
  overhead.measure = request;
  overhead.blocks = words.blocks;
  ISOJOULE_TRY(overhead.periods, parse_periods(words.periods));
  ISOJOULE_TRY(overhead.meter, read_meter(words));
  const auto result = measure_overhead(paths, overhead, *program.interrupted,
                                       [](std::int64_t done, std::int64_t total) {
                                         if (shows_progress())
                                           fmt::print(stderr, "\r\033[Krun {} of {}", done, total);
                                       });
  clear_progress();
  if (!result) return refused(result.error());
  json ? print_overhead_json(overhead, *result) : print_overhead_text(overhead, *result);
  return result->interrupted ? kInterrupted : kDone;
}

}  // namespace isojoule::cli

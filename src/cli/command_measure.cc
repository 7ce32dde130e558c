#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "app/measure_once.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/measure_modes.h"
#include "cli/measure_program.h"
#include "cli/measure_report.h"
#include "cli/metrics_option.h"
#include "cli/number_between.h"
#include "cli/target_options.h"
#include "data/value_text.h"

namespace isojoule::cli {
namespace {

struct MeasureArguments {
  MeasureRequest request;
  std::vector<std::string> settings;
  std::vector<std::string> options;
  std::map<std::string, std::string> axes;  // --graph, --precision, ...
  std::string warm_up = "2";
  std::string input, vocabulary;
  std::int64_t threads = 0;
  double period_ms = 100;
  bool allow_unmeasured = false;
  MeasureWords words;
  ModeWords modes;
  double timeout_s = 0;
  bool json = false;
  bool each_batch = false;
  std::string output;   // a study file of this run
  std::string metrics;  // where it can be seen meanwhile
};

constexpr double kLongestWarmUp = 1e6;  // seconds or batches

// "3" batches, "10s", "stable", or several of them: "3,10s,stable".
Status read_warm_up(const std::string& text, MeasureRequest& request) {
  request.warmup_batches = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string word = text.substr(at, comma - at);
    at = comma + 1;
    if (word == "stable") {
      request.warmup_until_stable = true;
      continue;
    }
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const std::string unit =
        error == std::errc() ? std::string(end, word.data() + word.size()) : "?";
    // Also refuses what is no number: nothing compares with it.
    if (!(number >= 0 && number <= kLongestWarmUp) || (!unit.empty() && unit != "s") ||
        (unit.empty() && number != std::floor(number)))
      return fail(
          ErrorKind::invalid, "--warm-up '" + word + "'",
          "Give a number of batches (3), seconds (10s) or 'stable', or several with commas");
    if (unit == "s")
      request.warmup_time = Duration::from(Second(number));
    else
      request.warmup_batches = static_cast<std::int64_t>(number);
  }
  return {};
}

Status read_arguments(MeasureArguments& arguments) {
  ISOJOULE_CHECK(read_warm_up(arguments.warm_up, arguments.request));
  for (const auto& [axis, value] : arguments.axes)
    if (!value.empty()) arguments.request.setting.set(axis, value);
  if (arguments.threads > 0)
    arguments.request.setting.set("threads", static_cast<double>(arguments.threads));
  if (!arguments.input.empty()) arguments.request.options["input.path"] = arguments.input;
  if (!arguments.vocabulary.empty())
    arguments.request.options["input.vocabulary"] = arguments.vocabulary;
  for (const std::string& text : arguments.settings) {
    ISOJOULE_TRY(AxisValue wanted, parse_axis_value(text));
    if (wanted.axis == "batch")
      return fail(ErrorKind::invalid, "--set '" + text + "'", "The batch has an option: --batch N");
    arguments.request.setting.set(std::move(wanted.axis), std::move(wanted.value));
  }
  for (const std::string& option : arguments.options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos)
      return fail(ErrorKind::invalid, "--option '" + option + "' is not KEY=VALUE");
    arguments.request.options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  if (arguments.timeout_s > 0)
    arguments.request.options["timeout_s"] = fmt::format("{}", arguments.timeout_s);
  arguments.request.sampling_period = Duration::from(Second(arguments.period_ms * 1e-3));
  return {};
}

// Before the measurement: what it gave must not be lost for a name.
Status check_not_there(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return {};
  return fail(ErrorKind::invalid, path + " is there already, and is not written over",
              "Name another file");
}

Result<int> run_measure(MeasureArguments& arguments, const Program& program) {
  ISOJOULE_CHECK(read_arguments(arguments));
  arguments.words.json = arguments.json;
  ISOJOULE_CHECK(take_program(program, arguments.words, arguments.request));
  if (!arguments.output.empty()) ISOJOULE_CHECK(check_not_there(arguments.output));
  ISOJOULE_TRY(const auto endpoint, open_metrics(arguments.metrics));
  arguments.request.metrics = endpoint.get();
  ISOJOULE_TRY(const Paths paths, find_paths());
  arguments.request.command = program.command_line;
  arguments.request.target.interrupted = program.interrupted;
  arguments.request.inferences_given = arguments.words.inferences_given;
  arguments.modes.study = arguments.output;
  if (arguments.modes.until || arguments.modes.overhead) {
    const auto run = arguments.modes.until ? run_until : run_overhead;
    auto status = run(paths, arguments.request, arguments.modes, arguments.json, program);
    warn_of_metrics(endpoint.get());
    return status;
  }
  ISOJOULE_TRY(const MeasureResult result,
               measure_once(paths, arguments.request, *program.interrupted));
  warn_of_metrics(endpoint.get());
  const Run& run = result.measured.run;
  if (!arguments.output.empty()) ISOJOULE_CHECK(store_measured(result, arguments.output));
  const bool budget = arguments.modes.budget;
  arguments.json ? print_json(arguments.request, result, {budget, arguments.each_batch})
                 : print_text(arguments.request, result, budget);
  if (run.state == RunState::failed) {
    fmt::print(stderr, "error: the run failed: {}\n", run.failure);
    return status_of_failure(result);
  }
  return result.why_unmeasured.empty() || arguments.allow_unmeasured ? kDone : kUnmeasured;
}

}  // namespace

void add_measure(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "measure", "Run a network and print its joules and seconds, phase by phase");
  auto arguments = std::make_shared<MeasureArguments>();
  MeasureRequest& request = arguments->request;
  command->add_option(
      "--model", request.network,
      "An ONNX file, or a name of 'isojoule zoo list'; or instead, behind all options: -- "
      "PROGRAM ARGUMENTS");
  command->add_option("--engine", request.engine, "See 'isojoule list engines'")
      ->capture_default_str();
  command->add_option("--batch", request.batch, "Inputs in a batch")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("--inferences", request.inferences, "Inputs in all, in whole batches")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  command
      ->add_option("--warm-up", arguments->warm_up,
                   "Before what is measured: batches (3), time (10s), until 'stable', or 3,10s")
      ->capture_default_str();
  command
      ->add_option("--threads", arguments->threads, "CPU threads of the engine; 0: its own choice")
      ->check(CLI::Range(0, 4096));
  for (const Axis& axis : engine_axes())
    if (!axis.choices.empty())
      command->add_option("--" + axis.name, arguments->axes[axis.name], axis.help)
          ->check(CLI::IsMember(axis.choices));
  command->add_option("--input", arguments->input,
                      "What goes in: an image, a text, an .npy file, or a folder of them");
  command->add_option("--vocabulary", arguments->vocabulary,
                      "Of texts: a WordPiece vocabulary, one token a line");
  command
      ->add_option("--per-layer", request.profile_batches,
                   "Profile so many further batches: time and energy of each layer")
      ->expected(0, 1)
      ->default_str("10")
      ->check(CLI::Range(1, 100000));
  add_target_options(*command, request.target);
  add_pace_option(*command, request.target);
  command->add_option("--set", arguments->settings,
                      "Knobs to set meanwhile, e.g. gpu_frequency=614.4MHz; restored afterwards");
  command->add_option("--option", arguments->options, "KEY=VALUE for the engine");
  command
      ->add_option("--timeout", arguments->timeout_s,
                   "Seconds: a program that runs longer, an engine that is silent longer is "
                   "stopped")
      ->check(number_between(0.01, 1e6));
  command->add_option("--period-ms", arguments->period_ms, "Sampling period in milliseconds")
      ->check(number_between(0.1, 60000.0))
      ->capture_default_str();
  add_mode_options(*command, arguments->modes);
  command->add_flag("--allow-unmeasured", arguments->allow_unmeasured,
                    "Exit with 0 where nothing can measure energy");
  command->add_option(
      "-o,--output", arguments->output,
      "Keep what was run, with its traces, as a study file for show, report and export");
  add_metrics_option(*command, arguments->metrics);
  auto* json = command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  command
      ->add_flag("--each-batch", arguments->each_batch,
                 "With --json: begin, time and energy of every batch, not their statistics alone")
      ->needs(json)
      ->excludes("--until", "--overhead");
  command->callback([arguments, command, &program] {
    arguments->words.engine_given = command->count("--engine") > 0;
    arguments->words.inferences_given = command->count("--inferences") > 0;
    program.action = [arguments, &program] { return run_measure(*arguments, program); };
  });
}

}  // namespace isojoule::cli

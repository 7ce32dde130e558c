#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/measure_once.h"
#include "cli/command.h"
#include "cli/measure_program.h"
#include "cli/target_options.h"
#include "data/value_text.h"

namespace isojoule::cli {
namespace {

struct MeasureArguments {
  MeasureRequest request;
  std::vector<std::string> settings;
  std::vector<std::string> options;
  double period_ms = 100;
  bool allow_unmeasured = false;
  MeasureWords words;
  double timeout_s = 0;
  bool json = false;
};

std::string time_text(Second time) {
  const double s = time.value();
  if (s < 1e-3) return fmt::format("{:.1f} us", s * 1e6);
  if (s < 1) return fmt::format("{:.2f} ms", s * 1e3);
  return fmt::format("{:.3f} s", s);
}

std::string energy_text(Joule energy) {
  const double j = energy.value();
  if (std::abs(j) < 1) return fmt::format("{:.2f} mJ", j * 1e3);
  return fmt::format("{:.2f} J", j);
}

std::string with_uncertainty(const MeasuredEnergy& energy, double divisor = 1) {
  if (!energy.value) return "absent";
  std::string text = energy_text(*energy.value / divisor);
  if (energy.uncertainty) text += " ± " + energy_text(*energy.uncertainty * 2.0 / divisor);
  return text;
}

void print_phases(const Run& run) {
  fmt::print("{:<22} {:>12} {:>24} {:>24} {:>10}\n", "phase", "time", "energy (k = 2)",
             "net of idle", "power");
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    const MeasuredEnergy none;
    const MeasuredEnergy& gross = energy == nullptr ? none : energy->gross;
    const MeasuredEnergy& net = energy == nullptr ? none : energy->net;
    fmt::print("{:<22} {:>12} {:>24} {:>24} {:>10}\n", name_of(phase.kind),
               time_text(phase.duration()), with_uncertainty(gross), with_uncertainty(net),
               gross.value && phase.duration() > Second(0)
                   ? fmt::format("{:.2f} W", (*gross.value / phase.duration()).value())
                   : "absent");
  }
}

void print_per_inference(const Run& run) {
  const Phase* inference = run.phase(PhaseKind::inference);
  // A program that marks no batches and says no number has made nobody knows how many.
  if (inference == nullptr || (run.batches.empty() && run.inferences <= 1)) return;
  const auto count = static_cast<double>(run.inferences);
  const PhaseEnergy* energy = run.energy(PhaseKind::inference);
  const MeasuredEnergy none;
  const MeasuredEnergy& gross = energy == nullptr ? none : energy->gross;
  fmt::print("\n");
  if (!run.batches.empty())
    fmt::print("per batch      {} median, {} p90, {} p99 over {} batches; energy {}\n",
               time_text(*batch_quantile(run, 0.5)), time_text(*batch_quantile(run, 0.9)),
               time_text(*batch_quantile(run, 0.99)), run.batches.size(),
               with_uncertainty(gross, static_cast<double>(run.batches.size())));
  fmt::print("per inference  {}, {:.1f} inferences a second; energy {}\n",
             time_text(inference->duration() / count), count / inference->duration().value(),
             with_uncertainty(gross, count));
}

void print_counters(const Counters& counters) {
  for (const CounterInfo& info : all_counters())
    if (const auto count = counters[info.counter]; count > 0)
      fmt::print("{}: {} x{}: {}. {}\n", name_of(info.severity), info.name, count, info.meaning,
                 info.remedy);
}

// "engine onnxruntime 1.27.0; provider CPU; ...": what the engine said of itself.
void print_notes(const std::string& engine, std::map<std::string, std::string> notes) {
  const auto version = notes.extract("engine");
  std::string line = version ? version.mapped() : engine;
  for (const auto& [key, value] : notes) line += "; " + key + " " + value;
  fmt::print("engine {}\n", line);
}

void print_text(const MeasureArguments& arguments, const MeasureResult& result) {
  const Run& run = result.measured.run;
  fmt::print("{}{}, batch {}, {} inferences on {} ({})\n", result.simulated ? "SIMULATED: " : "",
             run.network, arguments.request.batch, run.inferences, result.board,
             result.board_title);
  print_notes(result.engine, result.measured.notes);
  for (const KnobResult& knob : run.knobs)
    fmt::print("{}: asked {}, got {}\n", key_with_unit(knob.axis), to_string(knob.requested),
               to_string(knob.achieved));
  fmt::print("\n");
  print_phases(run);
  print_per_inference(run);
  print_counters(run.counters);
  if (!result.caution.empty()) fmt::print("\nattention: {}\n", result.caution);
  if (!result.why_unmeasured.empty() && run.state != RunState::failed)
    fmt::print("\nenergy absent: {}\n", result.why_unmeasured);
}

nlohmann::json number_or_null(const std::optional<Joule>& value, double divisor = 1) {
  return value ? nlohmann::json(value->value() / divisor) : nlohmann::json(nullptr);
}

nlohmann::json json_of_phases(const Run& run) {
  nlohmann::json phases = nlohmann::json::array();
  for (const Phase& phase : run.phases) {
    const PhaseEnergy* energy = run.energy(phase.kind);
    const MeasuredEnergy none;
    const MeasuredEnergy& gross = energy == nullptr ? none : energy->gross;
    const MeasuredEnergy& net = energy == nullptr ? none : energy->net;
    phases.push_back({{"phase", name_of(phase.kind)},
                      {"duration_s", phase.duration().value()},
                      {"energy_j", number_or_null(gross.value)},
                      {"energy_u_j", number_or_null(gross.uncertainty)},
                      {"net_energy_j", number_or_null(net.value)},
                      {"net_energy_u_j", number_or_null(net.uncertainty)}});
  }
  return phases;
}

void print_json(const MeasureArguments& arguments, const MeasureResult& result) {
  const Run& run = result.measured.run;
  nlohmann::json counters = nlohmann::json::object();
  for (const CounterInfo& info : all_counters())
    if (run.counters[info.counter] > 0)
      counters[std::string(info.name)] = run.counters[info.counter];
  nlohmann::json batches = nlohmann::json::array();
  for (const BatchMark& batch : run.batches)
    batches.push_back((batch.end - batch.begin).seconds().value());
  nlohmann::json root = {{"board", result.board},
                         {"simulated", result.simulated},
                         {"engine", result.engine},
                         {"network", run.network},
                         {"batch", arguments.request.batch},
                         {"inferences", run.inferences},
                         {"state", name_of(run.state)},
                         {"failure", run.failure},
                         {"notes", result.measured.notes},
                         {"phases", json_of_phases(run)},
                         {"batch_durations_s", batches},
                         {"counters", counters}};
  if (const PhaseEnergy* energy = run.energy(PhaseKind::inference); energy != nullptr)
    root["energy_per_inference_j"] = number_or_null(
        energy->gross.value, static_cast<double>(std::max<std::int64_t>(1, run.inferences)));
  if (!result.why_unmeasured.empty()) root["why_unmeasured"] = result.why_unmeasured;
  if (!result.caution.empty()) root["caution"] = result.caution;
  fmt::print("{}\n", root.dump(2));
}

Status read_arguments(MeasureArguments& arguments) {
  for (const std::string& text : arguments.settings) {
    ISOJOULE_TRY(AxisValue wanted, parse_axis_value(text));
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

Result<int> run_measure(MeasureArguments& arguments, const Program& program) {
  ISOJOULE_CHECK(read_arguments(arguments));
  arguments.words.json = arguments.json;
  ISOJOULE_CHECK(take_program(program, arguments.words, arguments.request));
  ISOJOULE_TRY(const Paths paths, find_paths());
  arguments.request.command = program.command_line;
  ISOJOULE_TRY(const MeasureResult result,
               measure_once(paths, arguments.request, *program.interrupted));
  const Run& run = result.measured.run;
  arguments.json ? print_json(arguments, result) : print_text(arguments, result);
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
  command->add_option("--warm-up", request.warmup_batches, "Batches before the measured ones")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_option("--threads", request.threads, "CPU threads of the engine; 0: its own choice")
      ->check(CLI::Range(0, 4096));
  add_target_options(*command, request.target);
  command->add_option("--set", arguments->settings,
                      "Knobs to set meanwhile, e.g. gpu_frequency=614.4MHz; restored afterwards");
  command->add_option("--option", arguments->options, "KEY=VALUE for the engine");
  command
      ->add_option("--timeout", arguments->timeout_s,
                   "Seconds: a program that runs longer, an engine that is silent longer is "
                   "stopped")
      ->check(CLI::Range(0.01, 1e6));
  command->add_option("--period-ms", arguments->period_ms, "Sampling period in milliseconds")
      ->check(CLI::Range(0.1, 60000.0))
      ->capture_default_str();
  command->add_flag("--allow-unmeasured", arguments->allow_unmeasured,
                    "Exit with 0 where nothing can measure energy");
  command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  command->callback([arguments, command, &program] {
    arguments->words.engine_given = command->count("--engine") > 0;
    arguments->words.inferences_given = command->count("--inferences") > 0;
    program.action = [arguments, &program] { return run_measure(*arguments, program); };
  });
}

}  // namespace isojoule::cli

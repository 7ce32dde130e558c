#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "app/tune/recorded_report.h"
#include "app/tune/tune_fleet.h"
#include "app/tune/tune_goal.h"
#include "app/tune/tune_report.h"
#include "cli/bus_options.h"
#include "cli/command.h"
#include "cli/measure_modes.h"
#include "cli/metrics_option.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

struct TuneArguments {
  std::string what;  // a network, or the study of a search
  std::optional<std::string> minimise, optimiser;
  std::vector<std::string> limits;
  bool limits_said = false;
  std::optional<std::int64_t> seed;
  std::int64_t budget = 30;
  RecordedSearchRequest recorded;
  std::vector<std::string> axes;  // columns of a table, or axes of the board
  std::vector<std::string> where;
  std::string noise = "0";
  TuneRequest live;
  FleetTuneRequest fleet;
  std::optional<std::int64_t> batch;
  std::vector<std::string> options;
  std::string at_most, metrics;
  bool apply = false;
  bool json = false;
};

// Words of a table need not be UTF-8.
void print_json_of(const nlohmann::json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Status read_recorded(TuneArguments& arguments) {
  for (const std::string& word : arguments.where) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorKind::invalid, "--where '" + word + "' is not COLUMN=VALUE",
                  "Write --where network=resnet50");
    arguments.recorded.table.where.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  RecordedSearchRequest& request = arguments.recorded;
  ISOJOULE_TRY(request.noise, parse_share(arguments.noise, "--noise"));
  request.table.axes = arguments.axes;
  request.minimise = arguments.minimise.value_or(request.minimise);
  request.limits = arguments.limits;
  request.optimiser = arguments.optimiser.value_or(request.optimiser);
  request.seed = static_cast<std::uint64_t>(arguments.seed.value_or(1));
  request.budget = arguments.budget;
  return {};
}

Result<int> run_recorded(TuneArguments& arguments) {
  ISOJOULE_CHECK(read_recorded(arguments));
  ISOJOULE_TRY(const RecordedSearch search, search_recorded(arguments.recorded));
  if (arguments.json)
    print_json_of(recorded_json(arguments.recorded, search));
  else
    fmt::print("{}", recorded_text(arguments.recorded, search));
  return search.met ? kDone : kFailed;
}

// "tune-resnet18-jetson-nano.study": the same command finds it again.
std::string usual_study(const TuneRequest& request) {
  std::string board = request.target.board.empty() ? "machine" : request.target.board;
  if (board.starts_with(kTwinPrefix)) board.erase(0, kTwinPrefix.size());
  std::replace(board.begin(), board.end(), '/', '-');
  return "tune-" + std::filesystem::path(request.network).stem().string() + "-" + board + ".study";
}

Status read_live(TuneArguments& arguments, const Program& program) {
  TuneRequest& request = arguments.live;
  request.network = arguments.what;
  request.command = program.command_line;
  request.minimise = arguments.minimise;
  if (arguments.limits_said) request.limits = arguments.limits;
  request.optimiser = arguments.optimiser;
  request.seed = arguments.seed;
  request.budget = arguments.budget;
  for (const std::string& axis : arguments.axes) request.space.axes.push_back(axis);
  if (arguments.batch) request.space.fixed.push_back(fmt::format("batch={}", *arguments.batch));
  if (request.study_path.empty()) request.study_path = usual_study(request);
  if (!arguments.at_most.empty()) {
    ISOJOULE_TRY(request.at_most, parse_duration(arguments.at_most));
  }
  for (const std::string& option : arguments.options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos)
      return fail(ErrorKind::invalid, "--option '" + option + "' is not KEY=VALUE");
    request.options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return {};
}

Result<int> show(const TuneArguments& arguments, const TuneResult& result) {
  if (arguments.json)
    print_json_of(tune_json(result));
  else
    fmt::print("{}", tune_text(result));
  if (!result.caution.empty()) fmt::print(stderr, "attention: {}\n", result.caution);
  std::fflush(stdout);
  if (result.interrupted) return kInterrupted;
  if (arguments.apply) {
    if (!result.met())
      return fail(ErrorKind::invalid, "--apply: no setting keeps the limits, and none is set",
                  "Set the nearest by hand: isojoule apply");
    ISOJOULE_TRY(const Paths paths, find_paths());
    ISOJOULE_TRY(const auto words,
                 apply_tuned(paths, arguments.live.target, arguments.live.command, result));
    for (const std::string& word : words)
      fmt::print(arguments.json ? stderr : stdout, "set: {}\n", word);
  }
  return result.met() ? kDone : kFailed;
}

// A line a probe, to standard error, so that standard output stays clean.
void print_progress(const TuneProgress& progress) {
  // Of a fleet: why nothing comes, or that it comes again.
  if (progress.step == nullptr && progress.stage == TuneProgress::Stage::search) {
    fmt::print(stderr, "fleet: {}\n", progress.words);
    return;
  }
  if (progress.step != nullptr && progress.done == 1)
    fmt::print(stderr, "{:>9}  {:>10}  {:>10}  setting\n", "probe", "cost", "best");
  fmt::print(stderr, "{}\n", progress_text(progress));
}

Result<int> run_live(TuneArguments& arguments, const Program& program) {
  ISOJOULE_CHECK(read_live(arguments, program));
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const auto endpoint, open_metrics(arguments.metrics));
  arguments.live.metrics = endpoint.get();
  const auto result = tune(paths, arguments.live, *program.interrupted, print_progress);
  warn_of_metrics(endpoint.get());
  if (!result && result.error().kind == ErrorKind::unmeasured) {
    fmt::print(stderr, "{}\n", to_string(result.error()));
    return kUnmeasured;
  }
  if (!result) return tl::unexpected<Error>(result.error());
  return show(arguments, *result);
}

Result<int> run_on_fleet(TuneArguments& arguments, const Program& program) {
  const bool has_file = !arguments.live.study_path.empty();
  ISOJOULE_CHECK(read_live(arguments, program));
  if (!has_file)
    arguments.live.study_path =
        "tune-" + std::filesystem::path(arguments.live.network).stem().string() + "-fleet.study";
  ISOJOULE_TRY(const Paths paths, find_paths());
  arguments.fleet.tune = arguments.live;
  const auto result = tune_fleet(paths, arguments.fleet, *program.interrupted, print_progress);
  if (!result && result.error().kind == ErrorKind::unmeasured) {
    fmt::print(stderr, "{}\n", to_string(result.error()));
    return kUnmeasured;
  }
  if (!result) return tl::unexpected<Error>(result.error());
  return show(arguments, *result);
}

Result<int> run_rerank(TuneArguments& arguments, const Program& program) {
  RerankRequest request{arguments.what, arguments.minimise, {}, arguments.optimiser};
  if (arguments.limits_said) request.limits = arguments.limits;
  arguments.live.command = program.command_line;
  ISOJOULE_TRY(const TuneResult result, rerank(request));
  return show(arguments, result);
}

// What a run on a board takes, and nothing else does.
constexpr const char* kOfRuns[] = {"--axis",      "--engine",  "--batch",  "--set",
                                   "--option",    "-o",        "--for",    "--inferences",
                                   "--finalists", "--repeats", "--warm",   "--prior",
                                   "--metrics",   "--fleet",   "--boards", "--at-once"};

Status refuse_options(const CLI::App& command, std::span<const char* const> names,
                      const std::string& why, const std::string& remedy) {
  for (const char* name : names)
    if (command.count(name) > 0)
      return fail(ErrorKind::invalid, fmt::format("{} says nothing {}", name, why), remedy);
  return {};
}

Status check_options_of_table(const CLI::App& command) {
  constexpr const char* kOfBoards[] = {"--apply", "--board", "--release", "--sysroot", "--helper"};
  const std::string why = "with --recorded: nothing runs on a board";
  const std::string remedy = "Leave it away; columns to choose along go with --axes";
  ISOJOULE_CHECK(refuse_options(command, kOfRuns, why, remedy));
  return refuse_options(command, kOfBoards, why, remedy);
}

Status check_options_of_study(const CLI::App& command) {
  constexpr const char* kOfSearches[] = {"--budget", "--seed", "--axes"};
  const std::string why = "with a study: its probes are ranked anew, and nothing runs";
  const std::string remedy = "To go on with its search name the network, and the study with -o";
  ISOJOULE_CHECK(refuse_options(command, kOfRuns, why, remedy));
  return refuse_options(command, kOfSearches, why, remedy);
}

Result<int> run_tune(const CLI::App& command, TuneArguments& arguments, const Program& program) {
  const bool recorded = !arguments.recorded.table.path.empty();
  if (recorded != arguments.what.empty())
    return fail(ErrorKind::invalid,
                recorded ? "--recorded FILE stands for the board: no network is named with it"
                         : "nothing to tune is named",
                "Say a network (isojoule zoo list, or an ONNX file), the study of a search, or "
                "--recorded FILE.csv");
  // Takes away those that a study remembers.
  if (arguments.limits == std::vector<std::string>{"none"}) arguments.limits.clear();
  if (recorded) {
    ISOJOULE_CHECK(check_options_of_table(command));
    return run_recorded(arguments);
  }
  if (arguments.what.ends_with(".study")) {
    ISOJOULE_CHECK(check_options_of_study(command));
    return run_rerank(arguments, program);
  }
  if (!arguments.fleet.bus.url.empty()) return run_on_fleet(arguments, program);
  return run_live(arguments, program);
}

void add_recorded_options(CLI::App& command, TuneArguments& arguments) {
  RecordedRequest& table = arguments.recorded.table;
  auto* recorded = command.add_option("--recorded", table.path,
                                      "A table that somebody measured stands for the board: CSV, "
                                      "or a cache of Kernel Tuner");
  command
      .add_option("--energy", table.energy,
                  "Of --recorded: column of joules, or an expression of columns")
      ->needs(recorded);
  command.add_option("--latency", table.latency, "Of --recorded: column of seconds, likewise")
      ->needs(recorded);
  command
      .add_option("--power", table.power,
                  "Of --recorded: column of watts, likewise; without --energy it is taken times "
                  "the latency")
      ->needs(recorded);
  command
      .add_option("--where", arguments.where,
                  "COLUMN=VALUE: only such rows of --recorded; of one column any of several values")
      ->needs(recorded);
  command
      .add_option("--noise", arguments.noise,
                  "Relative standard deviation that each reading of --recorded gets: 2%")
      ->needs(recorded)
      ->capture_default_str();
}

void add_goal_options(CLI::App& command, TuneArguments& arguments) {
  command.add_option("--minimise", arguments.minimise,
                     "energy (where nothing is said), latency, power, edp, ed2p, weighted:0.7, or "
                     "an expression: 'energy + 0.2*latency_p99'");
  command.add_option("--limit", arguments.limits,
                     "latency<33ms, latency_p99<33ms, power<15W, temperature<70C; several. none: "
                     "without those that the study remembers");
  command.add_option("--optimiser", arguments.optimiser,
                     "See 'isojoule list optimisers' (where nothing is said: blend)");
  command.add_option("--seed", arguments.seed, "Of everything random (where nothing is said: 1)")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--budget", arguments.budget, "Probes in all")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command
      .add_option("--axes", arguments.axes,
                  "Axes of the board with all their values, or columns of --recorded, with commas")
      ->delimiter(',');
}

void add_live_options(CLI::App& command, TuneArguments& arguments) {
  TuneRequest& request = arguments.live;
  command
      .add_option("--axis", request.space.axes,
                  "An axis with its values: batch=1,2,4,8, gpu_frequency_mhz=300,600, "
                  "precision=all; several. Without one of the board: its clocks and cores")
      ->take_all();
  command.add_option("--engine", request.engine, "See 'isojoule list engines'")
      ->capture_default_str();
  command.add_option("--batch", arguments.batch, "Inputs in a batch, where it is no axis")
      ->check(CLI::Range(1, 65536));
  command.add_option("--set", request.space.fixed,
                     "AXIS=VALUE, of the board or the engine, in every setting");
  command.add_option("--option", arguments.options, "KEY=VALUE for the engine");
  add_target_options(command, request.target);
  command.add_option("-o,--output", request.study_path,
                     "The study file; one that is there is gone on with (where nothing is said: "
                     "tune-NETWORK-BOARD.study)");
  command.add_option("--for", arguments.at_most,
                     "No longer than this of the board's time: 20min, 90s");
  command
      .add_option("--inferences", request.inferences,
                  "Inputs of a probe; 0: as many as take some seconds")
      ->check(CLI::Range(0, 1000000000))
      ->capture_default_str();
  command
      .add_option("--finalists", request.finalists,
                  "So many of the best are measured again at the end, by turns with the governors")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command.add_option("--repeats", request.repeats, "So often")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command.add_option("--warm", request.warm,
                     "A study of this board and network: its runs are known from the start");
  command.add_option("--prior", request.prior,
                     "A study of another board or network, or 'predict' (the board's model): a "
                     "first guess");
  command.add_flag("--apply", arguments.apply, "Leave the board at the best setting");
  add_metrics_option(command, arguments.metrics);
}

void add_fleet_options(CLI::App& command, TuneArguments& arguments) {
  FleetTuneRequest& request = arguments.fleet;
  add_bus_options(command, request.bus, "--fleet", false);
  CLI::Option* fleet = command.get_option("--fleet");
  for (const char* alone :
       {"--board", "--release", "--sysroot", "--helper", "--apply", "--metrics", "--for"})
    fleet->excludes(command.get_option(alone));
  command
      .add_option("--boards", request.boards,
                  "Which of the fleet: type=jetson-orin-nx,count>=3,name=rack1-*")
      ->needs(fleet);
  command
      .add_option("--at-once", request.at_once,
                  "Settings that are measured at the same time (where nothing is said: one a "
                  "board, at most 16)")
      ->check(CLI::Range(1, 256))
      ->needs(fleet);
}

}  // namespace

void add_tune(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "tune", "Find the setting of least energy (or another cost) in few measurements");
  auto arguments = std::make_shared<TuneArguments>();
  command->add_option("WHAT", arguments->what,
                      "A network: an ONNX file, or a name of 'isojoule zoo list'; or the .study of "
                      "a search, to rank its probes by another cost");
  add_goal_options(*command, *arguments);
  add_live_options(*command, *arguments);
  add_fleet_options(*command, *arguments);
  add_recorded_options(*command, *arguments);
  command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  command->callback([arguments, command, &program] {
    arguments->limits_said = command->count("--limit") > 0;
    program.action = [arguments, command, &program] {
      return run_tune(*command, *arguments, program);
    };
  });
}

}  // namespace isojoule::cli

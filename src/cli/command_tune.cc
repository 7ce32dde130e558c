#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/tune/recorded_report.h"
#include "app/tune/tune_goal.h"
#include "cli/command.h"
#include "cli/target_options.h"

namespace isojoule::cli {
namespace {

struct TuneArguments {
  RecordedSearchRequest recorded;
  std::vector<std::string> where;
  std::string noise = "0";
  bool json = false;
};

Status read_recorded(TuneArguments& arguments) {
  for (const std::string& word : arguments.where) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorKind::invalid, "--where '" + word + "' is not COLUMN=VALUE",
                  "Write --where network=resnet50");
    arguments.recorded.table.where.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  ISOJOULE_TRY(arguments.recorded.noise, parse_share(arguments.noise, "--noise"));
  return {};
}

Result<int> run_recorded(TuneArguments& arguments) {
  ISOJOULE_CHECK(read_recorded(arguments));
  ISOJOULE_TRY(const RecordedSearch search, search_recorded(arguments.recorded));
  if (arguments.json)
    // Words of a table need not be UTF-8.
    fmt::print("{}\n", recorded_json(arguments.recorded, search)
                           .dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  else
    fmt::print("{}", recorded_text(arguments.recorded, search));
  return search.met ? kDone : kFailed;
}

void add_recorded_options(CLI::App& command, TuneArguments& arguments) {
  RecordedRequest& table = arguments.recorded.table;
  auto* recorded = command.add_option("--recorded", table.path,
                                      "A table that somebody measured stands for the board: CSV, "
                                      "or a cache of Kernel Tuner");
  command.add_option("--axes", table.axes, "Of --recorded: the columns to choose along")
      ->delimiter(',')
      ->needs(recorded);
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

}  // namespace

void add_tune(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "tune", "Find the setting of least energy (or another cost) in few measurements");
  auto arguments = std::make_shared<TuneArguments>();
  RecordedSearchRequest& request = arguments->recorded;
  command
      ->add_option("--minimise", request.minimise,
                   "energy, latency, power, edp, ed2p, weighted:0.7, or an expression: "
                   "'energy + 0.2*latency_p99'")
      ->capture_default_str();
  command->add_option("--limit", request.limits,
                      "latency<33ms, latency_p99<33ms, power<15W, memory<2GB, temperature<70C");
  command->add_option("--optimiser", request.optimiser, "See 'isojoule list optimisers'")
      ->capture_default_str();
  command->add_option("--seed", request.seed, "Of everything random")->capture_default_str();
  command->add_option("--budget", request.budget, "Probes in all")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  add_recorded_options(*command, *arguments);
  command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  command->callback([arguments, &program] {
    program.action = [arguments]() -> Result<int> {
      if (!arguments->recorded.table.path.empty()) return run_recorded(*arguments);
      return fail(ErrorKind::invalid, "nothing to tune is named",
                  "Say --recorded FILE.csv with its columns");
    };
  });
}

}  // namespace isojoule::cli

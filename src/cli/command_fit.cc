#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/fit_model.h"
#include "cli/command.h"
#include "cli/fit_report.h"

namespace isojoule::cli {
namespace {

struct FitArguments {
  FitRequest request;
  TableRequest table;
  std::vector<std::string> where;
  bool per_inference = false;
  bool json = false;
};

// Options that say something of a table, where there is none.
Status check_table_options(const FitArguments& arguments, const CLI::App& command) {
  if (!arguments.table.path.empty()) return {};
  for (const CLI::Option* option : command.get_options())
    if (option->get_group() == "Table" && option->count() > 0)
      return fail(ErrorKind::invalid, option->get_name() + " is of a table",
                  "Name the table: --csv FILE");
  return {};
}

Result<int> run_fit(FitArguments arguments, const CLI::App& command) {
  ISOJOULE_CHECK(check_table_options(arguments, command));
  for (const std::string& condition : arguments.where) {
    const std::size_t equals = condition.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorKind::invalid, "--where " + condition + ": no condition",
                  "Write COLUMN=VALUE");
    arguments.table.where.emplace_back(condition.substr(0, equals), condition.substr(equals + 1));
  }
  if (!arguments.table.path.empty()) arguments.request.table = arguments.table;
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const FitResult result, fit_model(paths, arguments.request));
  if (arguments.json)
    fmt::print("{}\n",
               to_json(result).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  else
    fmt::print("{}", fit_text(result));
  return kDone;
}

void add_table_options(CLI::App& command, FitArguments& arguments) {
  TableRequest& table = arguments.table;
  const auto add = [&command](const char* name, std::string& value, const char* help) {
    command.add_option(name, value, help)->type_name("COLUMN")->group("Table");
  };
  command.add_option("--csv", table.path, "Instead of studies: a table of your own measurements")
      ->type_name("FILE");
  add("--energy", table.energy, "Energies");
  command
      .add_option("--energy-unit", table.energy_unit,
                  "J, mJ, uJ, Wh, ... (default: as the column's name ends, or J)")
      ->group("Table");
  add("--time", table.time, "Times");
  command.add_option("--time-unit", table.time_unit, "s, ms, us, ... (default: likewise, or s)")
      ->group("Table");
  add("--macs", table.macs, "Multiply-accumulates of an inference");
  add("--params", table.params, "Parameters of the network");
  add("--network", table.network, "Instead of both: names as 'isojoule cost' takes them, or files");
  add("--batch", table.batch, "Inputs that went through together (default: 1)");
  add("--cpu-hz", table.cpu_hz, "CPU clocks");
  add("--gpu-hz", table.gpu_hz, "GPU clocks");
  add("--mem-hz", table.memory_hz, "Memory clocks");
  add("--group", table.group, "What is left out whole to find the errors (default: the network)");
  command
      .add_option("--where", arguments.where,
                  "Only rows with this cell, COLUMN=VALUE; several of one column: any of them")
      ->group("Table");
  auto* inference = command.add_flag("--per-inference", arguments.per_inference,
                                     "Energies and times are of an inference (default)");
  auto* batch =
      command.add_flag("--per-batch", table.per_batch, "Energies and times are of a batch");
  inference->group("Table")->excludes(batch);
  batch->group("Table");
  command.add_option("--board", table.board, "The board that the table is of")->group("Table");
}

}  // namespace

void add_fit(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "fit", "Learn from measured runs what a network's energy and time will be");
  auto arguments = std::make_shared<FitArguments>();
  FitRequest& request = arguments->request;
  command->add_option("STUDY", request.studies, "Study files of one board");
  command->add_option("-o,--output", request.output,
                      "The model's file (default: where 'isojoule predict' looks for it)");
  command->add_option("--predictor", request.predictor,
                      "One of 'isojoule list predictors', or auto: that which errs least");
  command->add_option("--seed", request.seed, "Of what is drawn at random");
  command->add_option("--test", request.tests,
                      "Studies that the model is held against and does not learn from");
  command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  add_table_options(*command, *arguments);
  command->callback([arguments, command, &program] {
    program.action = [arguments, command] { return run_fit(*arguments, *command); };
  });
}

}  // namespace isojoule::cli

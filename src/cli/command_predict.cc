#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/predict/predict_json.h"
#include "app/predict/predict_text.h"
#include "app/predict_energy.h"
#include "base/text_file.h"
#include "cli/command.h"
#include "data/amount.h"

namespace isojoule::cli {
namespace {

struct PredictArguments {
  PredictRequest request;
  PredictTextOptions text;
  std::string network;
  std::vector<std::string> compare, jobs;
  std::string latency, power, budget, csv;
  bool json = false;
};

Result<std::optional<double>> amount_or_none(const char* option, const std::string& text,
                                             Unit unit) {
  if (text.empty()) return std::optional<double>();
  auto amount = parse_amount(text, unit);
  if (amount) return std::optional(*amount);
  amount.error().what = std::string(option) + ": " + amount.error().what;
  return tl::unexpected<Error>(amount.error());
}

// --job names axes of the engine alone, --setting any.
Status check_jobs(const std::vector<std::string>& jobs) {
  ISOJOULE_TRY(const AskedSetting asked, asked_setting(jobs));
  if (asked.knobs.values().empty()) return {};
  const std::string axis = asked.knobs.values().begin()->first;
  return fail(ErrorKind::invalid, "--job " + axis + ": this is no axis of the engine",
              "Give it as --setting; the engine's are accelerator, engine, graph, precision, ...");
}

Status complete_request(PredictArguments& arguments) {
  PredictRequest& request = arguments.request;
  if (!arguments.network.empty()) request.networks.push_back(arguments.network);
  request.networks.insert(request.networks.end(), arguments.compare.begin(),
                          arguments.compare.end());
  if (!arguments.compare.empty() && request.networks.size() < 2)
    return fail(ErrorKind::invalid, "--compare needs two networks",
                "isojoule predict --compare A.onnx B.onnx --board BOARD");
  ISOJOULE_CHECK(check_jobs(arguments.jobs));
  request.settings.insert(request.settings.end(), arguments.jobs.begin(), arguments.jobs.end());
  ISOJOULE_TRY(request.limits.latency_s,
               amount_or_none("--latency", arguments.latency, Unit::second));
  ISOJOULE_TRY(request.limits.power_w, amount_or_none("--power", arguments.power, Unit::watt));
  ISOJOULE_TRY(request.budget_j, amount_or_none("--budget", arguments.budget, Unit::joule));
  return {};
}

// A terminal, and nobody who asked for none (no-color.org).
bool wants_colours() {
  const char* none = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0');
}

Result<int> run_predict(PredictArguments arguments) {
  ISOJOULE_CHECK(complete_request(arguments));
  ISOJOULE_TRY(const Paths paths, find_paths());
  ISOJOULE_TRY(const PredictAnswer answer, predict_energy(paths, arguments.request));
  if (!arguments.csv.empty())
    ISOJOULE_CHECK(
        write_text_file(arguments.csv, expected_map_csv(answer.maps, answer.simulated())));
  arguments.text.colours = wants_colours();
  if (arguments.json)
    fmt::print("{}\n",
               to_json(answer).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  else
    fmt::print("{}", predict_text(answer, arguments.text));
  return answer.budget && !answer.budget->kept() ? kFailed : kDone;
}

void add_what(CLI::App& command, PredictArguments& arguments) {
  command.add_option("MODEL", arguments.network, "An ONNX file, or a name of 'isojoule zoo list'");
  command.add_option("--board", arguments.request.board,
                     "NAME, or twin:NAME for its simulated twin");
  command.add_option("--model", arguments.request.model_path,
                     "What 'isojoule fit' wrote (default: the board's)");
  // One word each, so that a network may stand behind it.
  command
      .add_option("--setting,--set", arguments.request.settings,
                  "AXIS=VALUE of the board or the engine, e.g. gpu_frequency=921.6MHz (default: "
                  "the highest clocks); can be given several times")
      ->allow_extra_args(false);
  command
      .add_option("--job", arguments.jobs,
                  "AXIS=VALUE of the engine, e.g. accelerator=dla; can be given several times")
      ->allow_extra_args(false);
  command.add_option("--batch", arguments.request.batches, "Inputs in a batch, or a list: 1,2,4,8")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 65536));
  command
      .add_option("--shape", arguments.request.shapes,
                  "INPUT=1x3x224x224 or AXIS=128: an input's shape, or an open axis of the file")
      ->allow_extra_args(false);
}

void add_asked(CLI::App& command, PredictArguments& arguments) {
  command.add_option("--compare", arguments.compare, "Further networks, held against the first");
  command.add_option("--budget", arguments.budget,
                     "Energy of an inference, e.g. 2mJ: does it fit, and which layers break it? "
                     "Exit status 1 where it does not");
  command.add_option("--latency", arguments.latency,
                     "Best setting whose batch takes no longer, e.g. 33ms");
  command.add_option("--power", arguments.power, "Best setting that draws no more, e.g. 15W");
}

void add_shown(CLI::App& command, PredictArguments& arguments) {
  command.add_flag("--map", arguments.text.map, "The energy map over CPU and GPU clocks");
  command.add_option("--csv", arguments.csv, "Write the map to this file");
  command.add_flag("--layers", arguments.text.all_layers, "All layers, in the network's order");
  command.add_option("--top", arguments.text.most_layers, "So many layers, the largest first")
      ->check(CLI::Range(0, 1000000));
  command.add_flag("--json", arguments.json, "Print JSON, units in the keys");
}

}  // namespace

void add_predict(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "predict", "Energy and time of a network that was not run, from a fitted model of the board");
  auto arguments = std::make_shared<PredictArguments>();
  add_what(*command, *arguments);
  add_asked(*command, *arguments);
  add_shown(*command, *arguments);
  command->callback(
      [arguments, &program] { program.action = [arguments] { return run_predict(*arguments); }; });
}

}  // namespace isojoule::cli

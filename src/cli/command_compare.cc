#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "data/study_file.h"
#include "report/compare.h"

namespace isojoule::cli {
namespace {

struct CompareArguments {
  std::string first, second;
  std::string quantity = "energy";
  CompareRequest request;
  bool json = false;
};

Result<int> run_compare(CompareArguments arguments) {
  const auto quantity = quantity_named(arguments.quantity);
  if (!quantity)
    return fail(
        ErrorKind::invalid, "no quantity '" + arguments.quantity + "'",
        unknown_name_remedy(arguments.quantity, {"energy", "net_energy", "latency", "power"}));
  arguments.request.quantity = *quantity;
  ISOJOULE_TRY(const auto first, StudyFile::open(arguments.first, StudyFile::Mode::read));
  std::unique_ptr<StudyFile> second;
  if (!arguments.second.empty()) {
    ISOJOULE_TRY(second, StudyFile::open(arguments.second, StudyFile::Mode::read));
  }
  ISOJOULE_TRY(const CompareResult result, compare_runs(*first, second.get(), arguments.request));
  fmt::print("{}", arguments.json ? to_json(result).dump(2) + "\n" : to_text(result));
  return kDone;
}

}  // namespace

void add_compare(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "compare", "Two settings of a study, or two studies, with an interval of the difference");
  auto arguments = std::make_shared<CompareArguments>();
  CompareRequest& request = arguments->request;
  command->add_option("FILE", arguments->first, "A study file")->required();
  command->add_option("LATER", arguments->second, "Another, as after an update of the board");
  command->add_option(
      "--a", request.a,
      "A setting, e.g. \"gpu_frequency=921.6MHz batch=16\" or \"baseline=default\"; "
      "of two studies, one of the first");
  command->add_option("--b", request.b, "Another; of two studies, one of the second");
  command->add_option("--network", request.network, "Where the study has several");
  command->add_option("--quantity", arguments->quantity,
                      "energy, net_energy (without idle power), latency or power");
  command->add_flag("--other-board", request.other_board,
                    "The two studies were made on two boards: their errors of gain do not cancel");
  command->add_flag("--json", arguments->json, "Print JSON, units in the keys");
  command->callback(
      [arguments, &program] { program.action = [arguments] { return run_compare(*arguments); }; });
}

}  // namespace isojoule::cli

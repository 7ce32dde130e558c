#include <fmt/format.h>

#include "cli/command.h"
#include "cli/window_text.h"
#include "data/study_file.h"
#include "report/budget_json.h"
#include "report/export_parts.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/text/budget.h"
#include "report/window_json.h"

namespace isojoule::cli {
namespace {

struct ShowRequest {
  std::string path;
  bool json = false;
  bool csv = false;
  bool budget = false;
  std::int64_t run = 0;  // 0: every point
};

Result<int> show_budget(StudyFile& study, const ShowRequest& request) {
  const auto run = request.run > 0 ? std::optional(request.run) : std::nullopt;
  if (request.json) {
    ISOJOULE_TRY(const nlohmann::json root, study_budgets_json(study, run));
    fmt::print("{}\n", root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return kDone;
  }
  ISOJOULE_TRY(const std::string text, study_budgets_text(study, run));
  fmt::print("{}{}", study.info().simulated ? "SIMULATED\n\n" : "", text);
  return kDone;
}

// Windows that a program named, run by run. By name they are added up from the trace, where it is
// kept.
Status print_windows(StudyFile& study) {
  ISOJOULE_TRY(const std::vector<Run> runs, study.runs());
  for (const Run& run : runs) {
    if (run.windows.empty()) continue;
    ISOJOULE_TRY(const auto named, named_windows_of(study, run));
    fmt::print("\nrun {}{}: {}{}", run.sequence, run.on_board.empty() ? "" : " on " + run.on_board,
               run.network, windows_text(named, run.windows, run.window_energies, zero_of(run)));
  }
  return {};
}

Result<int> run_show(const ShowRequest& request) {
  ISOJOULE_TRY(const auto study, StudyFile::open(request.path, StudyFile::Mode::read));
  if (request.budget) return show_budget(*study, request);
  ISOJOULE_TRY(const StudySummary summary, summarise(*study));
  ISOJOULE_TRY(const ReportKind* kind, find_report(request.json  ? "json"
                                                   : request.csv ? "csv"
                                                                 : "text"));
  ISOJOULE_TRY(const std::string text, kind->render(summary, *study, {}));
  fmt::print("{}", text);
  if (!request.json && !request.csv) ISOJOULE_CHECK(print_windows(*study));
  return kDone;
}

}  // namespace

void add_show(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("show", "Print a study's tables");
  auto request = std::make_shared<ShowRequest>();
  command->add_option("FILE", request->path, "The study file")->required();
  auto* json = command->add_flag("--json", request->json, "The numbers as JSON, units in the keys");
  command->add_flag("--csv", request->csv, "One line a run as CSV, units in the header")
      ->excludes(json);
  auto* budget = command->add_flag("--budget", request->budget,
                                   "Where each energy's uncertainty comes from, cause by cause");
  budget->excludes("--csv");
  command->add_option("--run", request->run, "With --budget: of every phase of this run")
      ->check(CLI::PositiveNumber)
      ->needs(budget);
  command->callback(
      [request, &program] { program.action = [request] { return run_show(*request); }; });
}

}  // namespace isojoule::cli

#include <fmt/format.h>

#include "cli/command.h"
#include "data/study_file.h"
#include "report/report.h"
#include "report/summary.h"

namespace isojoule::cli {
namespace {

struct ShowRequest {
  std::string path;
  bool json = false;
  bool csv = false;
};

Result<int> run_show(const ShowRequest& request) {
  ISOJOULE_TRY(const auto study, StudyFile::open(request.path, StudyFile::Mode::read));
  ISOJOULE_TRY(const StudySummary summary, summarise(*study));
  ISOJOULE_TRY(const ReportKind* kind, find_report(request.json  ? "json"
                                                   : request.csv ? "csv"
                                                                 : "text"));
  ISOJOULE_TRY(const std::string text, kind->render(summary, *study));
  std::fwrite(text.data(), 1, text.size(), stdout);
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
  command->callback(
      [request, &program] { program.action = [request] { return run_show(*request); }; });
}

}  // namespace isojoule::cli

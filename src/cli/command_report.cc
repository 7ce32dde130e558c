#include <fmt/format.h>

#include "base/text_file.h"
#include "cli/check_no_study.h"
#include "cli/command.h"
#include "data/study_file.h"
#include "report/report.h"
#include "report/summary.h"

namespace isojoule::cli {
namespace {

struct ReportRequest {
  std::string study;
  std::string output;
  std::string format;
};

// By --format, else by the ending of the output's name.
Result<const ReportKind*> chosen_report(const ReportRequest& request) {
  ISOJOULE_TRY(const ReportKind* kind, request.format.empty() ? report_for_file(request.output)
                                                              : find_report(request.format));
  if (kind->render != nullptr) return kind;
  return fail(ErrorKind::invalid, std::string(kind->name) + " is no report but an export",
              "isojoule export " + request.study + " --as " + std::string(kind->name) + " -o " +
                  request.output);
}

Result<int> run_report(const ReportRequest& request) {
  ISOJOULE_TRY(const ReportKind* kind, chosen_report(request));
  ISOJOULE_CHECK(check_no_study(request.output));
  ISOJOULE_TRY(const auto study, StudyFile::open(request.study, StudyFile::Mode::read));
  ISOJOULE_TRY(const StudySummary summary, summarise(*study));
  ISOJOULE_TRY(const std::string text, kind->render(summary, *study));
  ISOJOULE_CHECK(write_text_file(request.output, text));
  fmt::print("{}\n", request.output);
  return kDone;
}

}  // namespace

void add_report(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("report", "Write a study's report: the energy map in one page");
  auto request = std::make_shared<ReportRequest>();
  command->add_option("FILE", request->study, "The study file")->required();
  command->add_option("-o,--output", request->output, "The file to write, e.g. report.html")
      ->required();
  command->add_option("--format", request->format,
                      "html, json, csv or text (default: by the name)");
  command->callback(
      [request, &program] { program.action = [request] { return run_report(*request); }; });
}

}  // namespace isojoule::cli

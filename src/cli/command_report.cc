#include <fmt/format.h>

#include "base/text_file.h"
#include "cli/check_no_study.h"
#include "cli/command.h"
#include "cli/figures_option.h"
#include "data/study_file.h"
#include "report/report.h"
#include "report/summary.h"

namespace isojoule::cli {
namespace {

struct ReportRequest {
  std::string study;
  std::string output;
  std::string format;
  FiguresRequest figures;
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

Status write_output(const ReportRequest& request, const StudySummary& summary, StudyFile& study) {
  ISOJOULE_TRY(const ReportKind* kind, chosen_report(request));
  ISOJOULE_TRY(const std::string text, kind->render(summary, study));
  ISOJOULE_CHECK(write_text_file(request.output, text));
  fmt::print("{}\n", request.output);
  return {};
}

Status write_figure_files(const ReportRequest& request, const std::string& command_line,
                          const StudySummary& summary, StudyFile& study) {
  ISOJOULE_TRY(const ReportKind* kind, find_report("json"));
  ISOJOULE_TRY(const std::string json, kind->render(summary, study));
  return report_figures(request.figures, json, command_line);
}

Result<int> run_report(const ReportRequest& request, const std::string& command_line) {
  if (request.output.empty() && request.figures.folder.empty())
    return fail(ErrorKind::invalid, "there is nothing to write",
                "Name a file with -o, or a folder with --figures");
  // What cannot be written is said before the study is read.
  if (!request.output.empty()) {
    ISOJOULE_CHECK(chosen_report(request));
    ISOJOULE_CHECK(check_no_study(request.output));
  }
  ISOJOULE_TRY(const auto study, StudyFile::open(request.study, StudyFile::Mode::read));
  ISOJOULE_TRY(const StudySummary summary, summarise(*study));
  if (!request.output.empty()) ISOJOULE_CHECK(write_output(request, summary, *study));
  if (!request.figures.folder.empty())
    ISOJOULE_CHECK(write_figure_files(request, command_line, summary, *study));
  return kDone;
}

}  // namespace

void add_report(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("report", "Write a study's report: the energy map in one page");
  auto request = std::make_shared<ReportRequest>();
  command->add_option("FILE", request->study, "The study file")->required();
  command->add_option("-o,--output", request->output, "The file to write, e.g. report.html");
  command->add_option("--format", request->format,
                      "html, json, csv or text (default: by the name)");
  add_figures_options(*command, request->figures);
  command->callback([request, &program] {
    program.action = [request, &program] { return run_report(*request, program.command_line); };
  });
}

}  // namespace isojoule::cli

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/tune/search_json.h"
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
  std::vector<std::string> studies;  // the first is the report's, the others stand beside it
  std::string output;
  std::string format;
  std::string timelines = "best";
  std::vector<std::int64_t> timeline_runs;
  FiguresRequest figures;
};

// By --format, else by the ending of the output's name.
Result<const ReportKind*> chosen_report(const ReportRequest& request) {
  ISOJOULE_TRY(const ReportKind* kind, request.format.empty() ? report_for_file(request.output)
                                                              : find_report(request.format));
  if (kind->render != nullptr) return kind;
  return fail(ErrorKind::invalid, std::string(kind->name) + " is no report but an export",
              "isojoule export " + request.studies.front() + " --as " + std::string(kind->name) +
                  " -o " + request.output);
}

ReportOptions::Timelines timelines_of(const std::string& word) {
  if (word == "none") return ReportOptions::Timelines::none;
  return word == "all" ? ReportOptions::Timelines::all : ReportOptions::Timelines::best;
}

Result<ReportOptions> options_of(const ReportRequest& request, StudyFile& study) {
  ReportOptions options;
  options.timelines = timelines_of(request.timelines);
  options.timeline_runs = request.timeline_runs;
  options.cumulative = request.timelines != "none";
  options.study_path = request.studies.front();
  for (std::size_t i = 1; i < request.studies.size(); ++i) {
    ISOJOULE_TRY(const auto other, StudyFile::open(request.studies[i], StudyFile::Mode::read));
    ISOJOULE_TRY(StudySummary summary, summarise(*other));
    options.beside.push_back({request.studies[i], std::move(summary)});
  }
  if (is_search_study(study.info())) {
    ISOJOULE_TRY(nlohmann::json search, search_json(study, request.studies.front()));
    options.search = std::make_shared<const nlohmann::json>(std::move(search));
  }
  return options;
}

Status write_output(const ReportRequest& request, const StudySummary& summary, StudyFile& study,
                    const ReportOptions& options) {
  ISOJOULE_TRY(const ReportKind* kind, chosen_report(request));
  ISOJOULE_TRY(const std::string text, kind->render(summary, study, options));
  ISOJOULE_CHECK(write_text_file(request.output, text));
  fmt::print("{}\n", request.output);
  return {};
}

Status write_figure_files(const ReportRequest& request, const std::string& command_line,
                          const StudySummary& summary, StudyFile& study,
                          const ReportOptions& options) {
  ISOJOULE_TRY(const ReportKind* kind, find_report("json"));
  ISOJOULE_TRY(const std::string json, kind->render(summary, study, options));
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
  ISOJOULE_TRY(const auto study, StudyFile::open(request.studies.front(), StudyFile::Mode::read));
  ISOJOULE_TRY(const StudySummary summary, summarise(*study));
  ISOJOULE_TRY(const ReportOptions options, options_of(request, *study));
  if (!request.output.empty()) ISOJOULE_CHECK(write_output(request, summary, *study, options));
  if (!request.figures.folder.empty())
    ISOJOULE_CHECK(write_figure_files(request, command_line, summary, *study, options));
  return kDone;
}

}  // namespace

void add_report(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("report", "Write a study's report: the energy map in one page");
  auto request = std::make_shared<ReportRequest>();
  command
      ->add_option("FILE", request->studies,
                   "The study file; the best settings of further ones stand beside it")
      ->required();
  command->add_option("-o,--output", request->output, "The file to write, e.g. report.html");
  command->add_option("--format", request->format,
                      "html, json, csv or text (default: by the name)");
  command
      ->add_option("--timelines", request->timelines,
                   "Whose runs are shown as they went (power, clocks, phases): those of the best "
                   "settings and their governors, as far as 3 MB hold them; all: a run of every "
                   "setting")
      ->check(CLI::IsMember({"none", "best", "all"}))
      ->capture_default_str();
  command
      ->add_option("--timeline", request->timeline_runs,
                   "This run by its number, too, however long it is; several")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
      ->allow_extra_args(false);
  add_figures_options(*command, request->figures);
  command->callback([request, &program] {
    program.action = [request, &program] { return run_report(*request, program.command_line); };
  });
}

}  // namespace isojoule::cli

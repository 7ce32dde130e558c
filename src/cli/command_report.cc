#include <fmt/format.h>

#include <array>
#include <fstream>

#include "base/text.h"
#include "base/text_file.h"
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
  if (!request.format.empty()) return find_report(request.format);
  std::vector<std::string> endings;
  for (const ReportKind& kind : report_kinds()) {
    endings.emplace_back(kind.extension);
    if (request.output.size() > kind.extension.size() && request.output.ends_with(kind.extension))
      return &kind;
  }
  return fail(ErrorKind::invalid, request.output + ": the name's ending is no report's",
              "Name it with one of " + join(endings, ", ") + ", or give --format");
}

// A study took hours; a slip of the name must not cost it.
Status check_no_study(const std::string& path) {
  constexpr std::string_view kMark = "SQLite format 3";  // https://sqlite.org/fileformat.html
  std::array<char, kMark.size()> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(head.data(), head.size())) return {};
  if (std::string_view(head.data(), head.size()) != kMark) return {};
  return fail(ErrorKind::invalid,
              path + " is a study (or another database), and is not written over",
              "Name another file");
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

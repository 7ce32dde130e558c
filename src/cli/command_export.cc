#include <fmt/format.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "cli/check_no_study.h"
#include "cli/command.h"
#include "data/study_file.h"
#include "report/report.h"

namespace isojoule::cli {
namespace {

struct ExportRequest {
  std::string study;
  std::string output;  // "": standard output
  std::string format;
  std::int64_t run = 0;  // 0: all
};

Result<const ReportKind*> chosen_format(const ExportRequest& request) {
  if (!request.format.empty()) return find_report(request.format);
  if (!request.output.empty()) return report_for_file(request.output);
  return fail(ErrorKind::invalid, "export: neither --as nor -o says in which format",
              "See 'isojoule list exports'");
}

Result<int> to_standard_output(const ReportKind& kind, StudyFile& study,
                               const Selection& selection) {
  if (kind.is_binary && ::isatty(STDOUT_FILENO) == 1)
    return fail(ErrorKind::invalid, std::string(kind.name) + " is nothing for a terminal",
                "Name a file with -o");
  DescriptorSink sink(STDOUT_FILENO, "standard output");
  const Status written = write_report(kind, study, selection, sink);
  if (!written && !sink.reader_left()) return tl::unexpected<Error>(written.error());
  return kDone;
}

Result<int> run_export(const ExportRequest& request) {
  ISOJOULE_TRY(const ReportKind* kind, chosen_format(request));
  if (!request.output.empty()) ISOJOULE_CHECK(check_no_study(request.output));
  ISOJOULE_TRY(const auto study, StudyFile::open(request.study, StudyFile::Mode::read));
  const Selection selection{request.run > 0 ? std::optional(request.run) : std::nullopt};
  if (request.output.empty()) return to_standard_output(*kind, *study, selection);
  ISOJOULE_CHECK(write_whole_file(request.output, [&](int descriptor) {
    DescriptorSink sink(descriptor, request.output);
    return write_report(*kind, *study, selection, sink);
  }));
  fmt::print("{}\n", request.output);
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("export", "Hand a study's measurements to other programs");
  auto request = std::make_shared<ExportRequest>();
  command->add_option("FILE", request->study, "The study file")->required();
  command->add_option("--as", request->format,
                      "perfetto, trace-csv, ...: see 'isojoule list exports' (default: by the "
                      "output's name)");
  command->add_option("-o,--output", request->output,
                      "The file to write (default: standard output)");
  command->add_option("--run", request->run, "One run by its number (default: all)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->callback(
      [request, &program] { program.action = [request] { return run_export(*request); }; });
}

}  // namespace isojoule::cli

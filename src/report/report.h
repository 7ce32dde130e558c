// A report writes a study's answers in one format; one folder a format. Two sorts: a text from the
// summary, for people and their tools, and a stream of what was measured, for other programs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "report/report_options.h"
#include "report/sink.h"
#include "report/summary.h"

namespace isojoule {

// What of a study is exported.
struct Selection {
  std::optional<std::int64_t> run;  // one run by its id; all where absent
};

// Either `render` or `stream` is there.
struct ReportKind {
  std::string_view name;       // "html"
  std::string_view extension;  // ".html"
  std::string_view help;
  // One text from the answers.
  Result<std::string> (*render)(const StudySummary& summary, StudyFile& study,
                                const ReportOptions& options) = nullptr;
  // Run by run: what traces make too long for one text. Memory: one run and its trace.
  Status (*stream)(StudyFile& study, const Selection& selection, Sink& sink) = nullptr;
  bool is_binary = false;  // nothing for a terminal
};

std::span<const ReportKind> report_kinds();  // generated
Result<const ReportKind*> find_report(std::string_view name);
// By the longest extension that the name ends with. Errors: invalid.
Result<const ReportKind*> report_for_file(std::string_view path);

// Either sort. Errors: invalid (one run of a report that is of the whole study), not_found (no such
// run), no_data (no run has a trace), those of reading the study and of the sink.
Status write_report(const ReportKind& kind, StudyFile& study, const Selection& selection,
                    Sink& sink);

}  // namespace isojoule

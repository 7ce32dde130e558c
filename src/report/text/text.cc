// What `isojoule show` prints: at most 100 columns wide, UTF-8.
#include "report/report.h"
#include "report/text/section.h"

namespace isojoule {
namespace {

Result<std::string> render(const StudySummary& summary, StudyFile&, const ReportOptions&) {
  using namespace text_report;
  std::string text;
  for (const auto& section : {heading, minima, batches, cuts, points, layers, repeats, boards,
                              too_short, counters, method}) {
    const std::string part = section(summary);
    if (!text.empty() && !part.empty()) text += "\n";
    text += part;
  }
  return text;
}

}  // namespace

const ReportKind& report_kind_text() {
  static const ReportKind kind = {"text", ".txt", "tables for the terminal", render};
  return kind;
}

}  // namespace isojoule

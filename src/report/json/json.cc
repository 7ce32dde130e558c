// The summary as JSON, for programs: report/summary_json.h states the schema.
#include "report/report.h"
#include "report/summary_json.h"

namespace isojoule {
namespace {

Result<std::string> render(const StudySummary& summary, StudyFile& study) {
  ISOJOULE_TRY(const nlohmann::json json, to_json(summary, study));
  // Texts come from files and plans; bytes that are no UTF-8 are shown as U+FFFD.
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

const ReportKind& report_kind_json() {
  static const ReportKind kind = {"json", ".json",
                                  "points, minima and runs, with units in the keys", render};
  return kind;
}

}  // namespace isojoule

// The summary as JSON, for programs: report/summary_json.h states the schema. Runs whose program
// named windows have these, too: report/window_json.h.
#include <map>

#include "report/report.h"
#include "report/summary_json.h"
#include "report/window_json.h"

namespace isojoule {
namespace {

// Into each run's object, by its id.
Status add_windows(StudyFile& study, const std::vector<Run>& list, nlohmann::json& runs) {
  std::map<std::int64_t, const Run*> by_id;
  for (const Run& run : list)
    if (!run.windows.empty()) by_id[run.id] = &run;
  for (nlohmann::json& object : runs) {
    const auto found = by_id.find(object.at("id").get<std::int64_t>());
    if (found == by_id.end()) continue;
    const Run& run = *found->second;
    ISOJOULE_TRY(const std::vector<NamedWindows> named, named_windows_of(study, run));
    add_windows_json(object, named, run.windows, run.window_energies, zero_of(run));
  }
  return {};
}

Result<std::string> render(const StudySummary& summary, StudyFile& study,
                           const ReportOptions& options) {
  ISOJOULE_TRY(nlohmann::json json, to_json(summary, study, options));
  ISOJOULE_TRY(const auto read, runs_of(summary, study));
  ISOJOULE_CHECK(add_windows(study, *read, json.at("runs")));
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

// A study's answers as one page that opens offline.
#include "report/html/page.h"
#include "report/packed_runs.h"
#include "report/report.h"
#include "report/summary_json.h"

namespace isojoule {
namespace {

Result<std::string> render(const StudySummary& summary, StudyFile& study,
                           const ReportOptions& options) {
  if (embedded_page().empty())
    return fail(ErrorKind::unsupported, "this isojoule was built without the report's page",
                "Build it (cd web && npm ci && npm run build), then build isojoule again; until "
                "then use the json or the csv report");
  ISOJOULE_TRY(nlohmann::json json, to_json(summary, study, options));
  json["runs"] = packed_runs(json.at("runs"));
  return fill_page(embedded_page(), summary.info.name + ": isojoule report", json);
}

}  // namespace

const ReportKind& report_kind_html() {
  static const ReportKind kind = {
      .name = "html",
      .extension = ".html",
      .help = "one page with the maps, the minima and the runs; opens offline in a browser",
      .render = render,
  };
  return kind;
}

}  // namespace isojoule

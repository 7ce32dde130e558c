// A study's answers as one page that opens offline.
#include "report/html/page.h"
#include "report/report.h"
#include "report/summary_json.h"

namespace isojoule {
namespace {

Result<std::string> render(const StudySummary& summary, StudyFile& study) {
  if (embedded_page().empty())
    return fail(ErrorKind::unsupported, "this isojoule was built without the report's page",
                "Build it (cd web && npm ci && npm run build), then build isojoule again; until "
                "then use the json or the csv report");
  ISOJOULE_TRY(const nlohmann::json json, to_json(summary, study));
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

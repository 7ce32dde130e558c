#include "report/report.h"

#include "base/text.h"

namespace isojoule {

Result<const ReportKind*> find_report(std::string_view name) {
  std::vector<std::string> names;
  for (const ReportKind& kind : report_kinds()) {
    if (kind.name == name) return &kind;
    names.emplace_back(kind.name);
  }
  return fail(ErrorKind::invalid, "report: there is no format '" + std::string(name) + "'",
              unknown_name_remedy(name, names));
}

}  // namespace isojoule

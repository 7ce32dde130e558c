// A report writes a study's answers in one format; one folder a format.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "report/summary.h"

namespace isojoule {

struct ReportKind {
  std::string_view name;       // "html"
  std::string_view extension;  // ".html"
  std::string_view help;
  Result<std::string> (*render)(const StudySummary& summary, StudyFile& study);
};

std::span<const ReportKind> report_kinds();  // generated
Result<const ReportKind*> find_report(std::string_view name);

}  // namespace isojoule

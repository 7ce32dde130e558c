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

Result<const ReportKind*> report_for_file(std::string_view path) {
  std::vector<std::string> endings;
  const ReportKind* best = nullptr;
  for (const ReportKind& kind : report_kinds()) {
    endings.emplace_back(kind.extension);
    if (path.size() <= kind.extension.size() || !path.ends_with(kind.extension)) continue;
    if (best == nullptr || kind.extension.size() > best->extension.size()) best = &kind;
  }
  if (best != nullptr) return best;
  return fail(ErrorKind::invalid, std::string(path) + ": the name's ending is no format's",
              "Name it with one of " + join(endings, ", ") + ", or name the format");
}

Status write_report(const ReportKind& kind, StudyFile& study, const Selection& selection,
                    Sink& sink) {
  if (kind.stream != nullptr) return kind.stream(study, selection, sink);
  if (selection.run)
    return fail(ErrorKind::invalid, std::string(kind.name) + " is of the whole study",
                "Leave --run away, or take a format of 'isojoule list exports'");
  ISOJOULE_TRY(const StudySummary summary, summarise(study));
  ISOJOULE_TRY(const std::string text, kind.render(summary, study, {}));
  return sink.write(text);
}

}  // namespace isojoule

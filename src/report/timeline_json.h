// Runs as they went: power of every rail and of the total, watched clocks and temperatures, phases
// and batches, as packed columns (report/column.h).
//
// [{"run", "point": POINT | null, "label", "duration_s", "series": [{"name", "kind": "power" |
//   "total" | "clock" | "temperature" | "other", "unit", "time": COLUMN | index of the series with
//   the same times, "value": COLUMN}], "phases": [{"name", "begin_s", "end_s"}],
//   "batches": {"begin_s": COLUMN, "end_s": COLUMN} | null, "why_absent"}]
//
// What is lost: times are in whole microseconds from the run's begin. A power is in steps of 1 mW
// at most, a thousandth of the run's highest on that rail where that is less than 1 W; everything
// else in the decimal step that tells each value exactly, or of a hundred-thousandth of the
// highest. Readings that are no finite number are left out. An energy counter is told as the mean
// power since the reading before. A total of several rails is told at the times of the first, the
// others between their readings by straight lines.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/run.h"
#include "data/study_file.h"
#include "data/trace.h"
#include "report/report_options.h"
#include "report/summary.h"

namespace isojoule {

// The run that stands for a point: of its complete runs with a trace the one whose energy is
// nearest to their median; with no energy the first. Absent where the study keeps no trace of any.
struct Representative {
  Run run;  // with its batches
  Trace trace;
};
Result<std::optional<Representative>> representative_of(StudyFile& study, const Point& point,
                                                        const std::vector<Run>& runs);

// One run. `bytes` grows by what its JSON takes, about.
nlohmann::json timeline_json(const Run& run, const Trace& trace, std::optional<std::size_t> point,
                             const std::string& label, std::size_t& bytes);

// Those that the options ask for. `runs`: all of the study's. Errors: not_found (a run that was
// asked for is not there), those of reading.
Result<nlohmann::json> timelines_json(const StudySummary& summary, StudyFile& study,
                                      const std::vector<Run>& runs, const ReportOptions& options);

}  // namespace isojoule

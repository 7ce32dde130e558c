// Energy since the program's start, for settings of one network that differ in one axis of the
// engine: how the graph is made, how kernels are loaded, what runs it (figures 19 to 23 of the RPE
// report, "Evaluating the energy impact of device and workload parameters for DNN inference on
// edge", Dutt).
//
// [{"point": POINT, "run", "time_s": [..], "energy_j": [..], "inferences": [..]}]: as many of each,
// at the begin, at the end of every phase up to the last batch, and at batch ends, of which some
// are left out so that at most 300 are told. Time is in whole microseconds from the begin of the
// first phase that is not idle, energy in whole microjoules of the module's total, by straight
// lines between readings (trace/segment.h). A curve ends before the first stretch that has no
// readings.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "data/run.h"
#include "data/study_file.h"
#include "data/trace.h"
#include "report/summary.h"

namespace isojoule {

inline constexpr std::size_t kMostCumulativeMarks = 300;   // of a curve
inline constexpr std::size_t kMostCumulativeCurves = 100;  // of a report

// The points that belong into one picture with another: the same network and setting but for one
// engine axis (the batch is none here). In the order of the summary, at most kMostCumulativeCurves.
std::vector<std::size_t> cumulative_points(const StudySummary& summary);

// Null where the run has no total or no batch or phase that the readings reach.
nlohmann::json cumulative_curve(const Run& run, const Trace& trace);

// Errors: those of reading.
Result<nlohmann::json> cumulative_json(const StudySummary& summary, StudyFile& study,
                                       const std::vector<Run>& runs);

}  // namespace isojoule

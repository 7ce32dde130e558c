// Studies of several boards beside each other: what each network costs at its best setting.
//
// [{"study", "board", "simulated", "network", "job", "batch", "setting",
//   "energy_per_inference_j": ESTIMATE | null, "latency_per_inference_s": ESTIMATE | null,
//   "baseline": the leading one | null, "baseline_energy_per_inference_j", "saving_percent",
//   "saving_uncertainty_percent", "why_absent"}]
//
// A row for every minimum; for a network and job without one (no map of clocks was measured) a row
// for its setting of least energy an inference, which is held against nothing.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "report/report_options.h"
#include "report/summary.h"

namespace isojoule {

// The study's own rows, then those of the others, in their order. Studies of the same name are told
// apart by their files.
nlohmann::json board_rows(const StudySummary& summary, const ReportOptions& options);

}  // namespace isojoule

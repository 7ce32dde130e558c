// A search as its study remembers it, for the report's page.
//
// {"minimise", "unit": of cost, "limits": [".."], "optimiser",
//  "probes": [{"run", "setting", "cost", "energy_j", "latency_s": of one inference,
//              "batch_latency_s", "least": the least cost so far within the limits,
//              "within_limits", "why": the optimiser's words, "failure"}],   in their order
//  "governors": [{"name", "cost"}],
//  "best": {"setting", "cost", "cost_low" | null, "cost_high" | null: 95 %, "within_limits",
//  "runs",
//           "latency_s": of one inference, "run"} | null,
//  "saving": {"against": the governors, "percent", "percent_low" | null, "percent_high" | null:
//             95 %, "latency_s": of one inference under them} | null}
//
// null where nothing was measured. A cost is what the study was asked to minimise; a probe that
// failed has none and says why in `failure`.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "data/study_file.h"

namespace isojoule {

// Whether a study is one of a search.
bool is_search_study(const StudyInfo& info);

// Errors: those of the study, of its goal; damaged (a run does not say what it was in the search).
Result<nlohmann::json> search_json(StudyFile& study, const std::string& path);

}  // namespace isojoule

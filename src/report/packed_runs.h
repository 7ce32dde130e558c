// The runs of a study as columns instead of objects: the page holds tens of thousands of them, and
// keys that are said again for each would be two thirds of it. The numbers are the same to the last
// digit.
//
// {"rows": n, "columns": {"id": COLUMN, ...}, "phases": {"load_s": COLUMN, ...},
//  "counters": {"sample_gap": COLUMN, ...}}
// COLUMN: [..] with a value for each run; or {"texts": [..], "index": [..]}, where index points
// into the texts; or one value that all runs have. In `phases` and `counters` null means that the
// run's object lacks the key.
#pragma once

#include <nlohmann/json.hpp>

namespace isojoule {

// `runs`: the array of objects of report/summary_json.h.
nlohmann::json packed_runs(const nlohmann::json& runs);

}  // namespace isojoule

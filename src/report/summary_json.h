// A study's answers as JSON: the one schema of `show --json`, of the json report and of the page.
// Keys carry their unit; a value that is absent is null and `why_absent` beside it says why.
//
// {"schema": 1, "generator": "isojoule X", "simulated": bool,
//  "study": {"name", "board", "release", "engine", "program_version", "command", "created",
//            "planned_runs", "total", "rails": [{"name", "parent", "what"}], "protocol": {...} |
//            null, "plan_toml"},
//  "points": [{"network", "baseline": null | "default",
//              "setting": {"cpu_frequency_hz": .., "batch": .., "cpu_governor": ".."},
//              "energy_j": ESTIMATE | null, "why_absent": "", "net_energy_j": ESTIMATE | null,
//              "power_w": ESTIMATE | null, "latency_s": ESTIMATE | null, "inferences",
//              "residency_percent": {"cpu_frequency_hz": [[value, percent], ..]},
//              "counters": {"name": n}, "runs", "failed", "throttled"}],
//  "minima": [{"network", "batch", "best": POINT, "grid_points", "within_one_percent",
//              "comparisons": [{"baseline", "point": POINT, "saving_percent",
//                               "saving_uncertainty_percent", "latency_change_percent"}]}],
//  "runs": [{"id", "sequence", "block", "repeat", "point": POINT | null, "state", "failure",
//            "energy_j", "energy_u_j", "latency_s", "phases": {"load_s": ..}, "counters": {}}],
//  "counters": [{"name", "severity", "meaning", "remedy", "count"}],   raised ones only
//  "totals": {"runs", "failed", "throttled"}}
//
// ESTIMATE: {"value", "uncertainty", "spread_percent", "count"}, the uncertainty is standard (k =
// 1). POINT: an index into "points". energy_j and energy_u_j of a run are null where absent.
#pragma once

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/summary.h"

namespace isojoule {

inline constexpr int kSummarySchema = 1;

// Errors: those of reading the study file's runs.
Result<nlohmann::json> to_json(const StudySummary& summary, StudyFile& study);

// A setting as an object, keys with units.
nlohmann::json to_json(const Setting& setting);

}  // namespace isojoule

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
//              "counters": {"name": n}, "runs", "failed", "throttled", "repeats": REPEATS | null,
//              "too_short": {"duration_s", "resolution_s", "inferences_needed"}}],   where it is
//  "minima": [{"network", "batch", "best": POINT, "grid_points", "within_one_percent",
//              "comparisons": [{"baseline", "point": POINT, "saving_percent",
//                               "saving_uncertainty_percent", "latency_change_percent"}]}],
//  "runs": [{"id", "sequence", "block", "repeat", "point": POINT | null, "state", "failure",
//            "energy_j", "energy_u_j", "latency_s", "phases": {"load_s": ..}, "counters": {}}],
//            in the json report also "windows" and "each_window" where a program named some
//            (report/window_json.h)
//  "drift": {"why_absent", "shown", "p", "level", "runs", "settings", "blocks",
//            "kind": "trend" | "jump", "trend": {"percent_over_study", "percent_low",
//            "percent_high", "percent_per_hour" | null, "hours" | null, "p"},
//            "jump": {"percent", "sequence", "block", "p"}},       null where there is no test
//  "counters": [{"name", "severity", "meaning", "remedy", "count"}],   raised ones only
//  "totals": {"runs", "failed", "throttled"}}
//
// REPEATS, of energy_j: {"count", "mean_j", "median_j", "deviation_j", "spread_percent",
// "farthest_percent", "random_u_j", "systematic_u_j", "mean_interval_j": INTERVAL,
// "median_interval_j": INTERVAL, "criterion_percent", "within_criterion", "wanted_percent",
// "further_repeats" | null, "systematic_above_wanted", "outliers": [{"run", "sequence", "block",
// "energy_j", "deviation_percent", "score", "causes": [".."]}], "outliers_note"}. INTERVAL: {"low"
// | null, "high" | null, "level", "method", "note"}. trace/repeats.h and docs/statistics.md.
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

// A study's answers as JSON: the one schema of `show --json`, of the json report and of the page
// (web/schema/study.schema.json has it for programs, docs/report-data.md in words). Keys carry
// their unit; a value that is absent, or was no finite number, is null and `why_absent` beside it
// says why.
//
// {"schema": 2, "generator": "isojoule X", "simulated": bool,
//  "study": {"name", "board", "release", "engine", "program_version", "command", "created",
//            "planned_runs", "total", "rails": [{"name", "parent", "what"}], "protocol": {...} |
//            null, "plan_toml"},
//  "points": [{"network", "baseline": null | "default",
//              "setting": {"cpu_frequency_hz": .., "batch": .., "cpu_governor": ".."},
//              "energy_j": ESTIMATE | null, "why_absent": "", "net_energy_j": ESTIMATE | null,
//              "power_w": ESTIMATE | null, "latency_s": ESTIMATE | null, "inferences",
//              "residency_percent": {"cpu_frequency_hz": [[value, percent], ..]},
//              "watched": {"memory_activity": {"mean", "least", "most", "values"}},   where it is
//              "counters": {"name": n}, "runs", "failed", "throttled", "repeats": REPEATS | null,
//              "too_short": {"duration_s", "resolution_s", "inferences_needed"}}],   where it is
//  "minima": [{"network", "batch", "best": POINT, "grid_points", "within_one_percent",
//              "comparisons": [{"baseline", "point": POINT, "saving_percent",
//                               "saving_uncertainty_percent", "latency_change_percent"}]}],
//  "runs": [{"id", "sequence", "block", "repeat", "point": POINT | null, "state", "failure",
//            "energy_j", "energy_u_j", "latency_s", "phases": {"load_s": ..}, "counters": {}}],
//            in the page as columns: report/packed_runs.h;
//            in the json report also "windows" and "each_window" where a program named some
//            (report/window_json.h)
//  "drift": {"why_absent", "shown", "p", "level", "runs", "settings", "blocks",
//            "kind": "trend" | "jump", "trend": {"percent_over_study", "percent_low",
//            "percent_high", "percent_per_hour" | null, "hours" | null, "p"},
//            "jump": {"percent", "sequence", "block", "p"}},       null where there is no test
//  "counters": [{"name", "severity", "meaning", "remedy", "count"}],   raised ones only
//  "totals": {"runs", "failed", "throttled"},
//  "profiles": [{"network", "setting", "profiler_slowdown", "why_absent", "layers": [{"layer",
//                "operation", "device", "time_s", "share", "energy_j", "energy_u_j"}]}],
//  "calibrations": {"calibration RAIL": [".."]},                       where some were used
//  "budgets": [{"point": POINT, "energy_j", "combined_u_j", "causes": [{"cause", "type", "u_j",
//               "percent_of_variance", ..}], "why_absent", ..}]: report/budget_json.h, of the best
//               settings and their governors (report/leading_points.h),
//  "board_effects": [..]   report/board_effects_json.h, where several boards made the study,
// and what only some reports have (report/report_options.h):
//  "timelines": [..],    report/timeline_json.h
//  "cumulative": [..],   report/cumulative_json.h, where points differ in one engine axis
//  "boards": [..],       report/board_rows.h, where other studies were named beside this one
//  "search": {"minimise", "unit", "limits": [".."], "optimiser",
//             "probes": [{"run", "setting", "cost", "energy_j", "latency_s", "least",
//                         "within_limits", "why", "failure"}],
//             "governors": [{"name", "cost"}], "best": {"setting", "cost", "run"} | null}}
//                        of a study that `isojoule tune` made: app/tune/search_json.h
//
// What changed from schema 1: the page's `runs` are columns; residency is told of clocks and of
// what took few values, anything else is in `watched` (report/residency_json.h); `budgets`,
// `timelines`, `cumulative`, `boards`, `search` are new.
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

#include <optional>

#include "base/error.h"
#include "report/report_options.h"
#include "report/summary.h"

namespace isojoule {

inline constexpr int kSummarySchema = 2;

// Errors: those of reading the study file's runs; not_found (a run whose timeline is asked for).
Result<nlohmann::json> to_json(const StudySummary& summary, StudyFile& study,
                               const ReportOptions& options = {});

// ESTIMATE or null; null, too, where it is no finite number.
nlohmann::json estimate_json(const std::optional<Estimate>& estimate);

// A setting as an object, keys with units.
nlohmann::json to_json(const Setting& setting);

}  // namespace isojoule
